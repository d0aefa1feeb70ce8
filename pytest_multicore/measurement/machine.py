"""What this machine grants: cores online, the affinity mask, the control group's quota."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import psutil

from pytest_multicore.rounds.tolerances import MAX_BUSY_PROCESSES, MIN_BUSY_PROCESS_CORES
from pytest_multicore.settings.system import IS_LINUX
from pytest_multicore.settings.world_at_start import WORLD

from .cgroups import quota_cores
from .topology import topology


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine as this process sees it.

    Attributes:
        cores_online: logical CPUs that the system runs.
        affinity: the CPUs that measured interpreters may run on; None where the system does not tell.
        quota: the tightest control group's quota, in cores; None without one.
        cores_real: real cores among these CPUs, two hardware threads of one counted once; None where unknown.
        cpu: the processor's name.
        os: system and release.
    """

    cores_online: int
    affinity: tuple[int, ...] | None
    quota: float | None
    cores_real: int | None
    cpu: str
    os: str

    @property
    def cores_granted(self) -> float:
        """The smallest of cores online, affinity and quota: more cannot be had here."""
        grants: list[float] = [self.cores_online]
        if self.affinity is not None:
            grants.append(len(self.affinity))
        if self.quota is not None:
            grants.append(self.quota)
        return min(grants)

    @property
    def cores_in_reach(self) -> int:
        """CPUs that this process, and what it starts, may run on, whatever a quota grants of them."""
        return self.cores_online if self.affinity is None else len(self.affinity)

    @property
    def threads_auto(self) -> int:
        """The thread count of ``--multicore-threads=auto``: the granted cores, rounded up, at least 1."""
        return max(1, math.ceil(self.cores_granted))

    def why_granted(self) -> str:
        """The grant and what limits it, in words."""
        affinity = (
            "unknown" if self.affinity is None else f"{len(self.affinity)} CPU{'' if len(self.affinity) == 1 else 's'}"
        )
        quota = "none" if self.quota is None else _cores(self.quota)
        grant = f"{_cores(self.cores_granted)} ({self.cores_online} online, affinity {affinity}, cgroup quota {quota})"
        return f"{grant}; {self.narrowed}" if self.narrowed else grant

    @property
    def narrowed(self) -> str:
        """That something in this process pinned it since pytest started, in words; empty where nothing did."""
        at_start = WORLD.affinity
        if self.affinity is None or at_start is None or len(self.affinity) >= len(at_start):
            return ""
        return (
            f"pytest itself might use {len(at_start)} CPUs when it started, and was pinned to "
            f"{len(self.affinity)} since, by an import or a test (os.sched_setaffinity)"
        )


def _cores(count: float) -> str:
    return f"{count:g} core{'' if count == 1 else 's'}"


def this_machine() -> Machine:
    """Read anew: affinity and quota may change while pytest runs. What collecting the tests narrowed is not counted."""
    granted = WORLD.child_affinity()
    affinity = None if granted is None else tuple(sorted(granted))
    return Machine(
        cores_online=psutil.cpu_count(logical=True) or 1,
        affinity=affinity,
        cores_real=len(topology(affinity).cores) or None if affinity else psutil.cpu_count(logical=False),
        quota=quota_cores() if IS_LINUX else None,
        cpu=_cpu_name(),
        os=f"{platform.system()} {platform.release()}",
    )


def told_threads(count: int | None) -> int:
    """How many threads a side's own pools shall have: its count; all that is granted where it inherits its threads."""
    return this_machine().threads_auto if count is None else count


def cpu_by_process() -> dict[int, tuple[str, float]]:
    """Name and CPU seconds of every process that psutil shows, by process id."""
    processes = {}
    for process in psutil.process_iter(["name", "cpu_times"]):
        times = process.info["cpu_times"]
        if times is not None:
            processes[process.pid] = (process.info["name"] or "?", times.user + times.system)
    return processes


def busiest_processes(
    before: Mapping[int, tuple[str, float]], after: Mapping[int, tuple[str, float]], wall_s: float, own: Set[int]
) -> list[tuple[str, float]]:
    """The busiest processes between two snapshots, without our own: (name, cores), if they used enough to be named."""
    if wall_s <= 0.0:  # a coarse clock did not go on meanwhile
        return []
    used = [
        (f"{name} (process {pid})", (cpu_s - before.get(pid, (name, 0.0))[1]) / wall_s)
        for pid, (name, cpu_s) in after.items()
        if pid not in own
    ]
    busy = [(process, cores) for process, cores in used if cores > MIN_BUSY_PROCESS_CORES]
    return sorted(busy, key=lambda entry: -entry[1])[:MAX_BUSY_PROCESSES]


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
