"""Tests that decide on pairs of rounds, for benchmarks/error_rates.py: the product's own, and those that people use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy
from noise_models import Array
from numpy.typing import NDArray

from pytest_multicore.rounds.tolerances import ALL_ROWS_ERROR_SHARE, MIN_SPAN_SHARE
from pytest_multicore.verdicts import statistics

Flags = NDArray[numpy.bool_]
Counts = NDArray[numpy.int64]
NEVER = 10**9


@dataclass(frozen=True)
class Decided:
    """What a test says of each run: 1 passed, -1 failed, 0 undecided; and after how many pairs."""

    says: Counts
    pairs: Counts


def decided(passes: Flags, fails: Flags) -> Decided:
    """Of looks after each pair: the first that passes or fails."""
    ends = passes | fails
    first = numpy.where(ends.any(1), ends.argmax(1), ends.shape[1] - 1)
    runs = numpy.arange(len(first))
    return Decided(passes[runs, first].astype(int) - fails[runs, first], first + 1)


@cache
def fewest(pairs: int, confidence: float) -> Counts:
    """How many of 1, 2, 3 ... pairs must agree: the product's own table."""
    found = (statistics.fewest_agreeing(count, confidence) for count in range(1, pairs + 1))
    return numpy.array([NEVER if needed is None else needed for needed in found])


@dataclass(frozen=True)
class Confidences:
    """Of the two ends of an interval, of those that are right together at the asked one (verdicts/row_sets.py).

    Attributes:
        low, high: of all rows.
        undisturbed: of either end, by the undisturbed rows.
    """

    low: float
    high: float
    undisturbed: float

    @classmethod
    def of_cores(cls, confidence: float) -> Confidences:
        """Of busy cores."""
        error = 1 - confidence
        by_all = 1 - ALL_ROWS_ERROR_SHARE * error
        return cls(by_all, by_all, 1 - (1 - ALL_ROWS_ERROR_SHARE) * error)

    @classmethod
    def of_a_speedup(cls, confidence: float) -> Confidences:
        """Of a speed-up, which is bounded pair by pair."""
        return cls.of_cores(confidence)

    @classmethod
    def whole(cls, confidence: float) -> Confidences:
        """Of an efficiency, which is drawn from all rows alone."""
        return cls(confidence, confidence, confidence)


def ours(
    reaches: Flags,
    confidences: Confidences,
    misses: Flags | None = None,
    undisturbed: Flags | None = None,
    fails_from: int = 1,
) -> Decided:
    """The product's verdict on a ``min_`` limit.

    Args:
        reaches: (runs, pairs), whether the value that can pass it does.
        confidences: of the interval's ends.
        misses: whether the value that can fail it does; not given: where it does not reach the limit.
        undisturbed: which pairs are looked at once more by themselves; not given: they say nothing more.
        fails_from: the first pair at which a miss is believed; the last one always is.
    """
    lost = ~reaches if misses is None else misses
    passes, fails = agreed(reaches, confidences.low), agreed(lost, confidences.high)
    if undisturbed is not None:
        by_these = agreed(reaches, confidences.undisturbed, undisturbed)
        against = agreed(lost, confidences.undisturbed, undisturbed) & _of_the_whole(undisturbed)
        passes, fails = passes | (by_these & ~fails), fails | (against & ~passes)
    looks = numpy.arange(1, reaches.shape[1] + 1)
    return decided(passes, fails & ((looks >= fails_from) | (looks == looks[-1])))


def agreed(flags: Flags, confidence: float, among: Flags | None = None) -> Flags:
    """After each pair, whether so many of them agree that the median does; ``among`` these, where they are given."""
    counted = numpy.ones_like(flags) if among is None else among
    needed = numpy.append(NEVER, fewest(flags.shape[1], confidence))[counted.cumsum(1, dtype=numpy.int32)]
    agree: Flags = (flags & counted).cumsum(1, dtype=numpy.int32) >= needed
    return agree


def _of_the_whole(some: Flags) -> Flags:
    """After each pair, whether some of the pairs so far come from half of the time at least."""
    at = numpy.arange(some.shape[1])
    first = numpy.where(some.any(1), some.argmax(1), some.shape[1])[:, None]
    last = numpy.maximum.accumulate(numpy.where(some, at, -1), axis=1)
    whole: Flags = last - first >= MIN_SPAN_SHARE * at
    return whole


@dataclass(frozen=True)
class Rivals:
    """Other tests on the same log ratios, each direction at the same confidence."""

    log_ratios: Array
    mean: Array
    error: Array
    confidence: float

    @classmethod
    def on(cls, log_ratios: Array, confidence: float) -> Rivals:
        """Means of the first 1, 2, 3 ... pairs and their standard errors."""
        count = numpy.arange(1, log_ratios.shape[1] + 1)
        mean = log_ratios.cumsum(1) / count
        squares = (log_ratios**2).cumsum(1) - count * mean**2
        return cls(log_ratios, mean, numpy.sqrt(squares.clip(1e-300) / count / (count - 1).clip(1)), confidence)

    def fixed_t(self, shift: float, size: int) -> Decided:
        """Student's t-test after ``size`` pairs."""
        t = (self.mean[:, size - 1 : size] + shift) / self.error[:, size - 1 : size]
        bound = t_quantile(size - 1, self.confidence)
        return decided(t >= bound, t <= -bound)

    def peeking_t(self, shift: float) -> Decided:
        """The same test after the third pair and each one that follows, until it says something."""
        t = (self.mean[:, 2:] + shift) / self.error[:, 2:]
        bounds = numpy.array([t_quantile(2 + look, self.confidence) for look in range(t.shape[1])])
        found = decided(t >= bounds, t <= -bounds)
        return Decided(found.says, found.pairs + 2)

    def fixed_sign(self, shift: float, size: int) -> Decided:
        """The sign test after ``size`` pairs."""
        won = (self.log_ratios[:, :size] >= -shift).sum(1, keepdims=True)
        needed = sign_quantile(size, self.confidence)
        return decided(won >= needed, size - won >= needed)


@cache
def t_quantile(freedom: int, confidence: float) -> float:
    """Of Student's t: the angle atan(t / sqrt(freedom)) has the density cos^(freedom - 1)."""
    angles = numpy.linspace(-math.pi / 2, math.pi / 2, 20_001)
    grown = (numpy.cos(angles).clip(0) ** (freedom - 1)).cumsum()
    return math.sqrt(freedom) * math.tan(float(numpy.interp(confidence, grown / grown[-1], angles)))


@cache
def sign_quantile(size: int, confidence: float) -> int:
    """How many of ``size`` signs must agree; more than ``size`` where no number is enough."""
    tail, needed = 0.0, size + 1
    while (tail := tail + math.comb(size, needed - 1) / 2**size) <= 1 - confidence:
        needed -= 1
    return needed
