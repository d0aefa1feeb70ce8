"""Linux's own counters: /proc and the per-process CPU clocks, in nanoseconds.

Sources: proc(5), clock_getcpuclockid(3), ``Documentation/scheduler/sched-stats.rst`` (the three fields of
``/proc/PID/task/TID/schedstat``: time on a CPU and time waiting on a run queue, both in nanoseconds, and time slices).
"""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from pytest_multicore.rounds.tolerances import MAX_TREE_READINGS
from pytest_multicore.settings import clocks
from pytest_multicore.settings.system import IS_LINUX

from .cgroups import throttled_apart_s, throttled_s
from .snapshots import MachineSnapshot, TaskTimes, TreeSnapshot

_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if IS_LINUX else 100
_NS = 1e-9


class ProcCounters:
    """See counters.Counters."""

    name = "proc"
    tick_s = 1e-6

    def tree(self, pid: int, known: TreeSnapshot | None = None, adopter: int | None = None) -> TreeSnapshot:
        """See Counters. To find new processes means to read all of /proc: milliseconds, on a large machine many."""
        read = {process: _read(process) for process in (known.process_cpu_s if known else ())}
        for _ in range(MAX_TREE_READINGS):
            ours, others = _descendants(adopter or pid)
            cpu_s: dict[int, float] = {}
            tasks: dict[tuple[int, int], TaskTimes] = {}
            reaped_s = {adopter: ours.pop(adopter)} if adopter in ours else {}
            for process in ours:
                process_s, threads = read.get(process) or _read(process)
                if process_s is not None and (process not in read or process_cpu_s(process) is not None):
                    cpu_s[process] = process_s
                    tasks.update(threads)
            reaped_s |= {process: ours[process] for process in cpu_s}
            # Else one ended meanwhile, perhaps before it was listed: its time is in its parent's entry, read too soon.
            if len(cpu_s) == len(ours) and all(_reaped_s(process) == was_s for process, was_s in reaped_s.items()):
                break
        throttled_s = throttled_apart_s(Path(f"/proc/{pid}"))
        return TreeSnapshot(cpu_s, reaped_s, tasks, throttled_s, _cpu_clocks(others), _all_processes_are_visible())

    def tree_cpu_s(self, pid: int, known: TreeSnapshot | None) -> float:
        """See Counters."""
        pids = known.process_cpu_s if known else (pid,)
        return sum(process_cpu_s(process) or 0.0 for process in pids)

    def machine(self) -> MachineSnapshot:
        """See Counters. ``/proc/stat`` counts in ticks: over a short round it is good to some 10 ms a core."""
        with open("/proc/stat", "rb") as stat:
            text = stat.read()
        user, nice, system, _idle, _iowait, irq, softirq, steal = (int(n) for n in text.split(maxsplit=9)[1:9])
        ticks = user + nice + system + irq + softirq
        busy_s = ticks / _TICKS_PER_S - clocks.thread_time() if ticks and _stat_is_the_kernels() else None
        started = text.partition(b"\nprocesses ")[2].split(maxsplit=1)
        return MachineSnapshot(busy_s, steal / _TICKS_PER_S, throttled_s(), int(started[0]) if started else None)

    def cores_of(self, threads: Sequence[tuple[int, int]]) -> list[int]:
        """See Counters."""
        stats = (_stat(f"{pid}/task/{tid}") for pid, tid in threads)
        return [int(fields[36]) for fields in stats if fields is not None]

    def cores_open_to(self, threads: Sequence[tuple[int, int]]) -> int | None:
        """See Counters."""
        cores = set[int]()
        for _, tid in threads:
            with contextlib.suppress(OSError):  # it ended meanwhile
                cores |= os.sched_getaffinity(tid)
        return len(cores) or None


def process_cpu_s(pid: int) -> float | None:
    """CPU time of a process with all its threads, ended ones too; None when it is gone.

    A process's CPU clock has an id that is made of its process id: ``clock_getcpuclockid(3)``, which Python lacks,
    computes just this.
    """
    try:
        return clocks.clock_gettime((~pid << 3) | 2)
    except OSError:
        return None


def _descendants(root: int) -> tuple[dict[int, float], set[int]]:
    """The tree's process ids, each with the CPU seconds of its reaped children; and the other process ids."""
    children: dict[int, list[int]] = defaultdict(list)
    reaped_s: dict[int, float] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal() and (fields := _stat(name)) is not None:
            children[int(fields[1])].append(int(name))
            reaped_s[int(name)] = _reaped_in(fields)
    tree, queue = {}, [root]
    while queue:
        pid = queue.pop()
        if pid in reaped_s:
            tree[pid] = reaped_s[pid]
            queue.extend(children[pid])
    return tree, reaped_s.keys() - tree.keys()


def _reaped_s(pid: int) -> float | None:
    fields = _stat(str(pid))
    return None if fields is None else _reaped_in(fields)


def _reaped_in(fields: list[bytes]) -> float:
    """CPU seconds of the children that a process has waited for, from its stat."""
    return (int(fields[13]) + int(fields[14])) / _TICKS_PER_S


def _read(pid: int) -> tuple[float | None, dict[tuple[int, int], TaskTimes]]:
    return process_cpu_s(pid), _tasks(pid)


def _cpu_clocks(pids: Iterable[int]) -> dict[int, float] | None:
    """CPU seconds of processes, and of this one without this thread; None where a process ended meanwhile."""
    readings = {os.getpid(): clocks.process_time() - clocks.thread_time()}
    for pid in pids:
        cpu_s = process_cpu_s(pid)
        if cpu_s is None:
            return None
        readings.setdefault(pid, cpu_s)
    return readings


def _stat(task: str) -> list[bytes] | None:
    """Fields 3 and on of a process's or thread's stat (the second, the name, may hold blanks and brackets)."""
    try:
        with open(f"/proc/{task}/stat", "rb") as stat:
            return stat.read().rpartition(b") ")[2].split()
    except OSError:
        return None


def usable() -> bool:
    """Whether this kernel has what is read here: some sandboxes show a /proc that is empty or stands still."""
    return process_cpu_s(os.getpid()) is not None and bool(_tasks(os.getpid()))


@cache
def _stat_is_the_kernels() -> bool:
    """Whether /proc/stat is the kernel's: lxcfs puts a file in its place that is about a container alone."""
    try:
        return " /proc/stat " not in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True


@cache
def _all_processes_are_visible() -> bool:
    """Whether /proc shows all processes: in a container it does not, nor where it hides those of other users."""
    try:
        return Path("/proc/2/comm").read_text(encoding="ascii").strip() == "kthreadd"
    except OSError:
        return False


def _tasks(pid: int) -> dict[tuple[int, int], TaskTimes]:
    tasks = {}
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return {}
    for thread in threads:
        try:
            tasks[pid, int(thread)] = _task(f"/proc/{pid}/task/{thread}")
        except (OSError, ValueError):
            continue  # the thread ended meanwhile
    return tasks


def _task(folder: str) -> TaskTimes:
    with open(f"{folder}/comm", encoding="utf-8", errors="replace") as comm:
        name = comm.read().strip()
    if _waits_are_reported():
        with open(f"{folder}/schedstat", "rb") as schedstat:
            ran_ns, waited_ns, _slices = schedstat.read().split()
        return TaskTimes(name, int(ran_ns) * _NS, int(waited_ns) * _NS)
    with open(f"{folder}/stat", "rb") as stat:
        fields = stat.read().rpartition(b") ")[2].split()
    return TaskTimes(name, (int(fields[11]) + int(fields[12])) / _TICKS_PER_S, None)


@cache
def _waits_are_reported() -> bool:
    """Whether the kernel keeps schedstat. One built without it shows no file, or zeros: no wait is not a known wait."""
    try:
        with open("/proc/self/schedstat", "rb") as schedstat:
            return int(schedstat.read().split()[0]) > 0
    except (OSError, ValueError, IndexError):
        return False
