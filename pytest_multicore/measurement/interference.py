"""What others did while a round ran: background load, what a hypervisor stole, what a quota held back."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .snapshots import MachineSnapshot
from .usage import Usage


@dataclass(frozen=True, slots=True)
class Interference:
    """What others did while a round ran, in CPU seconds.

    Attributes:
        foreign_s: CPU time of the background load: of all other processes. Where it is unknown, all that the side left.
        foreign_raw_s: the same as the clocks show it, without bounds. Where they tick it is below zero at times and too
            much at others, so that its sum over many rounds is right. None where it is unknown.
        steal_s: time that a hypervisor gave to other guests.
        throttled_s: time that quotas of our control groups held threads back.
    """

    foreign_s: float
    foreign_raw_s: float | None
    steal_s: float
    throttled_s: float


def interference(
    before: MachineSnapshot, after: MachineSnapshot, used: Usage, wall_s: float, cores_online: int | None = None
) -> Interference:
    """What lies between two snapshots of the machine, less the side's own part.

    The machine's time is counted in ticks of 10 ms, which may show background load in a round of 30 ms where there was
    none. A tick may also be of the time before the round, so the load is at most what all cores had left. The clocks of
    the other processes are better, where all processes are visible and none started or ended: those have no clock here.
    The processes that stayed are the least that there was.
    """
    left_s = wall_s * (cores_online or math.inf) - used.cpu_s
    busy_s = None if before.busy_s is None or after.busy_s is None else after.busy_s - before.busy_s
    raw_s = None if busy_s is None else busy_s - max(used.cpu_s, used.tree_cpu_s)
    none_started = after.started_since(before) == 0
    if none_started and used.others_s is not None and used.all_visible:
        raw_s = used.others_s
    foreign_s = left_s if raw_s is None else max(raw_s, used.others_s or 0.0)
    return Interference(
        foreign_s=max(0.0, min(foreign_s, left_s)),
        foreign_raw_s=raw_s,
        steal_s=max(0.0, after.steal_s - before.steal_s),
        throttled_s=max(0.0, after.throttled_s - before.throttled_s),
    )
