"""The Universal Scalability Law: which contention and coherence fit the speed-ups' intervals, exactly.

On n threads the work takes, of its time on one, D(n) / n with D(n) = 1 + sigma (n - 1) + kappa n (n - 1): sigma is the
share that runs serially, kappa what each pair of threads costs by hindering each other. Amdahl's law is kappa = 0. A
speed-up S of n threads over p is n D(p) / (p D(n)). So "S is at most h" says h p D(n) >= n D(p), which is linear in
sigma and kappa: each bound of an interval cuts a half-plane, and what is left of all of them is a convex polygon.
Sigma, kappa, a speed-up and the place of the peak are quotients of linear functions, whose extremes over a polygon lie
at its corners. Nothing is approximated. docs/explanation/scaling.md has the derivation.

Source: Gunther, Guerrilla Capacity Planning, 2007, chapters 4 to 6.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pytest_multicore.rounds.tolerances import MAX_COHERENCE, MAX_ROUNDING_ERROR

from .statistics import Interval

#: Contention and coherence: sigma and kappa.
Point = tuple[float, float]
#: a, b, c: a + b sigma + c kappa is not negative.
HalfPlane = tuple[float, float, float]

#: Where the search begins, as corners.
BOX: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, MAX_COHERENCE), (0.0, MAX_COHERENCE))
#: Where the law means something: sigma lies in 0 to 1, and kappa is not negative.
DOMAIN: tuple[HalfPlane, ...] = ((0.0, 1.0, 0.0), (1.0, -1.0, 0.0), (0.0, 0.0, 1.0))


def speedup(at: Point, threads: int, first: int) -> float:
    """The speed-up of so many threads over the first count."""
    return threads * _value(_load(first), at) / (first * _value(_load(threads), at))


def peak(at: Point) -> float:
    """The thread count beyond which more are slower, a fraction too; infinite without coherence."""
    contention, coherence = at
    return math.sqrt((1 - contention) / coherence) if coherence > 0 else math.inf


def region(first: int, speedups: Mapping[int, Interval]) -> list[Point]:
    """The corners of all sigma and kappa that fit the intervals; empty when the law describes no such data.

    Args:
        first: the thread count that the speed-ups are against.
        speedups: by thread count.
    """
    corners = list(BOX)
    for plane in _bounds(first, speedups):
        corners = _clip(corners, plane)
    return corners


def bounded(corners: Sequence[Point]) -> bool:
    """Whether the intervals bound the coherence, and with it what it may cost at larger counts."""
    return all(coherence < MAX_COHERENCE for _, coherence in corners)


def least_squares(corners: Sequence[Point], first: int, speedups: Mapping[int, Interval]) -> Point:
    """The point of a region that comes nearest to the estimates, by their relative deviations squared."""
    deviations = [_minus(_scaled(_load(n), s.estimate * first / n), _load(first)) for n, s in speedups.items()]

    def sum_of_squares(at: Point) -> float:
        return sum(_value(plane, at) ** 2 for plane in deviations)

    # The sum is convex: its least value is where its slope is zero, or else on the polygon's boundary. Where coherence
    # is not asked for, the region is a line and has no inside.
    minimum = _minimum(deviations) if len(corners) > 2 else None
    if minimum and all(_value(plane, minimum) >= 0 for plane in (*DOMAIN, *_bounds(first, speedups))):
        return minimum
    edges = zip(corners, [*corners[1:], corners[0]], strict=True)
    return min((_best_between(here, there, deviations) for here, there in edges), key=sum_of_squares)


def _load(threads: int) -> HalfPlane:
    """D(n): the time of the whole times n."""
    return 1.0, threads - 1.0, threads * (threads - 1.0)


def _bounds(first: int, speedups: Mapping[int, Interval]) -> list[HalfPlane]:
    planes = []
    for threads, interval in speedups.items():
        for bound, sign in ((interval.high, 1), (interval.low, -1)):
            if math.isfinite(bound):
                plane = _minus(_scaled(_load(threads), bound * first / threads), _load(first))
                planes.append(_scaled(plane, sign))
    return planes


def _clip(corners: Sequence[Point], plane: HalfPlane) -> list[Point]:
    """What a half-plane leaves of a convex polygon (Sutherland and Hodgman, Commun. ACM 17, 1974)."""
    kept: list[Point] = []
    for here, there in zip(corners, [*corners[1:], *corners[:1]], strict=True):
        at_here, at_there = _value(plane, here), _value(plane, there)
        if at_here >= -MAX_ROUNDING_ERROR:
            kept.append(here)
        if (at_here >= -MAX_ROUNDING_ERROR) != (at_there >= -MAX_ROUNDING_ERROR):
            kept.append(_between(here, there, at_here / (at_here - at_there)))
    return kept


def _minimum(deviations: Sequence[HalfPlane]) -> Point | None:
    """Where the sum of squares has no slope; None where that is no single point."""
    ab, ac, bb, bc, cc = (
        sum(plane[i] * plane[j] for plane in deviations) for i, j in ((0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    )
    determinant = bb * cc - bc * bc
    if determinant <= 0:
        return None
    return (bc * ac - cc * ab) / determinant, (bc * ab - bb * ac) / determinant


def _best_between(here: Point, there: Point, deviations: Sequence[HalfPlane]) -> Point:
    pairs = [(_value(plane, here), _value(plane, there)) for plane in deviations]
    steepness = sum((end - start) ** 2 for start, end in pairs)
    share = sum(start * (start - end) for start, end in pairs) / steepness if steepness else 0.0
    return _between(here, there, share)


def _between(here: Point, there: Point, share: float) -> Point:
    share = min(1.0, max(0.0, share))
    return here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])


def _value(plane: HalfPlane, at: Point) -> float:
    return plane[0] + plane[1] * at[0] + plane[2] * at[1]


def _scaled(plane: HalfPlane, factor: float) -> HalfPlane:
    return plane[0] * factor, plane[1] * factor, plane[2] * factor


def _minus(plane: HalfPlane, other: HalfPlane) -> HalfPlane:
    return plane[0] - other[0], plane[1] - other[1], plane[2] - other[2]
