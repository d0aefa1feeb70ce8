"""Durations, thread counts, cores and intervals in words: the same in every message."""

from __future__ import annotations

import math

from .statistics import Interval


def duration_in_words(seconds: float) -> str:
    """In a unit that fits: ``1.2 s``, ``3.4 ms``, ``100 ns``."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def threads_in_words(threads: int | None) -> str:
    """``1 thread``, ``8 threads``, or ``inherited threads``."""
    if threads is None:
        return "inherited threads"
    return f"{threads} thread{'' if threads == 1 else 's'}"


def side_in_words(count: int | None, vary: str) -> str:
    """What a side is given: ``8 threads``, or ``8 cores`` where the sides differ in cores."""
    return cores_in_words(count) if vary == "cores" and count is not None else threads_in_words(count)


def cores_in_words(count: int) -> str:
    """``1 core``, ``8 cores``."""
    return f"{count} core{'' if count == 1 else 's'}"


def interval_in_words(interval: Interval, unit: str = "") -> str:
    """``1.31x [1.28, 1.35]``; ``?`` for a bound that the data do not give."""
    return f"{interval.estimate:.3g}{unit} [{_bound(interval.low)}, {_bound(interval.high)}]"


def _bound(number: float) -> str:
    return f"{number:.3g}" if math.isfinite(number) else "?"
