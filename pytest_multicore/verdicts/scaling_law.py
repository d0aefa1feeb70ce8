"""The law that a series of speed-ups follows: how much of the work is serial, and what that allows at more threads.

Amdahl's law: with a serial fraction sigma, n threads take sigma + (1 - sigma) / n of one thread's time. It is held
against each count by itself: a speed-up gives one sigma, and a larger speed-up a smaller one, so the speed-up's
interval gives sigma's. Each count gets an equal share of the error that is allowed (Bonferroni), and what all of them
leave is sigma's interval. Where they leave nothing, no serial fraction describes the data, and that is said; where it
grows with the threads and the counts are enough, Gunther's Universal Scalability Law is tried in its place (usl.py).
A few counts can hardly tell the two laws apart, and at larger counts they part: so predictions allow for both.

Threads beyond the cores that the machine grants are no cores, and stay out of the fit. docs/explanation/scaling.md
derives all of this and tells what the figures mean.

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

from . import usl
from .statistics import Interval

#: Of the largest count that was fitted: so far a law is believed, and no further.
FURTHEST = 2
#: Counts beyond the first with which the data can refuse a law: one more than it has parameters.
COUNTS_FOR_AMDAHL, COUNTS_FOR_USL = 2, 3


class Model(Enum):
    """Which law describes the data."""

    AMDAHL = "amdahl"
    USL = "usl"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a law says of a thread count beyond those measured.

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


def each_confidence(confidence: float, counts: int) -> float:
    """Of each of so many intervals, for a bound of what they have in common to hold at ``confidence`` (Bonferroni)."""
    return confidence if counts < 2 else 1 - (1 - confidence) / counts


def serial_fraction(speedup: float, threads: int, first: int = 1) -> float:
    """Amdahl's law solved for it; below 0 for a superlinear speed-up, above 1 where more threads are slower.

    Args:
        speedup: of ``threads`` threads over ``first``; the larger it is, the smaller the fraction.
        threads: more than ``first``.
        first: the count that the speed-up is against.
    """
    if speedup <= 0:
        return math.inf
    serially = first * (threads - 1) - threads * (first - 1) / speedup
    return (threads / speedup - first) / serially if serially > 0 else math.inf


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
    each = each_confidence(confidence, len(fitted) - 1)
    found = {count: speedup(side, each) for side, count in enumerate(fitted) if side}
    if not any(math.isfinite(bound) for one in found.values() for bound in (one.low, one.high)):
        return None
    first, left_out = fitted[0], tuple(count for count in threads if count > cores_granted)
    fractions = {count: _fraction(one, count, first) for count, one in found.items()}
    superlinear = tuple(count for count, one in found.items() if one.low > count / first)
    found = {count: replace(one, low=min(one.low, count / first)) for count, one in found.items()}
    possible = _described(first, found, fractions, confidence)
    hindered, described = possible.model is Model.USL, possible.model is not Model.NONE
    return Law(
        model=possible.model,
        threads=fitted,
        left_out=left_out,
        serial_fraction=possible.span(lambda at: at[0]) if described else None,
        coherence=possible.span(lambda at: at[1]) if hindered else None,
        peak_threads=_within_reach(possible.span(usl.peak), fitted[-1]) if hindered else None,
        tested=len(found) >= (COUNTS_FOR_USL if hindered else COUNTS_FOR_AMDAHL),
        superlinear=superlinear,
        fractions=fractions,
        predictions=tuple(
            Prediction(count, possible.at(count, first), count > cores_granted)
            for count in _ahead(fitted[-1], left_out, cores_granted)
            if described
        ),
        reason=possible.reason,
    )


@dataclass(frozen=True, slots=True)
class _Possible:
    """What goes with the data.

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
        """What the law's parameters, or others, come to."""
        values = [of(at) for at in (*(over or self.corners), self.best)]
        return Interval(min(values), of(self.best), max(values), self.confidence)

    def at(self, threads: int, first: int) -> Interval:
        """The speed-up of so many threads."""
        told = self.span(partial(usl.speedup, threads=threads, first=first), self.region)
        return told if usl.bounded(self.region) else replace(told, low=-math.inf)


def _fraction(speedup: Interval, threads: int, first: int) -> Interval:
    """The serial fraction's interval; a bound that the speed-up lacks, it lacks too."""
    low = serial_fraction(speedup.high, threads, first) if math.isfinite(speedup.high) else -math.inf
    high = serial_fraction(speedup.low, threads, first) if math.isfinite(speedup.low) else math.inf
    return Interval(low, serial_fraction(speedup.estimate, threads, first), high, speedup.confidence)


def _described(
    first: int, found: Mapping[int, Interval], fractions: Mapping[int, Interval], confidence: float
) -> _Possible:
    """The law that describes the speed-ups, if one does."""
    region = usl.region(first, found)

    def possible(model: Model, corners: Sequence[usl.Point], reason: str = "") -> _Possible:
        best = usl.least_squares(corners, first, found) if corners else (0.0, 0.0)
        return _Possible(model, corners, region, best, reason, confidence)

    low = max(0.0, *(one.low for one in fractions.values()))
    # Of a superlinear count both ends are below 0: taken for 0.
    high = max(0.0, min(1.0, *(one.high for one in fractions.values())))
    if low <= high:
        return possible(Model.AMDAHL, [(low, 0.0), (high, 0.0)])
    reason = _why_refused(fractions)
    if region and len(found) >= COUNTS_FOR_USL and all(one.bounded for one in found.values()):
        return possible(Model.USL, region, reason)
    return possible(Model.NONE, [], reason)


def _why_refused(fractions: Mapping[int, Interval]) -> str:
    """In which way the counts' serial fractions contradict each other, or Amdahl's law as such."""
    slower = [count for count, one in fractions.items() if one.low > 1]
    if slower:
        return f"{slower[0]} threads are slower than fewer"
    most = max(fractions, key=lambda count: fractions[count].low)
    least = min(fractions, key=lambda count: fractions[count].high)
    way = "grows" if most > least else "shrinks"
    said = sorted([(most, f"at least {fractions[most].low:.2f}"), (least, f"at most {fractions[least].high:.2f}")])
    return f"the serial fraction {way} with the threads, " + ", ".join(f"{what} at {count}" for count, what in said)


def _ahead(largest: int, left_out: Sequence[int], cores_granted: float) -> list[int]:
    """Counts worth a prediction: what the machine grants, what was asked for in vain, and as far as one goes."""
    furthest = FURTHEST * largest
    granted = math.floor(min(cores_granted, furthest))
    return sorted(count for count in {granted, furthest, *left_out} if largest < count <= furthest)


def _within_reach(peak: Interval, largest: int) -> Interval | None:
    """A peak that the data do not reach is not told; a bound out of their reach is none."""
    furthest = FURTHEST * largest
    if peak.estimate > furthest:
        return None
    return replace(peak, high=peak.high if peak.high <= furthest else math.inf)
