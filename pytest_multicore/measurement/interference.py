"""What others did while a round ran: their CPU time, what a hypervisor stole, what a quota held back."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .snapshots import MachineSnapshot
from .usage import Usage


@dataclass(frozen=True, slots=True)
class Interference:
    """What others did while a round ran, in CPU seconds.

    Attributes:
        foreign_s: CPU time of everybody else; where nobody tells it, all that we left.
        balance_s: the same as the clocks tell it, without bounds: where they tick, below zero at times and too much at
            others, so that its sum over many rounds is right. None where nobody tells.
        steal_s: time that a hypervisor gave to other guests.
        throttled_s: time that our control groups were held back by a quota.
    """

    foreign_s: float
    balance_s: float | None
    steal_s: float
    throttled_s: float


def interference(
    before: MachineSnapshot, after: MachineSnapshot, used: Usage, wall_s: float, cores_online: int | None = None
) -> Interference:
    """What lies between two snapshots of the machine, less our own part.

    The machine's time is counted in ticks of 10 ms, which may make a neighbour of nobody in a round of 30 ms; and of
    what was before it, never more than all cores have meanwhile. The clocks of the other processes are better, where
    all are seen and none came or went, of whom they say nothing. What they say of those that stayed is the least.
    """
    left_s = wall_s * (cores_online or math.inf) - used.cpu_s
    busy_s = None if before.busy_s is None or after.busy_s is None else after.busy_s - before.busy_s
    balance_s = None if busy_s is None else busy_s - max(used.cpu_s, used.tree_cpu_s)
    nobody_came = after.started_since(before) == 0
    if nobody_came and used.others_s is not None and used.all_seen:
        balance_s = used.others_s
    foreign_s = left_s if balance_s is None else max(balance_s, used.others_s or 0.0)
    return Interference(
        foreign_s=max(0.0, min(foreign_s, left_s)),
        balance_s=balance_s,
        steal_s=max(0.0, after.steal_s - before.steal_s),
        throttled_s=max(0.0, after.throttled_s - before.throttled_s),
    )
