"""What the threads of a process tree do while a region runs: a look every few milliseconds, from outside.

For a run of its own: the rounds that verdicts come from are not sampled. Linux only; elsewhere nothing is seen.
Sources: proc(5) (``stat``: state; ``status``: Cpus_allowed_list and context switches), sched-stats.rst.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from .counters import TreeSnapshot, for_this_system

EVERY_S = 0.005


@dataclass(frozen=True, slots=True)
class TaskSeen:
    """One thread while it was looked at.

    Attributes:
        name: as the system shows it.
        pid, tid: of it.
        cpu_s, delay_s: CPU seconds, and seconds that it stood runnable without a core (None: unknown).
        states: share of the looks in each state (R running or runnable, S asleep, D waiting for a device).
        voluntary, involuntary: context switches: it waited for something; it was displaced.
        affinity: CPUs that it may use, in the kernel's notation; empty where unknown.
    """

    name: str
    pid: int
    tid: int
    cpu_s: float
    delay_s: float | None
    states: Mapping[str, float]
    voluntary: int
    involuntary: int
    affinity: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A process tree while it was looked at.

    Attributes:
        wall_s: seconds of the looks.
        tasks: its threads that got CPU time, the busiest first.
        timeline: cores busy at each look, as (seconds since the first, cores since the last).
        variables: of each process below the root, those asked for, as they were when it was started.
        root: process id of the tree's root.
    """

    wall_s: float
    tasks: tuple[TaskSeen, ...]
    timeline: tuple[tuple[float, float], ...]
    variables: Mapping[int, Mapping[str, str]]
    root: int = 0


@dataclass
class Sampler:
    """Looks at the tree below ``pid`` from entering on until it is left; then ``seen`` holds what it saw."""

    pid: int
    names: Iterable[str] = ()
    seen: Seen = field(default_factory=lambda: Seen(0.0, (), (), {}))

    def __enter__(self) -> Sampler:
        self._counters = for_this_system()
        self._stop = threading.Event()
        self._states: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        self._switches: dict[tuple[int, int], tuple[int, int, str]] = {}
        self._variables: dict[int, Mapping[str, str]] = {}
        self._timeline: list[tuple[float, float]] = []
        self._before = {**self._counters.tree(self.pid).tasks}
        self._last = dict(self._before)
        self._first_switches = {key: _status(*key) for key in self._before}
        self._began = time.monotonic()
        self._looker = threading.Thread(target=self._look_on, name="multicore-sampler", daemon=True)
        if sys.platform == "linux":
            self._looker.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._stop.set()
        if sys.platform == "linux":
            self._looker.join()
        wall_s = time.monotonic() - self._began
        self._look()
        tasks = tuple(sorted(filter(None, map(self._task, self._last)), key=lambda task: -task.cpu_s))
        self.seen = Seen(wall_s, tasks, tuple(self._timeline), self._variables, self.pid)

    def _look_on(self) -> None:
        while not self._stop.wait(EVERY_S):
            self._look()

    def _look(self) -> None:
        now_s, tree = time.monotonic() - self._began, self._counters.tree(self.pid)
        self._note_cores(now_s, tree)
        for pid, tid in tree.tasks:
            self._states[pid, tid][_state(pid, tid)] += 1
            self._switches[pid, tid] = _status(pid, tid)
            if pid != self.pid and pid not in self._variables:
                self._variables[pid] = started_with(pid, self.names)

    def _note_cores(self, now_s: float, tree: TreeSnapshot) -> None:
        used_s = sum(
            task.cpu_s - (self._last[key].cpu_s if key in self._last else 0) for key, task in tree.tasks.items()
        )
        since_s = now_s - (self._timeline[-1][0] if self._timeline else 0.0)
        if since_s > 0:
            self._timeline.append((now_s, used_s / since_s))
        self._last.update(tree.tasks)

    def _task(self, key: tuple[int, int]) -> TaskSeen | None:
        before, after = self._before.get(key), self._last[key]
        cpu_s = after.cpu_s - (before.cpu_s if before else 0.0)
        if cpu_s <= 0:
            return None
        delay_s = None
        if after.delay_s is not None:
            delay_s = after.delay_s - ((before.delay_s or 0.0) if before else 0.0)
        looks = self._states[key].total() or 1
        voluntary, involuntary, affinity = self._switches.get(key, (0, 0, ""))
        first = self._first_switches.get(key, (0, 0, ""))
        return TaskSeen(
            name=after.name,
            pid=key[0],
            tid=key[1],
            cpu_s=cpu_s,
            delay_s=delay_s,
            states={state: count / looks for state, count in self._states[key].items()},
            voluntary=voluntary - first[0],
            involuntary=involuntary - first[1],
            affinity=affinity,
        )


def started_with(pid: int, names: Iterable[str]) -> dict[str, str]:
    """Variables of a process as they were at exec; what it set later does not show here. Empty where not to be had."""
    try:
        plain = Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return {}
    found = dict(entry.partition("=")[::2] for entry in plain.split("\0") if "=" in entry)
    return {name: found[name] for name in names if name in found}


def _state(pid: int, tid: int) -> str:
    try:
        with open(f"/proc/{pid}/task/{tid}/stat", "rb") as stat:
            return stat.read().rpartition(b") ")[2][:1].decode()
    except OSError:
        return "X"


def _status(pid: int, tid: int) -> tuple[int, int, str]:
    """Voluntary and involuntary context switches, and Cpus_allowed_list."""
    try:
        with open(f"/proc/{pid}/task/{tid}/status", encoding="utf-8", errors="replace") as status:
            told = dict(line.partition(":")[::2] for line in status)
    except OSError:
        return 0, 0, ""
    switches = (int(told.get(f"{kind}_ctxt_switches", "0")) for kind in ("voluntary", "nonvoluntary"))
    return next(switches), next(switches), told.get("Cpus_allowed_list", "").strip()
