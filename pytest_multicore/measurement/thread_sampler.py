"""What the threads of a process tree do while a region runs: a sample every few milliseconds, from outside.

For a run of its own: the rounds that verdicts come from are not sampled. Linux only; elsewhere there are no samples.
Sources: proc(5) (``stat``: state; ``status``: Cpus_allowed_list and context switches), sched-stats.rst.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from pytest_multicore.rounds.tolerances import MAX_SAMPLER_CPU_SHARE, SAMPLE_INTERVAL_S
from pytest_multicore.settings import clocks
from pytest_multicore.settings.system import IS_LINUX

from .counters import for_this_system
from .snapshots import TreeSnapshot


@dataclass(frozen=True, slots=True)
class ThreadSample:
    """One thread while it was sampled.

    Attributes:
        name: as the system shows it.
        pid, tid: its process id and thread id.
        cpu_s, delay_s: CPU seconds, and run-queue delay in seconds (None: unknown).
        states: share of the samples in each state (R running or runnable, S asleep, D waiting for a device).
        voluntary, involuntary: context switches: it waited for something; it was displaced.
        affinity: CPUs that it may use, in the kernel's notation; empty where unknown.
        timeline: at each sample, (seconds since the first, cores busy since the last, state).
        library: path of the library whose code it runs (thread_libraries.py); empty where unknown.
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
    timeline: tuple[tuple[float, float, str], ...] = ()
    library: str = ""


@dataclass(frozen=True, slots=True)
class ThreadSamples:
    """A process tree while it was sampled.

    Attributes:
        wall_s: seconds from the first sample to the last.
        tasks: its threads, the busiest first; those that were idle all the time come last.
        timeline: cores busy at each sample, as (seconds since the first, cores since the last).
        variables: by process id below the root, the variables asked for, as they were when it was started.
        root: process id of the tree's root.
        foreign_cores: cores of background load meanwhile, as far as the machine's counters show it.
    """

    wall_s: float
    tasks: tuple[ThreadSample, ...]
    timeline: tuple[tuple[float, float], ...]
    variables: Mapping[int, Mapping[str, str]]
    root: int = 0
    foreign_cores: float = 0.0

    @property
    def at_work(self) -> tuple[ThreadSample, ...]:
        """The threads that got CPU time."""
        return tuple(task for task in self.tasks if task.cpu_s > 0)


@dataclass
class Sampler:
    """Samples the tree under ``pid`` while it is entered; afterwards ``samples`` holds the result.

    Attributes:
        pid: process id of the tree's root.
        names: variables of its processes that are read.
        adopter: see counters.Counters.tree.
        samples: empty until the sampler is left.
    """

    pid: int
    names: Iterable[str] = ()
    adopter: int | None = None
    samples: ThreadSamples = field(default_factory=lambda: ThreadSamples(0.0, (), (), {}))

    def __enter__(self) -> Sampler:
        self._counters = for_this_system()
        self._stop = threading.Event()
        self._states: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        self._switches: dict[tuple[int, int], tuple[int, int, str]] = {}
        self._variables: dict[int, Mapping[str, str]] = {}
        self._timeline: list[tuple[float, float]] = []
        self._series: dict[tuple[int, int], list[tuple[float, float, str]]] = defaultdict(list)
        self._sampling_s, self._machine = 0.0, self._counters.machine()
        self._before = {**self._counters.tree(self.pid, adopter=self.adopter).tasks}
        self._last = dict(self._before)
        self._first_switches = {key: _status(*key) for key in self._before}
        self._began = clocks.monotonic()
        self._thread = threading.Thread(target=self._sample_until_stopped, name="multicore-sampler", daemon=True)
        if IS_LINUX:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._stop.set()
        if IS_LINUX:
            self._thread.join()
        wall_s = clocks.monotonic() - self._began
        self._sample()
        busy_s = (self._counters.machine().busy_s or 0.0) - (self._machine.busy_s or 0.0)
        tasks = tuple(sorted(map(self._task, self._last), key=lambda task: -task.cpu_s))
        foreign_s = busy_s - self._sampling_s - sum(task.cpu_s for task in tasks)
        foreign_cores = max(0.0, foreign_s) / wall_s if wall_s > 0 else 0.0
        self.samples = ThreadSamples(wall_s, tasks, tuple(self._timeline), self._variables, self.pid, foreign_cores)

    def _sample_until_stopped(self) -> None:
        pause_s = SAMPLE_INTERVAL_S
        while not self._stop.wait(pause_s):
            before_s = clocks.thread_time()
            self._sample()
            self._sampling_s = clocks.thread_time()
            pause_s = max(SAMPLE_INTERVAL_S, (self._sampling_s - before_s) / MAX_SAMPLER_CPU_SHARE)

    def _sample(self) -> None:
        now_s, tree = clocks.monotonic() - self._began, self._counters.tree(self.pid, adopter=self.adopter)
        last_s, states = self._timeline[-1][0] if self._timeline else 0.0, {key: _state(*key) for key in tree.tasks}
        for key, state in states.items():
            used_s = tree.tasks[key].cpu_s - (self._last[key].cpu_s if key in self._last else 0.0)
            self._series[key].append((now_s, used_s / max(now_s - last_s, 1e-9), state))
        self._note_cores(now_s, tree)
        for pid, tid in tree.tasks:
            self._states[pid, tid][states[pid, tid]] += 1
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

    def _task(self, key: tuple[int, int]) -> ThreadSample:
        before, after = self._before.get(key), self._last[key]
        cpu_s = max(0.0, after.cpu_s - (before.cpu_s if before else 0.0))
        delay_s = None
        if after.delay_s is not None:
            delay_s = after.delay_s - ((before.delay_s or 0.0) if before else 0.0)
        samples = self._states[key].total() or 1
        voluntary, involuntary, affinity = self._switches.get(key, (0, 0, ""))
        first = self._first_switches.get(key, (0, 0, ""))
        return ThreadSample(
            name=after.name,
            pid=key[0],
            tid=key[1],
            cpu_s=cpu_s,
            delay_s=delay_s,
            states={state: count / samples for state, count in self._states[key].items()},
            voluntary=voluntary - first[0],
            involuntary=involuntary - first[1],
            affinity=affinity,
            timeline=tuple(self._series[key]),
        )


def started_with(pid: int, names: Iterable[str]) -> dict[str, str]:
    """Variables of a process as they were at exec: what it set later does not show here. Empty where hidden."""
    try:
        plain = Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return {}
    variables = dict(entry.partition("=")[::2] for entry in plain.split("\0") if "=" in entry)
    return {name: variables[name] for name in names if name in variables}


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
            entries = dict(line.partition(":")[::2] for line in status)
    except OSError:
        return 0, 0, ""
    switches = (int(entries.get(f"{kind}_ctxt_switches", "0")) for kind in ("voluntary", "nonvoluntary"))
    return next(switches), next(switches), entries.get("Cpus_allowed_list", "").strip()
