"""A program against a base: what it lost by threading, and what it lost otherwise.

A row has four rounds: the program's at N threads and at one (the baseline's), then the base's at both. Program and base
ask the same of the machine where they keep as many cores busy and wait for none, so pairs cancel what hits both
(docs/explanation/against.md). Of each row

    speed-up kept    =  (t_base(N) / t(N)) * (t(1) / t_base(1))     the difference of two differences, of logarithms
    speed kept at N  =   t_base(N) / t(N)

Loss is 1 - the larger of the two medians, of which the second counts as 1 at most: a program that is as fast as its
base at N threads has lost nothing by threading, however much faster one thread of it became; and it has won nothing by
threading unless its speed-up grew. Where one of the two keeps more cores busy than the other, what
the machine lacks hits it more. Then the bound on its side allows for that by the control, as a speed-up does
(speedup.py).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import MAX_CORES_DIFFERENCE, MAX_PROCESS_SPEED_RATIO

from .bounds import max_wait_s
from .control_evidence import core_speed_share, undelayed_share
from .figures import Comparison, all_single_threaded, comparison
from .limits import BASE_LIMITS, Outcome, Verdict
from .row_sets import Rows, RowSet, row_sets
from .rules import NO_RULES, Rule
from .speedup import extra_cores_share, ideal_speedup, most_by_share, stretch
from .statistics import Interval, intersection, interval_of

#: A figure of one row.
Quantity = Callable[[tuple[Round, ...]], float]


class Change(Enum):
    """What became of a program against its base, in the words of reports."""

    REGRESSION = "threading regression"
    SLOWER = "slower, not by threading"
    NO_LOSS = "no loss"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class BaseComparison:
    """A program against its base, at N threads and at the baseline's.

    Attributes:
        base: the base's own comparison of its two sides.
        loss: share of the base's speed-up that the program lost by threading, with what the machine did not give
            allowed for; negative is a gain.
        measured_loss: the same as it was measured.
        slowdown: wall time of the program / of the base at the baseline's threads, less 1. The low end allows for what
            two processes that do the same may differ by, and is the lowest of all processes that were measured.
        measured_slowdown: the same as it was measured.
        slowdown_at_threads: the same at N threads, as it was measured.
    """

    base: Comparison
    loss: Interval
    measured_loss: Interval
    slowdown: Interval
    measured_slowdown: Interval
    slowdown_at_threads: Interval

    @property
    def is_slower(self) -> bool:
        """Whether one thread takes longer than the base's for certain, whatever two processes may differ by."""
        return self.slowdown.low > 0

    @property
    def is_barely_slower(self) -> bool:
        """Whether it is, and other processes could show it to be as fast."""
        return 0 < self.slowdown.low < MAX_PROCESS_SPEED_RATIO - 1

    @property
    def seems_slower(self) -> bool:
        """Whether it does by the median of the rows so far."""
        return 1 + self.slowdown.estimate > MAX_PROCESS_SPEED_RATIO

    def borne_out_by(self, others: BaseComparison) -> BaseComparison:
        """The same, as slow as further processes, too, say that it is at least."""
        return replace(self, slowdown=replace(self.slowdown, low=min(self.slowdown.low, others.slowdown.low)))

    def change(self, verdicts: Iterable[Verdict]) -> Change:
        """What became of the program, by the verdict on its ``max_loss``."""
        outcome = next((verdict.outcome for verdict in verdicts if verdict.quantity == "max_loss"), None)
        if outcome is Outcome.FAILED:
            return Change.REGRESSION
        if outcome is not Outcome.PASSED:
            return Change.UNDECIDED
        return Change.SLOWER if self.is_slower else Change.NO_LOSS


def base_comparison(
    rows: Rows, confidence: float, compared: Comparison, without: frozenset[Rule] = NO_RULES
) -> BaseComparison:
    """The figures of rows of four rounds.

    Args:
        rows: the program's contender and baseline, then the base's.
        confidence: of each bound.
        compared: the program's own comparison.
        without: rules to leave out.
    """
    base = comparison([row[2:] for row in rows], confidence, without)
    kept, measured = _kept(rows, confidence, without)
    if measured.bounded and all_single_threaded((compared.contender, compared.baseline, base.contender, base.baseline)):
        # One thread did all the work everywhere: what the four differ by is their processes' speeds.
        kept = Interval(1.0, 1.0, 1.0, confidence)
    slowdown, share = _slowdown(rows, 1, confidence, without), _one_thread_share(rows, without)
    # More than two processes of the same program may differ by is the program's own.
    low = (1 + slowdown.low) * min(1.0, share) / MAX_PROCESS_SPEED_RATIO - 1
    high = (1 + slowdown.high) * max(1.0, share) - 1
    return BaseComparison(
        base=base,
        loss=_less_one(kept),
        measured_loss=_less_one(measured),
        slowdown=Interval(low, slowdown.estimate, high, confidence),
        measured_slowdown=slowdown,
        slowdown_at_threads=_slowdown(rows, 0, confidence, without),
    )


def each_confidence(confidence: float) -> float:
    """Confidence of each of the two medians of which the larger is taken: each has half of the error."""
    return 1 - (1 - confidence) / 2


def needs_further_processes(verdict: Verdict, fixed_layout: bool) -> bool:
    """Whether processes that differ could turn a verdict; at fixed addresses what has not changed does not differ."""
    if verdict.quantity not in BASE_LIMITS or verdict.outcome is Outcome.INCONCLUSIVE:
        return False
    return is_near_limit(verdict) and not (fixed_layout and verdict.outcome is Outcome.PASSED)


def is_near_limit(verdict: Verdict) -> bool:
    """Whether what processes that do the same differ by could turn a verdict on a base; a loss has two on each side."""
    assert verdict.measured is not None  # noqa: S101 - it was decided by it
    kept, limit, most = 1 - verdict.measured.estimate, 1 - verdict.limit, MAX_PROCESS_SPEED_RATIO**2
    if verdict.quantity == "max_slowdown":
        kept, limit, most = 1 + verdict.measured.estimate, 1 + verdict.limit, MAX_PROCESS_SPEED_RATIO
    return max(kept, limit) < most * min(kept, limit)


def _less_one(kept: Interval) -> Interval:
    """The loss, of what was kept."""
    return Interval(1 - kept.high, 1 - kept.estimate, 1 - kept.low, kept.confidence)


def _slowdown(rows: Rows, side: int, confidence: float, without: frozenset[Rule]) -> Interval:
    sets = row_sets([(row[side], row[side + 2]) for row in rows], confidence, without)
    ratio = intersection(
        _bounded_by_span(interval_of([_times(of, to) for of, to in row_set.rows], row_set.confidence), row_set)
        for row_set in sets
    )
    return Interval(ratio.low - 1, ratio.estimate - 1, ratio.high - 1, confidence)


def _one_thread_share(rows: Rows, without: frozenset[Rule]) -> float:
    """Speed of the core that the program's one thread had, as a share of that of the base's.

    On uneven cores each may stay on another one: the same work takes longer on the slow one.
    """
    controls = [(row[1].control, row[3].control) for row in rows]
    shares = [own.speed / base.speed for own, base in controls if own and base and own.speed > 0 and base.speed > 0]
    return statistics.median(shares) if shares and Rule.SLOW_CORE not in without else 1.0


def _times(of: Round, to: Round) -> float:
    """Times as long as the other that one round's repetition took."""
    return of.repetition_s / to.repetition_s if to.repetition_s > 0 else math.inf


def _kept(rows: Rows, confidence: float, without: frozenset[Rule]) -> tuple[Interval, Interval]:
    """Share of the base's speed-up that was kept: with what the machine did not give allowed for, and as measured."""
    sets = row_sets(rows, each_confidence(confidence), without)

    def larger(interval_by: Callable[[RowSet, Quantity], Interval]) -> Interval:
        speedup, speed = (
            intersection(interval_by(row_set, by) for row_set in sets) for by in (_speedup_kept, _speed_kept)
        )
        low, estimate, high = (
            max(getattr(speedup, of), min(getattr(speed, of), 1.0)) for of in ("low", "estimate", "high")
        )
        return Interval(low, estimate, high, confidence)

    return larger(lambda row_set, by: _bracket(row_set, by, without)), larger(_ratio)


def _speed_kept(row: tuple[Round, ...]) -> float:
    return _times(row[2], row[0])


def _speedup_kept(row: tuple[Round, ...]) -> float:
    return _times(row[2], row[0]) * _times(row[1], row[3])


def _ratio(row_set: RowSet, by: Quantity) -> Interval:
    return interval_of([by(row) for row in row_set.rows], row_set.confidence)


def _bracket(row_set: RowSet, by: Quantity, without: frozenset[Rule]) -> Interval:
    """What may be kept on a machine that gives all cores; see the head of this module."""
    measured = _ratio(row_set, by)
    if by is _speedup_kept:  # the one that the time on one thread is part of
        share = _one_thread_share(row_set.rows, without)
        measured = replace(measured, low=measured.low * min(1.0, share), high=measured.high * max(1.0, share))
    if _want_alike(row_set, without):
        return _bounded_by_span(measured, row_set)
    lows = [by(row) / _stretch_of(row[2], row[0], row[3], row_set, without) for row in row_set.rows]
    highs = [by(row) * _stretch_of(row[0], row[2], row[1], row_set, without) for row in row_set.rows]
    low = interval_of(lows, row_set.confidence).low
    high = interval_of(highs, row_set.confidence).high
    return _bounded_by_span(
        Interval(min(low, measured.low), measured.estimate, max(high, measured.high), row_set.confidence), row_set
    )


def _bounded_by_span(interval: Interval, row_set: RowSet) -> Interval:
    """Rows from a part of the measurement alone bound nothing: the other part may be another program's doing."""
    if row_set.spans_measurement:
        return interval
    return Interval(-math.inf, interval.estimate, math.inf, interval.confidence)


def _want_alike(row_set: RowSet, without: frozenset[Rule]) -> bool:
    """Whether program and base keep as many cores busy at N threads, and hardly wait for more.

    What waits for a core may be parallel, or the next in turn for a lock: beside a neighbour on the other core both
    read the same, and on cores of their own one of them is twice as fast. What a hypervisor takes it takes of busy
    cores, and these are compared.
    """
    busy = statistics.median(row[0].busy_cores - row[2].busy_cores for row in row_set.rows)
    waits = (
        statistics.median(_waiting_cores(row[side], row_set.idle_machine, without) for row in row_set.rows)
        for side in (0, 2)
    )
    return max(abs(busy), *waits) <= MAX_CORES_DIFFERENCE


def _waiting_cores(round_: Round, idle_machine: bool, without: frozenset[Rule]) -> float:
    """Cores that a round's threads waited for; on an idle machine they waited for each other alone."""
    waited_s = 0.0 if idle_machine and round_.waits_are_known else max_wait_s(round_, without)
    return (waited_s + round_.throttled_s) / round_.wall_s


def _stretch_of(of: Round, to: Round, alone: Round, row_set: RowSet, without: frozenset[Rule]) -> float:
    """Times as long as on a machine of its own that ``of`` took, for the cores that it keeps busy beyond ``to``'s.

    Args:
        of: round at N threads.
        to: the other program's.
        alone: that of the same program as ``of`` at the baseline's threads.
        row_set: the rows that they are from.
        without: rules to leave out.
    """
    # A quota grants fewer than there are, and takes them from program and base by turns.
    in_reach = of.cores_in_reach or of.cores_online or math.inf
    most = max(ideal_speedup(of, alone), min(of.threads or in_reach, in_reach) / max(1, alone.threads or 1))
    known = of.control is not None and alone.control is not None and alone.control.speed > 0
    speed_share = core_speed_share(of, alone, without) if known and Rule.CONTROL not in without else 0.0
    extra, over_alone = (extra_cores_share(of, other, row_set.idle_machine, without) for other in (to, alone))
    # What held up the same program on its own is none of its speed-up: without others both would be faster.
    ratio = _times(alone, of) * undelayed_share(alone, without)
    return min(stretch(extra, speed_share), most_by_share(ratio, over_alone, most) / ratio if ratio > 0 else math.inf)
