"""The law that a series of speed-ups follows: how much of the work is serial, and what that allows at more threads.

Amdahl's law: with a serial fraction sigma, n threads take sigma + (1 - sigma) / n of one thread's time. It is fitted
to each count by itself: a speed-up gives one sigma, and a larger speed-up a smaller one, so the speed-up's interval
gives sigma's. Each count gets an equal share of the error (Bonferroni), and what all of them leave is sigma's interval.
Where they leave nothing, no serial fraction describes the data, and the law says so. Where it grows with the threads
and there are enough counts, Gunther's Universal Scalability Law is tried in its place (usl.py). A few counts hardly
tell the two laws apart, and at larger counts they part. So predictions allow for both.

Threads beyond the cores that the machine grants stay out of the fit. docs/explanation/scaling.md derives all of this
and says what the figures mean.

Sources: Amdahl, Validity of the single processor approach to achieving large scale computing capabilities, AFIPS
Spring Joint Computer Conference, 1967; Karp and Flatt, Measuring parallel processor performance, Commun. ACM 33, 1990;
Gunther, Guerrilla Capacity Planning, 2007.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

from pytest_multicore.rounds.tolerances import MAX_EXTRAPOLATION_RATIO, MIN_AMDAHL_COUNTS, MIN_USL_COUNTS

from . import usl
from .statistics import Interval


class Model(Enum):
    """Which law describes the data."""

    AMDAHL = "amdahl"
    USL = "usl"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a law says of a thread count beyond those that were measured.

    Attributes:
        threads: at most twice the largest count that was fitted.
        speedup: against the first count, by the law. The low end allows for threads that hinder each other as much as
            the data leave open, also where they refuse nothing and the law is Amdahl's: the interval is as wide as what
            is not known.
        extrapolated: there are more threads than the machine grants cores: it is about a larger machine like this one.
    """

    threads: int
    speedup: Interval
    extrapolated: bool


@dataclass(frozen=True, slots=True)
class Law:
    """The law that a scaling series follows.

    Each bound of a serial fraction by Amdahl's law holds at the stated confidence. The other bounds come from several
    intervals at once and hold all together, at 0.98 where 0.99 is stated. They hold where the law does.

    Attributes:
        model: Amdahl's, the Universal Scalability Law where the data refuse Amdahl's, or none where they refuse both.
        threads: the counts that it was fitted to, the first of them the one that speed-ups are against.
        left_out: counts that were measured and are more than the machine grants cores.
        serial_fraction: sigma, 0 to 1; None where no law describes the data.
        coherence: kappa, what each pair of threads costs; None but for the Universal Scalability Law.
        peak_threads: beyond so many, more threads are slower; None where the data do not reach so far.
        tested: whether there were more counts than parameters, so that the data could have refused the law.
        superlinear: counts whose speed-up is beyond what so many cores can give; taken for just that.
        fractions: the serial fraction that each count shows by itself, at a confidence that leaves that of the whole.
        predictions: speed-ups at larger counts.
        reason: why Amdahl's law was refused, in words; empty where it was not.
    """

    model: Model
    threads: tuple[int, ...]
    left_out: tuple[int, ...]
    serial_fraction: Interval | None
    coherence: Interval | None
    peak_threads: Interval | None
    tested: bool
    superlinear: tuple[int, ...]
    fractions: Mapping[int, Interval]
    predictions: tuple[Prediction, ...]
    reason: str


def bonferroni_confidence(confidence: float, counts: int) -> float:
    """The confidence of each of so many intervals, for a bound of what they share to hold at ``confidence``."""
    return confidence if counts < 2 else 1 - (1 - confidence) / counts


def serial_fraction(speedup: float, threads: float, first: int = 1) -> float:
    """Amdahl's law solved for sigma: below 0 for a superlinear speed-up, above 1 where more threads are slower.

    Args:
        speedup: of ``threads`` threads over ``first``; the larger it is, the smaller the fraction.
        threads: more than ``first``.
        first: the count that the speed-up is against.
    """
    if speedup <= 0:
        return math.inf
    divisor = first * (threads - 1) - threads * (first - 1) / speedup
    return (threads / speedup - first) / divisor if divisor > 0 else math.inf


def fit(
    threads: Sequence[int],
    speedup: Callable[[int, float], Interval],
    confidence: float,
    cores_granted: float = math.inf,
) -> Law | None:
    """The law of a series; None where fewer than two counts are within the machine's cores, or no speed-up is bounded.

    Args:
        threads: the counts, counting up.
        speedup: gives the interval of a count's speed-up over the first, from its place among ``threads`` and the
            confidence of each side.
        confidence: of each bound.
        cores_granted: what the machine grants.
    """
    fitted = tuple(count for count in threads if count <= cores_granted)
    each = bonferroni_confidence(confidence, len(fitted) - 1)
    speedups = {count: speedup(side, each) for side, count in enumerate(fitted) if side}
    if not any(math.isfinite(bound) for interval in speedups.values() for bound in (interval.low, interval.high)):
        return None
    first, left_out = fitted[0], tuple(count for count in threads if count > cores_granted)
    fractions = {count: _fraction(interval, count, first) for count, interval in speedups.items()}
    superlinear = tuple(count for count, interval in speedups.items() if interval.low > count / first)
    speedups = {count: replace(interval, low=min(interval.low, count / first)) for count, interval in speedups.items()}
    candidate = _candidate(first, speedups, fractions, confidence)
    is_usl, describes = candidate.model is Model.USL, candidate.model is not Model.NONE
    return Law(
        model=candidate.model,
        threads=fitted,
        left_out=left_out,
        serial_fraction=candidate.span(lambda at: at[0]) if describes else None,
        coherence=candidate.span(lambda at: at[1]) if is_usl else None,
        peak_threads=_within_reach(candidate.span(usl.peak), fitted[-1]) if is_usl else None,
        tested=len(speedups) >= (MIN_USL_COUNTS if is_usl else MIN_AMDAHL_COUNTS),
        superlinear=superlinear,
        fractions=fractions,
        predictions=tuple(
            Prediction(count, candidate.at(count, first), count > cores_granted)
            for count in _prediction_counts(fitted[-1], left_out, cores_granted)
            if describes
        ),
        reason=candidate.reason,
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A law with all of its parameters that fit the data.

    Attributes:
        model: the law.
        corners: of its possible parameters.
        region: corners of all contention and coherence that the data leave open, whatever the law.
        best: the parameters that come nearest.
        reason: why Amdahl's law was refused.
        confidence: of each bound.
    """

    model: Model
    corners: Sequence[usl.Point]
    region: Sequence[usl.Point]
    best: usl.Point
    reason: str
    confidence: float

    def span(self, of: Callable[[usl.Point], float], over: Sequence[usl.Point] = ()) -> Interval:
        """A figure over the law's possible parameters, or over others."""
        values = [of(at) for at in (*(over or self.corners), self.best)]
        return Interval(min(values), of(self.best), max(values), self.confidence)

    def at(self, threads: int, first: int) -> Interval:
        """The speed-up of so many threads."""
        speedup = self.span(partial(usl.speedup, threads=threads, first=first), self.region)
        return speedup if usl.bounded(self.region) else replace(speedup, low=-math.inf)


def _fraction(speedup: Interval, threads: int, first: int) -> Interval:
    """The serial fraction's interval; a bound that the speed-up lacks, it lacks too."""
    low = serial_fraction(speedup.high, threads, first) if math.isfinite(speedup.high) else -math.inf
    high = serial_fraction(speedup.low, threads, first) if math.isfinite(speedup.low) else math.inf
    return Interval(low, serial_fraction(speedup.estimate, threads, first), high, speedup.confidence)


def _candidate(
    first: int, speedups: Mapping[int, Interval], fractions: Mapping[int, Interval], confidence: float
) -> _Candidate:
    """The law that describes the speed-ups, if one does."""
    region = usl.region(first, speedups)

    def candidate(model: Model, corners: Sequence[usl.Point], reason: str = "") -> _Candidate:
        best = usl.least_squares(corners, first, speedups) if corners else (0.0, 0.0)
        return _Candidate(model, corners, region, best, reason, confidence)

    low = max(0.0, *(fraction.low for fraction in fractions.values()))
    # Of a superlinear count both ends are below 0: taken for 0.
    high = max(0.0, min(1.0, *(fraction.high for fraction in fractions.values())))
    if low <= high:
        return candidate(Model.AMDAHL, [(low, 0.0), (high, 0.0)])
    reason = _why_refused(fractions)
    if region and len(speedups) >= MIN_USL_COUNTS and all(interval.bounded for interval in speedups.values()):
        return candidate(Model.USL, region, reason)
    return candidate(Model.NONE, [], reason)


def _why_refused(fractions: Mapping[int, Interval]) -> str:
    """In which way the counts' serial fractions contradict each other, or Amdahl's law as such."""
    slower = [count for count, fraction in fractions.items() if fraction.low > 1]
    if slower:
        return f"{slower[0]} threads are slower than fewer"
    most = max(fractions, key=lambda count: fractions[count].low)
    least = min(fractions, key=lambda count: fractions[count].high)
    way = "grows" if most > least else "shrinks"
    bounds = sorted([(most, f"at least {fractions[most].low:.2f}"), (least, f"at most {fractions[least].high:.2f}")])
    return f"the serial fraction {way} with the threads, " + ", ".join(f"{bound} at {count}" for count, bound in bounds)


def _prediction_counts(largest: int, left_out: Sequence[int], cores_granted: float) -> list[int]:
    """Counts worth a prediction: what the machine grants, what was left out, and as far as a law is believed."""
    furthest = MAX_EXTRAPOLATION_RATIO * largest
    granted = math.floor(min(cores_granted, furthest))
    return sorted(count for count in {granted, furthest, *left_out} if largest < count <= furthest)


def _within_reach(peak: Interval, largest: int) -> Interval | None:
    """The peak, if the data reach so far; a bound out of their reach is infinite."""
    furthest = MAX_EXTRAPOLATION_RATIO * largest
    if peak.estimate > furthest:
        return None
    return replace(peak, high=peak.high if peak.high <= furthest else math.inf)
