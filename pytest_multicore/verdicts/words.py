"""Durations, thread counts, cores and intervals in words: the same in every message."""

from __future__ import annotations

import math

from pytest_multicore.rounds.tolerances import MAX_DIGITS, MAX_PERCENT_DIGITS

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


def percent_in_words(interval: Interval, limit: float | None = None) -> str:
    """A share as ``45 [44, 46] %``, in two significant digits of its estimate.

    Args:
        interval: of the share; 0.45 is 45 %.
        limit: the bounds get as many digits as it takes to show on which side of this share they lie.
    """
    low, estimate, high = (100 * share for share in (interval.low, interval.estimate, interval.high))
    beside = None if limit is None else 100 * limit
    fewest = _percent_digits(interval.estimate, interval.high, interval.low)
    digits = max(digits_beside(bound, beside, fewest) for bound in (low, high))
    bounds = ", ".join(f"{bound:.{digits}f}" if math.isfinite(bound) else "?" for bound in (low, high))
    return f"{estimate:.{digits}f} [{bounds}] %"


def share_in_words(share: float) -> str:
    """``45 %``: a share in percent, in two significant digits."""
    return f"{100 * share:.{_percent_digits(share)}f} %"


def digits_beside(bound: float, limit: float | None, fewest: int) -> int:
    """As many digits after the decimal point as it takes for a bound to differ from a limit that it does not equal."""
    if limit is None or bound == limit or not math.isfinite(bound):
        return fewest
    enough = (count for count in range(fewest, MAX_DIGITS) if round(bound, count) != round(limit, count))
    return next(enough, MAX_DIGITS)


def _percent_digits(*shares: float) -> int:
    """Two significant digits of a share in percent, as digits after the decimal point: of the first that is not 0."""
    sizes = (abs(100 * share) for share in shares if math.isfinite(share))
    size = next((size for size in sizes if round(size, MAX_PERCENT_DIGITS)), 0.0)
    return min(MAX_PERCENT_DIGITS, max(0, 1 - math.floor(math.log10(size)))) if size else 0


def _bound(number: float) -> str:
    return f"{number:.3g}" if math.isfinite(number) else "?"
