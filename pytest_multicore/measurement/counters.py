"""CPU time, run-queue delay and threads of a process tree; busy and stolen time of the machine.

Linux has all of it in nanoseconds under /proc (linux.py). Elsewhere psutil has CPU time, coarsely on some systems, and
run-queue delay is unknown: it is None there, never zero.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Protocol

import psutil

from pytest_multicore.errors import HostUnfit
from pytest_multicore.settings import clocks
from pytest_multicore.settings.system import IS_LINUX

from .snapshots import MachineSnapshot, TaskTimes, TreeSnapshot

#: Set to ``psutil`` to measure as on a system without /proc. The tests do.
FORCE_VARIABLE = "PYTEST_MULTICORE_COUNTERS"


class Counters(Protocol):
    """One way to read the counters.

    Attributes:
        name: for the report.
        tick_s: the smallest step of a process's CPU clock.
    """

    name: str
    tick_s: float

    def tree(self, pid: int, known: TreeSnapshot | None = None, adopter: int | None = None) -> TreeSnapshot:
        """The process tree under ``pid``, with it; processes that are known are read first, without delay.

        Args:
            pid: its root.
            known: an earlier snapshot.
            adopter: the root's parent where that adopts the tree's orphans: what it has waited for belongs to the tree,
                it itself does not.
        """
        ...

    def tree_cpu_s(self, pid: int, known: TreeSnapshot | None) -> float:
        """CPU seconds so far of the processes in ``known``, or of ``pid`` alone: cheap to read again and again."""
        ...

    def machine(self) -> MachineSnapshot:
        """The machine as a whole."""
        ...

    def cores_of(self, threads: Sequence[tuple[int, int]]) -> list[int]:
        """The cores on which threads, given as (process id, thread id), ran last, as far as the system tells them."""
        ...

    def cores_open_to(self, threads: Sequence[tuple[int, int]]) -> int | None:
        """On how many cores any of these threads may run, by their affinity; None where unknown."""
        ...


class PsutilCounters:
    """What psutil knows on any system. Run-queue delay is unknown."""

    name = "psutil"
    # Linux counts in ticks of 10 ms here, macOS in microseconds; the larger one is safe for both.
    tick_s = 0.01

    def tree(self, pid: int, known: TreeSnapshot | None = None, adopter: int | None = None) -> TreeSnapshot:
        """See Counters."""
        cpu_s: dict[int, float] = {}
        reaped_s: dict[int, float] = {}
        tasks: dict[tuple[int, int], TaskTimes] = {}
        for process in _with_descendants(adopter or pid):
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue  # it ended meanwhile: its time is in its parent's entry
            threads = []
            with contextlib.suppress(psutil.Error):  # macOS shows threads to root alone
                threads = process.threads()
            reaped_s[process.pid] = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
            if process.pid == adopter:
                continue
            cpu_s[process.pid] = times.user + times.system
            for thread in threads:
                used_s = thread.user_time + thread.system_time
                tasks[process.pid, thread.id] = TaskTimes("", used_s, None)
        return TreeSnapshot(cpu_s, reaped_s, tasks)

    def tree_cpu_s(self, pid: int, known: TreeSnapshot | None) -> float:
        """See Counters."""
        total_s = 0.0
        for process in known.process_cpu_s if known else (pid,):
            try:
                times = psutil.Process(process).cpu_times()
            except psutil.Error:
                continue
            total_s += times.user + times.system
        return total_s

    def machine(self) -> MachineSnapshot:
        """See Counters."""
        times = psutil.cpu_times()
        idle_s = times.idle + getattr(times, "iowait", 0.0)
        # Linux counts guests' time in user already.
        guest_s = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        steal_s = getattr(times, "steal", 0.0)
        return MachineSnapshot(sum(times) - idle_s - guest_s - steal_s - clocks.thread_time(), steal_s, 0.0)

    def cores_of(self, threads: Sequence[tuple[int, int]]) -> list[int]:
        """See Counters. psutil knows it of main threads only, and not on every system."""
        cores = []
        for pid, _ in threads[:1]:
            with contextlib.suppress(psutil.Error, AttributeError):
                cores.append(int(psutil.Process(pid).cpu_num()))
        return cores

    def cores_open_to(self, threads: Sequence[tuple[int, int]]) -> int | None:
        """See Counters. psutil knows the affinity of processes alone, and not on every system."""
        return None


def for_this_system() -> Counters:
    """The most precise counters that this system has.

    Raises:
        HostUnfit: it has none.
    """
    if IS_LINUX and os.environ.get(FORCE_VARIABLE) != "psutil":
        from . import linux

        if linux.usable():
            return linux.ProcCounters()
    if not _shows_processes():
        raise HostUnfit(
            "not measured: this system shows no CPU time of processes: /proc is missing, empty or hidden, or psutil "
            "cannot read it; expected this process in it. Mount it (mount -t proc proc /proc)"
        )
    return PsutilCounters()


def _shows_processes() -> bool:
    """Whether psutil sees this process, with its CPU time, and the machine's."""
    try:
        psutil.cpu_times()
        return psutil.Process().cpu_times() is not None and bool(psutil.pids())
    except (psutil.Error, OSError, IndexError):  # psutil expects at least one process
        return False


def _with_descendants(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
