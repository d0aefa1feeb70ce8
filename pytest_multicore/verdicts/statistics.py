"""Where the median of a series lies, at a stated confidence, however often one looks.

The series is taken one value at a time, and measuring should stop as soon as it decides. A usual interval does not
allow that: looked at after each value it is wrong far more often than it says. This one inverts a test by betting.

To test "the median is at most m", bet on each value lying above m: a stake of a share L of the capital multiplies it
by 1 + L when the value does and by 1 - L when it does not. If the claim holds, a value lies above m at most half of
the time whatever came before, so the capital is a non-negative supermartingale that starts at 1 and, by Ville's
inequality, ever reaches 1/a with probability at most a. Capital at 1/a refutes the claim. Several stakes are played
side by side and their capitals added up, since the share of values above m is unknown. Only the sign of a value's
distance from m enters: spikes and heavy tails do no harm. docs/explanation/verdicts.md tells what is assumed, and what
simulations (benchmarks/error_rates.py) say of autocorrelated series.

Sources: Ville, Etude critique de la notion de collectif, 1939; Shafer, Testing by betting, J. R. Stat. Soc. A 184
(2021); Howard and Ramdas, Sequential estimation of quantiles, Bernoulli 28 (2022); Waudby-Smith and Ramdas, Estimating
means of bounded random variables by betting, J. R. Stat. Soc. B 86 (2024).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pytest_multicore.rounds.tolerances import STAKES


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the median of a figure lies. A bound that the data do not give yet is infinite.

    The bounds invert a test by betting (Ville, 1939; Howard and Ramdas, 2022): each is wrong with a probability of at
    most 1 - ``confidence``, however often the rows are looked at. docs/explanation/verdicts.md derives them.

    Attributes:
        low, high: the bounds, in the figure's own unit.
        estimate: the median itself.
        confidence: of each bound, 0.5 to below 1.
    """

    low: float
    estimate: float
    high: float
    confidence: float

    @property
    def bounded(self) -> bool:
        """Whether the data give both bounds."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def scaled(self, factor: float) -> Interval:
        """The interval of ``factor`` times the figure; ``factor`` is positive."""
        return Interval(self.low * factor, self.estimate * factor, self.high * factor, self.confidence)

    def meets(self, other: Interval) -> bool:
        """Whether both can hold."""
        return max(self.low, other.low) <= min(self.high, other.high)

    def intersection(self, other: Interval) -> Interval:
        """The narrower bound on each side, for both hold. Where they contradict each other, this interval."""
        if not self.meets(other):
            return self
        low, high = max(self.low, other.low), min(self.high, other.high)
        estimate = other.estimate if other.bounded else self.estimate
        return Interval(low, min(max(estimate, low), high), high, self.confidence)


def median_interval(values: Sequence[float], confidence: float) -> Interval | None:
    """Where the median of the series lies; None for an empty series.

    Args:
        values: finite numbers, one for each round or pair, in the order in which they were taken.
        confidence: of each side, 0.5 to below 1. Looked at after each value, a bound is ever wrong with a probability
            of at most 1 - confidence.
    """
    if not values:
        return None
    ordered = sorted(values)
    agreeing = fewest_agreeing(len(ordered), confidence)
    low, high = -math.inf, math.inf
    if agreeing is not None:
        # Every m under this value has at least `agreeing` values above it and is refuted; likewise from above.
        low, high = ordered[len(ordered) - agreeing], ordered[agreeing - 1]
    return Interval(low, statistics.median(ordered), high, confidence)


def interval_of(values: Sequence[float], confidence: float) -> Interval:
    """Where the median of the series lies.

    Raises:
        ValueError: the series is empty.
    """
    interval = median_interval(values, confidence)
    if interval is None:
        raise ValueError("no values: expected one at least")
    return interval


def intersection(intervals: Iterable[Interval]) -> Interval:
    """What all of the intervals leave, in their order; one interval at least."""
    first, *others = intervals
    for other in others:
        first = first.intersection(other)
    return first


@lru_cache(maxsize=4096)
def fewest_agreeing(count: int, confidence: float) -> int | None:
    """How many of ``count`` values beyond m refute that the median lies on m's other side; None: no number does."""
    needed = 1 / (1 - confidence)
    for agreeing in range(count // 2 + 1, count + 1):
        if capital(agreeing, count - agreeing) >= needed:
            return agreeing
    return None


@lru_cache(maxsize=64)
def fewest_values(confidence: float) -> int:
    """The shortest series that can decide at all."""
    count = 1
    while fewest_agreeing(count, confidence) is None:
        count += 1
    return count


def capital(won: int, lost: int) -> float:
    """What a capital of 1 has become after so many bets won and lost."""
    # By way of logarithms: in a series of thousands each power alone would leave the range of numbers.
    grown = ((share, won * math.log1p(stake) + lost * math.log1p(-stake)) for share, stake in STAKES)
    return sum(share * math.exp(exponent) for share, exponent in grown)
