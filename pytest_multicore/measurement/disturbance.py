"""Was a round disturbed, and by what?

A neighbour matters as far as it made us wait. A thread of ours that stands runnable in a queue while somebody else runs
lengthens the round by at most that wait, so the share of the wall time spent so bounds the error of the round's time.
Waits among our own threads (more threads than cores, or a wake-up on a busy core) are the program's own doing: a wait
counts only up to the CPU time that others used meanwhile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .counters import MachineSnapshot
from .usage import Usage

#: The error of a round's time that is let pass, as a share of its wall time. A limit is compared with a median of
#: ratios, so a bias of this size moves a verdict only where the true value is this near the limit.
TOLERATED_SHARE = 0.05
#: By which the machine counts time, for each core.
TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What others did while a round ran, in CPU seconds.

    Attributes:
        foreign_s: CPU time of everybody else; where nobody tells it, all that we left.
        balance_s: the same as the clocks tell it, without bounds: where they tick, below zero at times and too much at
            others, so that its sum over many rounds is right. None where nobody tells.
        steal_s: time that a hypervisor gave to other guests.
        throttled_s: time that our control groups were held back by a quota.
        our_own_s: of that, what nobody in these groups but us can have brought about.
        told: whether this system tells what others use.
        exact: whether it does so to the nanosecond, or else in ticks of 10 ms.
    """

    foreign_s: float
    steal_s: float
    throttled_s: float
    our_own_s: float = 0.0
    told: bool = True
    exact: bool = True
    balance_s: float | None = None


def surroundings(
    before: MachineSnapshot, after: MachineSnapshot, used: Usage, wall_s: float, cores_online: int | None = None
) -> Surroundings:
    """What lies between two snapshots of the machine, less our own part.

    The machine's time is counted in ticks of 10 ms, which may make a neighbour of nobody in a round of 30 ms; and of
    what was before it, never more than all cores have meanwhile. The clocks of the other processes are better, where
    all are seen and none came or went, of whom they say nothing. What they say of those that stayed is the least.
    """
    left_s = wall_s * (cores_online or math.inf) - used.cpu_s
    busy_s = None if before.busy_s is None or after.busy_s is None else after.busy_s - before.busy_s
    balance_s, exact = None if busy_s is None else busy_s - max(used.cpu_s, used.tree_cpu_s), False
    nobody_came = after.started_since(before) == 0
    if nobody_came and used.others_s is not None and used.all_seen:
        balance_s, exact = used.others_s, True
    foreign_s = left_s if balance_s is None else max(balance_s, used.others_s or 0.0)
    throttled_s = max(0.0, after.throttled_s - before.throttled_s)
    alone = used.others_s is not None and used.others_s <= TOLERATED_SHARE * wall_s
    return Surroundings(
        foreign_s=max(0.0, min(foreign_s, left_s)),
        steal_s=max(0.0, after.steal_s - before.steal_s),
        throttled_s=throttled_s,
        our_own_s=throttled_s if alone else 0.0,
        told=balance_s is not None,
        exact=exact,
        balance_s=balance_s,
    )


def longest_wait_s(
    used: Usage, wall_s: float, around: Surroundings, at_once: float, cores_in_reach: int | None
) -> float | None:
    """How long our threads may have stood in queues, in seconds, summed; None where the system does not say.

    Those that ended meanwhile took their waits along: a pool that is made and closed within the region. They waited for
    at most as long as others ran on cores in their reach, and for nobody where all have a core each. Of what ticks
    tell, one a core may be nobody's; what that hides in single rounds shows in many (verdicts/rows.py).

    Args:
        used: what the tree used.
        wall_s: of the round.
        around: what others did.
        at_once: threads that want to run at the same time, at most; 0: nobody else's come before them.
        cores_in_reach: CPUs that they may run on; None where unknown.
    """
    if used.delay_s is None or used.all_threads_seen or not at_once:
        return used.delay_s
    foreign_s = min(around.foreign_s, max(0.0, wall_s * (cores_in_reach or math.inf) - used.cpu_s))
    if a_core_each(at_once, used.cpu_s / wall_s, foreign_s / wall_s, cores_in_reach):
        return used.delay_s
    slack_s = 0.0 if around.exact else TICK_S * (cores_in_reach or 1)
    return max(used.delay_s, min(used.others_s or 0.0, foreign_s), foreign_s - slack_s)


def a_core_each(at_once: float, busy_cores: float, foreign_cores: float, cores_in_reach: int | None) -> bool:
    """Whether there is a core for each of our threads, and for each that others kept busy."""
    wanted = max(at_once, busy_cores) + math.ceil(foreign_cores)
    return cores_in_reach is not None and wanted <= cores_in_reach


def disturbance(wall_s: float, delay_s: float | None, cores_granted: float, around: Surroundings) -> str | None:
    """Why a round does not count, in words; None when it does.

    Where delays are unknown, others' CPU time stands in for the wait, less a tick for each core.
    """
    if around.steal_s > TOLERATED_SHARE * wall_s:
        return f"a hypervisor took {around.steal_s / wall_s:.2f} cores"
    if not around.told and delay_s is None:
        return "this system tells neither what others use nor how long threads wait (a sandbox?)"
    if kept_waiting(wall_s, delay_s, cores_granted, around):
        waited_s = _waited_for_others_s(delay_s, cores_granted, around)
        used = f"others used {around.foreign_s / wall_s:.2f} cores" if around.told else "what others used is not told"
        return f"{used}; our threads waited for {waited_s / wall_s:.2f} cores"
    return None


def kept_waiting(wall_s: float, delay_s: float | None, cores_granted: float, around: Surroundings) -> bool:
    """Whether others kept our threads waiting for more than is tolerated."""
    return _waited_for_others_s(delay_s, cores_granted, around) > TOLERATED_SHARE * wall_s


def _waited_for_others_s(delay_s: float | None, cores_granted: float, around: Surroundings) -> float:
    if delay_s is not None:
        return min(max(0.0, delay_s - around.our_own_s), around.foreign_s)
    # A tick-counted foreign time of one tick on each core may be nobody at all.
    slack_s = TICK_S * cores_granted
    return max(0.0, around.foreign_s - slack_s)
