"""Figures in words, from records: the same in every report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.verdicts.durations import in_words


def figure(interval: Mapping[str, Any] | None, unit: str = "") -> str:
    """``1.85x [1.80, 1.91]``; ``-`` for what was not measured, ``?`` for a bound that the data do not give."""
    if interval is None:
        return "-"
    low, high = (_number(interval[bound]) for bound in ("low", "high"))
    return f"{interval['estimate']:.2f}{unit} [{low}, {high}]"


def estimate(interval: Mapping[str, Any] | float | None) -> str:
    """``1.85``, or ``-``."""
    if interval is None:
        return "-"
    return f"{interval if isinstance(interval, int | float) else interval['estimate']:.2f}"


def threads(record: Mapping[str, Any]) -> str:
    """``2 vs 1``, ``2``, ``inherit vs 1``."""
    contender = "inherit" if record["threads"] is None else str(record["threads"])
    return contender if record["speedup"] is None else f"{contender} vs {record['baseline']}"


def seconds(interval: Mapping[str, Any] | None) -> str:
    """A duration, in a unit that fits it."""
    if interval is None:
        return "-"
    return in_words(interval["estimate"])


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}"
