"""Figures in words, from records: the same in every report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.verdicts.words import duration_in_words

#: Digits after the point, and the most that a number is printed with to tell it from a limit.
DIGITS, MOST_DIGITS = 2, 6


def figure(interval: Mapping[str, Any] | None, unit: str = "", *, apart_from: float | None = None) -> str:
    """``1.85x [1.80, 1.91]``; ``-`` for what was not measured, ``?`` for a bound that the data do not give.

    Args:
        interval: as in the JSON report.
        unit: after the estimate.
        apart_from: a limit that the bounds lie beyond: they are printed with as many digits as show it.
    """
    if interval is None:
        return "-"
    bounds = [interval["low"], interval["high"]]
    digits = max((_digits(bound, apart_from) for bound in bounds if bound is not None), default=DIGITS)
    low, high = ("?" if bound is None else f"{bound:.{digits}f}" for bound in bounds)
    return f"{interval['estimate']:.{digits}f}{unit} [{low}, {high}]"


def _digits(bound: float, limit: float | None) -> int:
    """So many digits that a bound does not look like a limit that it is not."""
    if limit is None or bound == limit:
        return DIGITS
    enough = (count for count in range(DIGITS, MOST_DIGITS) if round(bound, count) != round(limit, count))
    return next(enough, MOST_DIGITS)


def estimate(interval: Mapping[str, Any] | float | None, unit: str = "") -> str:
    """``1.85``, or ``-``."""
    if interval is None:
        return "-"
    return f"{interval if isinstance(interval, int | float) else interval['estimate']:.2f}{unit}"


def threads(record: Mapping[str, Any]) -> str:
    """``2 vs 1``, ``2``, ``inherit vs 1``."""
    contender = "inherit" if record["threads"] is None else str(record["threads"])
    return contender if record["speedup"] is None else f"{contender} vs {record['baseline']}"


def seconds(interval: Mapping[str, Any] | None) -> str:
    """A duration, in a unit that fits it."""
    if interval is None:
        return "-"
    return duration_in_words(interval["estimate"])
