"""What counters show of a process tree, and of the machine, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """One thread's CPU time and the time it stood runnable in a queue (None: unknown), both since its start."""

    name: str
    cpu_s: float
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class TreeSnapshot:
    """A process tree at one moment.

    Attributes:
        process_cpu_s: by process id, CPU time of all its threads, ended ones too, since its start.
        reaped_cpu_s: by process id, CPU time of the children it has waited for. When a process ends, its time moves
            into its parent's entry, so the sum over the tree loses nothing.
        tasks: by (process id, thread id), every living thread.
        throttled_s: time since boot that control groups which the root is in, and we are not, were held back by a
            quota, summed over CPUs.
        others_cpu_s: by process id, CPU time of everybody outside of the tree but this thread, as far as they are to be
            seen; None where that is not read, or one ended meanwhile.
        all_seen: whether everybody is.
    """

    process_cpu_s: Mapping[int, float]
    reaped_cpu_s: Mapping[int, float]
    tasks: Mapping[tuple[int, int], TaskTimes]
    throttled_s: float = 0.0
    others_cpu_s: Mapping[int, float] | None = None
    all_seen: bool = False


@dataclass(frozen=True, slots=True)
class MachineSnapshot:
    """The whole machine at one moment.

    Attributes:
        busy_s: CPU seconds since boot of everybody but this thread, which only looks on; counted in ticks on Linux.
            None where the system tells something else in its place.
        steal_s: CPU seconds that a hypervisor gave to other guests.
        throttled_s: time that our control groups were held back by a quota, summed over CPUs.
        started: processes and threads that were ever started; None where unknown.
    """

    busy_s: float | None
    steal_s: float
    throttled_s: float
    started: int | None = None

    def started_since(self, before: MachineSnapshot) -> int | None:
        """Processes and threads that were started since then; None where unknown."""
        return None if self.started is None or before.started is None else self.started - before.started
