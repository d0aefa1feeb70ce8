"""A limit on the speed-up beyond what the granted cores allow: only work that needs cores is bound by them.

Eight threads that sleep or wait for answers are eight times as fast as one, on any machine. Eight that compute are
twice as fast on two cores, and nobody can tell there how fast they would be on eight. So such a limit is measured, and
the high end of the speed-up is what the program may come to on a machine with a core for each of its N threads:

    In a share f of its time all C granted cores were in use; f is at most the busy cores / C. More cores would have
    helped in that time alone, and made it shorter to C / N at most:    ratio / (1 - f + f * C / N), pair by pair

Cores that others keep busy are in use, too: a server on this machine, whose answers the program waits for, needs them.

What waits has f near 0 and is judged by its rows. What computes has f near 1: its high end lies beyond the limit, and
the limit is left open for want of cores. Threads that wake up late, because others had the cores, are allowed for too.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import MAX_WAITING_CORES

from .bounds import granted_cores, max_busy_cores
from .control_evidence import undelayed_share
from .figures import Comparison, Measurement
from .limits import OpenReason, Outcome, Verdict, leave_open, verdict_on
from .row_sets import RowSet, row_sets
from .rules import NO_RULES, Rule
from .speedup import high_by_control

#: Share of a round's time in which all cores were in use, at most; told whether the machine was idle, and the rules to
#: leave out.
InUse = Callable[[Round, bool, frozenset[Rule]], float]

LIMITS_BY_CORES = ("min_speedup", "max_speedup")


def beyond_cores(
    verdicts: Sequence[Verdict], compared: Comparison, without: frozenset[Rule] = NO_RULES
) -> list[Verdict]:
    """The verdicts; those on a speed-up that the granted cores do not allow are reached anew."""
    most = most_by_cores(compared)
    return [
        _reached_anew(verdict, compared, most, without)
        if verdict.quantity in LIMITS_BY_CORES and verdict.limit > most
        else verdict
        for verdict in verdicts
    ]


def most_by_cores(compared: Comparison) -> float:
    """The speed-up that the granted cores allow to work that needs them.

    What the program keeps itself from, as by a narrowed affinity, is granted all the same.
    """
    contender, baseline = compared.contender.rounds[-1], compared.baseline.rounds[-1]
    granted = granted_cores(contender)
    return min(contender.threads or granted, granted) / max(1.0, min(baseline.threads or 1, granted))


def waits(compared: Comparison) -> bool:
    """Whether the program waits and does next to no work, on both sides: cores do not bound its speed-up."""
    return all(map(_waits, (compared.contender, compared.baseline)))


def _waits(side: Measurement) -> bool:
    return side.busy.estimate < MAX_WAITING_CORES


def wants_no_cores(compared: Comparison) -> bool:
    """Whether it waits for something other than a core: threads that others keep from one do next to no work, too."""
    sides = (compared.contender, compared.baseline)
    wanted = (statistics.median(max_busy_cores(taken) for taken in side.rounds) for side in sides)
    return waits(compared) and max(wanted) < MAX_WAITING_CORES


def _reached_anew(verdict: Verdict, compared: Comparison, most: float, without: frozenset[Rule]) -> Verdict:
    def reached(in_use: InUse | None) -> Verdict:
        high = max(compared.ratio.high, _high(compared, most, without, in_use))
        return verdict_on(verdict, replace(compared.speedup, high=high), compared.ratio)

    found = reached(_by_anybody)
    if found.outcome is not Outcome.INCONCLUSIVE:
        return found
    # Had the machine the cores, these rows would decide it; with those that others use they would not.
    here, without_others = (reached(in_use).outcome for in_use in (None, _by_itself))
    lacks_cores = here is not Outcome.INCONCLUSIVE and without_others is Outcome.INCONCLUSIVE
    return leave_open(found, OpenReason.TOO_FEW_CORES) if lacks_cores else found


def _high(compared: Comparison, most: float, without: frozenset[Rule], in_use: InUse | None) -> float:
    """The high end of the speed-up on these cores, or on as many as it has threads; at most the threads' ratio.

    Args:
        compared: the two sides.
        most: the speed-up that these cores allow.
        without: rules to leave out.
        in_use: who can have had all cores in use, so that more would have helped; None: on these cores.
    """
    sets = row_sets(compared.rows, compared.ratio.confidence, without)
    highs = [_high_of(row_set, most, without, in_use) for row_set in sets if row_set.spans_measurement]
    contender, baseline = compared.contender.threads, compared.baseline.threads
    return min([*highs, contender / (baseline or 1) if contender else math.inf])


def _high_of(row_set: RowSet, most: float, without: frozenset[Rule], in_use: InUse | None) -> float:
    def gain(round_: Round) -> float:
        undelayed = undelayed_share(round_, without)
        late = 1 / undelayed if undelayed > 0 else math.inf
        return late * (_gain_by_cores(round_, in_use(round_, row_set.idle_machine, without)) if in_use else 1.0)

    return high_by_control(row_set, most, without, gain)


def _by_itself(round_: Round, idle_machine: bool, without: frozenset[Rule]) -> float:
    return max_busy_cores(round_, idle_machine, without) / granted_cores(round_)


def _by_anybody(round_: Round, idle_machine: bool, without: frozenset[Rule]) -> float:
    """With what others use of the cores in reach; while a quota holds threads back, all that it grants is in use."""
    own = _by_itself(round_, idle_machine, without)
    if idle_machine:
        return own
    in_reach = round_.cores_in_reach or round_.cores_online or granted_cores(round_)
    busy = max_busy_cores(round_, idle_machine, without) + round_.foreign_s / round_.wall_s
    return max(own, busy / in_reach, round_.throttled_s / round_.wall_s)


def _gain_by_cores(round_: Round, share: float) -> float:
    """Times as fast that a round would be with a core for each thread, at most.

    Args:
        round_: the round.
        share: of its time in which all cores were in use, at most.
    """
    share = min(1.0, share)
    left = 1 - share + (share * granted_cores(round_) / round_.threads if round_.threads and share else 0.0)
    return max(1.0, 1 / left) if left > 0 else math.inf
