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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What others did while a round ran, in CPU seconds.

    Attributes:
        foreign_s: CPU time of everybody else.
        steal_s: time that a hypervisor gave to other guests.
        throttled_s: time that our control group was held back by its quota.
    """

    foreign_s: float
    steal_s: float
    throttled_s: float


def surroundings(
    before: MachineSnapshot, after: MachineSnapshot, used: Usage, all_cores_s: float = math.inf
) -> Surroundings:
    """What lies between two snapshots of the machine, less our own part.

    The machine's time is counted in ticks of 10 ms, which may make a neighbour of nobody in a round of 30 ms; and of
    what was before it never more than ``all_cores_s``, the CPU time that all cores have meanwhile. The clocks of the
    other processes are better, where all are seen and none came or went, of whom they say nothing.
    """
    came = None in (before.started, after.started) or before.started != after.started
    in_ticks_s = max(0.0, min(after.busy_s - before.busy_s, all_cores_s) - used.cpu_s)
    return Surroundings(
        foreign_s=in_ticks_s if came or used.others_s is None else max(0.0, used.others_s),
        steal_s=max(0.0, after.steal_s - before.steal_s),
        throttled_s=max(0.0, after.throttled_s - before.throttled_s),
    )


def disturbance(wall_s: float, delay_s: float | None, cores_granted: float, around: Surroundings) -> str | None:
    """Why a round does not count, in words; None when it does.

    Where delays are unknown, others' CPU time beyond the cores that we left idle stands in for the wait.
    """
    tolerated_s = TOLERATED_SHARE * wall_s
    if around.steal_s > tolerated_s:
        return f"a hypervisor took {around.steal_s / wall_s:.2f} cores"
    waited_s = _waited_for_others_s(wall_s, delay_s, cores_granted, around)
    if waited_s > tolerated_s:
        return (
            f"others used {around.foreign_s / wall_s:.2f} cores; our threads waited for {waited_s / wall_s:.2f} cores"
        )
    return None


def _waited_for_others_s(wall_s: float, delay_s: float | None, cores_granted: float, around: Surroundings) -> float:
    # A tick-counted foreign time of one tick on each core may be nobody at all.
    if delay_s is not None:
        return min(delay_s, around.foreign_s)
    slack_s = 0.01 * cores_granted
    return max(0.0, around.foreign_s - slack_s)
