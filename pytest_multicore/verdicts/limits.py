"""Limits and intervals in, verdicts out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from .figures import Comparison, Measurement
from .statistics import Interval
from .words import cores_in_words


class OpenReason(Enum):
    """Why a limit is not decided; made where it is decided, put into words by open_reasons.py."""

    FEW_ROWS = "too few rows to bound the figure"
    NEAR = "the limit lies within the interval"
    MACHINE = "the machine attains too little just now to blame the program for the miss"
    DISTURBED = "others kept the program's threads waiting, and undisturbed rounds do not tell"
    MEMORY = "a neighbour took the memory's bandwidth from the baseline"
    OWN_SPEED = "one thread did all the work on both sides"
    OWN_POOL = "the baseline used more cores than it was told to"
    NOT_COUNTED = "threads cannot be counted"
    INHERITED = "threads were inherited"
    NOT_REPEATABLE = "later calls do none of the first one's work"
    LAYOUT = "further processes do not bear it out: where their memory lies makes the difference"
    NOT_THE_BASE = "the base's modules were imported from elsewhere"
    TOO_FEW_CORES = "only more cores than the machine grants could tell"
    BRIEF = (
        "the later rounds do not show it by themselves, or the rounds are over too soon: a program may be slow at first"
    )


class Outcome(Enum):
    """What is said of a limit, and of a whole measurement: without a limit that is measured, not passed."""

    PASSED = "passed"
    MEASURED = "measured"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that a measurement is held to, by the marker's names; None: not asked for."""

    min_cores: float | None = None
    max_cores: float | None = None
    min_speedup: float | None = None
    max_speedup: float | None = None
    min_efficiency: float | None = None
    max_threads: int | None = None
    max_loss: float | None = None
    max_slowdown: float | None = None

    def given(self) -> dict[str, float]:
        """The limits that were asked for, by name."""
        every = {name: getattr(self, name) for name in self.__slots__}
        return {name: limit for name, limit in every.items() if limit is not None}

    def on_one_side(self) -> Limits:
        """The limits that need no second side."""
        return replace(self, **dict.fromkeys(COMPARISON_LIMITS | BASE_LIMITS, None))

    def without_base(self) -> Limits:
        """The limits that need no base."""
        return replace(self, **dict.fromkeys(BASE_LIMITS, None))

    def on_base(self) -> Limits:
        """The limits that need a base."""
        return Limits(max_loss=self.max_loss, max_slowdown=self.max_slowdown)

    @property
    def need_baseline(self) -> bool:
        """Whether deciding them takes a second side to compare with."""
        return any(name in COMPARISON_LIMITS | BASE_LIMITS for name in self.given())


#: Limits on how two sides compare; the others are on one side alone.
COMPARISON_LIMITS = frozenset({"min_speedup", "max_speedup", "min_efficiency"})
#: Limits on what a program lost against its base (base_comparison.py).
BASE_LIMITS = frozenset({"max_loss", "max_slowdown"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rows say of one limit.

    Attributes:
        quantity: the limit's name.
        limit: its value.
        outcome: passed, failed, or inconclusive when the interval holds the limit or does not exist.
        interval: of the quantity, with what the machine did not give allowed for; None when it was not measured.
        open_reason: why it is inconclusive; None where it is not.
        measured: the interval as it was measured.
    """

    quantity: str
    limit: float
    outcome: Outcome
    interval: Interval | None
    open_reason: OpenReason | None = None
    measured: Interval | None = None


#: By limit: a figure's interval with what the machine did not give allowed for, and as it was measured.
Figures = Mapping[str, tuple[Interval | None, Interval | None]]


def verdicts_on(limits: Limits, figures: Figures) -> tuple[Verdict, ...]:
    """A verdict for each limit that was asked for."""
    return tuple(_verdict(name, limit, *figures.get(name, (None, None))) for name, limit in limits.given().items())


def measurement_figures(measured: Measurement) -> Figures:
    """The intervals that limits on one side are held against."""
    return {
        "min_cores": (measured.cores, measured.busy),
        "max_cores": (measured.cores, measured.busy),
        "max_threads": (measured.threads_seen, measured.threads_seen),
    }


def comparison_figures(compared: Comparison) -> Figures:
    """The intervals that all limits are held against."""
    return {
        **measurement_figures(compared.contender),
        "min_speedup": (compared.speedup, compared.ratio),
        "max_speedup": (compared.speedup, compared.ratio),
        "min_efficiency": (compared.efficiency, compared.efficiency),
    }


def outcome_of(verdicts: Sequence[Verdict]) -> Outcome:
    """Of the whole: one missed limit fails it, else one open limit leaves it inconclusive; without any: measured."""
    outcomes = {verdict.outcome for verdict in verdicts}
    if not outcomes:
        return Outcome.MEASURED
    for worst in (Outcome.FAILED, Outcome.INCONCLUSIVE):
        if worst in outcomes:
            return worst
    return Outcome.PASSED


def is_settled(verdicts: Sequence[Verdict]) -> bool:
    """Whether more rows can change nothing: a limit was missed, or every limit is decided."""
    return outcome_of(verdicts) is not Outcome.INCONCLUSIVE


def claims_regression(verdict: Verdict) -> bool:
    """Whether a slow spell, or a program's beginning, could bring the verdict about: a miss, or a ``max_`` that is met.

    A pool that is filled late is no pool at first: it has one thread, one busy core and no speed-up.
    """
    return verdict.outcome is Outcome.FAILED or claims_no_gain(verdict)


def claims_no_gain(verdict: Verdict) -> bool:
    """Whether the verdict says that few cores are busy, few threads are at work, or nothing is gained."""
    good_is_no_gain = verdict.quantity.startswith("max_") and verdict.quantity not in BASE_LIMITS
    return verdict.outcome is (Outcome.PASSED if good_is_no_gain else Outcome.FAILED)


def asks_for_more_cores(verdict: Verdict) -> bool:
    """Whether it is open because a ``min_`` limit takes more cores than the machine grants."""
    return verdict.open_reason is OpenReason.TOO_FEW_CORES and verdict.quantity.startswith("min_")


class Unreachable(NamedTuple):
    """Why nothing can be decided on this machine.

    Attributes:
        reason: in words.
        lacks_cores: whether a ``min_`` limit asks for more cores than the machine grants.
    """

    reason: str
    lacks_cores: bool = False


def why_unreachable(
    limits: Limits,
    cores_granted: float,
    threads: int | None,
    baseline: int | None,
    cores_online: int = 0,
    vary: str = "threads",
) -> Unreachable | None:
    """Why nothing can be decided on this machine, or None when something can.

    A program cannot be faster than by the threads that it has more. A ``min_`` limit beyond that cannot be told from a
    regression. A ``max_`` limit beyond it would let any code pass, and so would two sides with the same threads, as on
    a machine with one core. Threads beyond the granted cores help what waits, and not what works: which of the two a
    program does is measured (more_cores.py).

    Args:
        limits: those asked for.
        cores_granted: what the machine grants.
        threads: of the contender; None: inherited, taken for all that the machine grants.
        baseline: threads of the baseline; None: there is none.
        cores_online: of the machine. Where a quota or an affinity grants fewer, they hide what is over ``max_cores``.
        vary: what the sides differ in. Threads may be more than cores; cores that are given must be there, and hide
            what a program would do with more.
    """
    given = limits.given()
    if vary == "cores" and threads is not None and threads > math.ceil(cores_granted):
        return Unreachable(f"{threads} cores cannot be given on this machine", lacks_cores=True)
    here = "on this machine"
    if vary == "cores" and threads is not None and threads < cores_granted:
        cores_granted, here = threads, f"with {cores_in_words(threads)} given {here}"
    if given.get("min_cores", 0) > cores_granted:
        return Unreachable(f"min_cores={given['min_cores']:g} cannot be reached {here}", lacks_cores=True)
    if given.get("max_cores", 0) >= cores_granted and cores_granted < cores_online:
        return Unreachable(f"max_cores={given['max_cores']:g} cannot be missed {here}")
    if baseline is None or not limits.need_baseline:
        return None
    if threads is not None and threads <= baseline:
        return Unreachable(
            f"{threads} {vary} against {baseline} compare nothing: the side in question takes more {vary}"
        )
    most = math.inf if threads is None else threads / baseline
    if given.get("min_speedup", 0) > most:
        reason = f"min_speedup={given['min_speedup']:g} cannot be reached on this machine ({most:.3g} at most)"
        return Unreachable(reason, lacks_cores=True)
    if given.get("max_speedup", 0) >= most:
        return Unreachable(
            f"max_speedup={given['max_speedup']:g} cannot be missed on this machine ({most:.3g} at most)"
        )
    return None


def leave_open(verdict: Verdict, reason: OpenReason) -> Verdict:
    """The verdict, left open for a reason."""
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, open_reason=reason)


def verdict_on(verdict: Verdict, interval: Interval, measured: Interval) -> Verdict:
    """The verdict on the same limit by another interval."""
    return _verdict(verdict.quantity, verdict.limit, interval, measured)


def _verdict(name: str, limit: float, interval: Interval | None, measured: Interval | None) -> Verdict:
    if interval is None:
        return Verdict(name, limit, Outcome.INCONCLUSIVE, None, OpenReason.INHERITED)
    outcome = _outcome(name, limit, interval)
    reason = _open_reason(name, limit, interval, measured or interval) if outcome is Outcome.INCONCLUSIVE else None
    return Verdict(name, limit, outcome, interval, reason, measured)


def _outcome(name: str, limit: float, interval: Interval) -> Outcome:
    above, below = interval.low >= limit, interval.high < limit
    if name.startswith("max_"):
        above, below = interval.low > limit, interval.high <= limit
    good, bad = (above, below) if name.startswith("min_") else (below, above)
    return Outcome.PASSED if good else Outcome.FAILED if bad else Outcome.INCONCLUSIVE


def _open_reason(name: str, limit: float, interval: Interval, measured: Interval) -> OpenReason:
    """What keeps it open: the machine, where the figure as it was measured would decide."""
    if name == "max_threads" and math.isinf(interval.high):
        return OpenReason.NOT_COUNTED
    if _outcome(name, limit, measured) is not Outcome.INCONCLUSIVE:
        return OpenReason.MACHINE if name in COMPARISON_LIMITS | BASE_LIMITS else OpenReason.DISTURBED
    if name in COMPARISON_LIMITS and math.isfinite(measured.low) != math.isfinite(measured.high):
        return OpenReason.MACHINE  # the rows suffice for one bound, so for the other, had the machine given its cores
    return OpenReason.NEAR if measured.bounded else OpenReason.FEW_ROWS
