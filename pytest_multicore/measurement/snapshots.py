"""What the counters show of a process tree, and of the machine, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """One thread's CPU seconds and its run-queue delay in seconds (None: unknown), both since its start."""

    name: str
    cpu_s: float
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class TreeSnapshot:
    """A process tree at one moment.

    Attributes:
        process_cpu_s: by process id, CPU seconds of all its threads, ended ones too, since its start.
        reaped_cpu_s: by process id, CPU seconds of the children that it has waited for. When a process ends, its time
            moves into its parent's entry, so the sum over the tree loses nothing. What adopts the tree's orphans has an
            entry too.
        tasks: by (process id, thread id), every living thread.
        throttled_s: seconds since boot that quotas held threads back in control groups which the tree's root is in, and
            this process is not, summed over CPUs.
        others_cpu_s: by process id, CPU seconds of all visible processes outside of the tree, without this thread; None
            where that is not read, or a process ended meanwhile.
        all_visible: whether all processes of the machine are visible.
    """

    process_cpu_s: Mapping[int, float]
    reaped_cpu_s: Mapping[int, float]
    tasks: Mapping[tuple[int, int], TaskTimes]
    throttled_s: float = 0.0
    others_cpu_s: Mapping[int, float] | None = None
    all_visible: bool = False


@dataclass(frozen=True, slots=True)
class MachineSnapshot:
    """The whole machine at one moment.

    Attributes:
        busy_s: CPU seconds since boot of all threads but this one, which only reads; counted in ticks on Linux. None
            where the system shows something else in its place.
        steal_s: CPU seconds that a hypervisor gave to other guests.
        throttled_s: seconds that quotas of our control groups held threads back, summed over CPUs.
        started: processes and threads that were ever started; None where unknown.
    """

    busy_s: float | None
    steal_s: float
    throttled_s: float
    started: int | None = None

    def started_since(self, before: MachineSnapshot) -> int | None:
        """Processes and threads that were started since then; None where unknown."""
        return None if self.started is None or before.started is None else self.started - before.started
