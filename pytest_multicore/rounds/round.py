"""One round: what it took, what it used, and what follows from it alone. Plain data.

This module imports nothing of this package but the thresholds, so what stands on rounds alone can be tested by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .tolerances import MAX_CPU_GAP_S, MAX_CPU_GAP_SHARE, MAX_CPU_GAP_TICKS_S, MIN_AT_WORK_SHARE


@dataclass(frozen=True, slots=True)
class ThreadUse:
    """One thread that got CPU time: its name, process id and thread id, and its seconds in the round.

    Attributes:
        name, pid, tid: of the thread.
        cpu_s: CPU seconds.
        delay_s: run-queue delay in seconds; None where unknown.
    """

    name: str
    pid: int
    tid: int
    cpu_s: float
    delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """What a compute loop that shares nothing got from the machine right after a round (measurement/control.py).

    Attributes:
        cores: workers at work at once, on a core each.
        speed: units of work per wall second of the slowest worker.
        cpu_share: CPU seconds per wall second of the worker that got the least: 1 where none had to wait.
        fastest: speed of the fastest worker; None where it was not kept.
        total: speed of all workers together; None where it was not kept.
        memory: how fast one worker copied memory beside the background load on the cores that the round left free, as
            a share of its speed with those cores taken; None where there was no such load.
    """

    cores: int
    speed: float
    cpu_share: float = 1.0
    memory: float | None = None
    fastest: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a region outside of rounds: wall seconds, and CPU seconds of the process and its children."""

    wall_s: float
    cpu_s: float

    @property
    def cores(self) -> float:
        """Busy cores: CPU seconds per wall second."""
        return self.cpu_s / self.wall_s if self.wall_s > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One round of one side. Rounds compare by identity, so what follows from one can be cached (verdicts/bounds.py).

    The JSON report keeps the fields under these names, but ``foreign_raw_s`` under ``balance_s``.

    Attributes:
        threads: threads that the side was told to use; None for inherited ones.
        repeat: repetitions of the region in the round.
        began_s: when it began, in seconds since the first round: it also shows which side went first in its row.
        wall_s, cpu_s: wall and CPU seconds of the whole round.
        clocks_s: wall seconds round the region, beyond ``wall_s``, in which the CPU clock may have run.
        delay_s: run-queue delay: seconds that threads could run and had no core, summed; None where unknown.
        thread_use: the threads that got CPU time and lived on.
        foreign_s, steal_s: CPU seconds of the background load, and of other guests (interference.Interference).
        throttled_s: seconds that quotas of our control groups held threads back. A quota of the program's own is left
            out: that is the program's doing.
        quiet: whether the other sides had come to rest before it.
        control: what the machine gave a compute loop right after it; None where that was not taken.
        cores_online: of the machine: more can never be busy; None where unknown.
        threads_unseen: threads of the side that may have ended within the round, at most; None where unknown.
        cores_open: cores that its threads may use, by what is granted and by their affinity; None where unknown.
        cores_in_reach: CPUs that its threads may run on, whatever a quota grants of them; None where unknown.
        cores_granted: of the machine, to this side: by its affinity at the start and by quotas; None where unknown.
        ended_cpu_s: CPU seconds of threads that began and ended within the round, and told of it.
        ended_wait_s: seconds that these waited for a core, or slept, summed.
        foreign_raw_s: background load as the clocks show it, to be summed over rounds (interference.Interference).
        real_time: whether it was taken in the real-time class, where no ordinary thread comes before ours.
    """

    threads: int | None
    repeat: int
    began_s: float
    wall_s: float
    cpu_s: float
    delay_s: float | None
    thread_use: tuple[ThreadUse, ...]
    foreign_s: float
    steal_s: float
    throttled_s: float
    quiet: bool
    control: Control | None = None
    cores_online: int | None = None
    threads_unseen: int | None = None
    cores_open: float | None = None
    cores_in_reach: int | None = None
    foreign_raw_s: float | None = None
    real_time: bool = False
    clocks_s: float = 0.0
    cores_granted: float | None = None
    ended_cpu_s: float = 0.0
    ended_wait_s: float = 0.0

    @property
    def repetition_s(self) -> float:
        """Wall seconds of one repetition of the region."""
        return self.wall_s / self.repeat

    @property
    def repetition_cpu_s(self) -> float:
        """CPU seconds of one repetition of the region."""
        return self.cpu_s / self.repeat

    @property
    def busy_cores(self) -> float:
        """CPU seconds per wall second."""
        return self.cpu_s / self.wall_s

    @property
    def demanded_cores(self) -> float | None:
        """CPU seconds and run-queue delay per wall second; None where the delay is unknown."""
        return None if self.delay_s is None else (self.cpu_s + self.delay_s) / self.wall_s

    @property
    def all_threads_seen(self) -> bool:
        """Whether the living threads account for the CPU time: else some have ended within the round."""
        return accounts_for(self.thread_use, self.cpu_s, in_ticks=self.delay_s is None)

    @property
    def waits_are_known(self) -> bool:
        """Whether it is known how long its threads waited for a core: those that ended took their waits along."""
        return self.delay_s is not None and (self.all_threads_seen or self.enough_cores)

    @property
    def told_wait_s(self) -> float:
        """Seconds that its threads waited for a core at most, by what those told that ended; infinite if some did not.

        A thread waited at most as long as it did not compute. What counts twice may stand for one that did not tell:
        a thread that has told and is not yet gone, or coroutines that a library passes off as threads.
        """
        told = accounts_for(self.thread_use, self.cpu_s - self.ended_cpu_s, in_ticks=False)
        seen_s = self.ended_cpu_s + sum(use.cpu_s for use in self.thread_use)
        counted_twice = seen_s > (1 + MAX_CPU_GAP_SHARE) * self.cpu_s + MAX_CPU_GAP_S
        return math.inf if self.delay_s is None or counted_twice or not told else self.delay_s + self.ended_wait_s

    @property
    def enough_cores(self) -> bool:
        """Whether there was a core for each of its threads, and for each thread of the background load."""
        wanted = max(self.threads or math.inf, self.busy_cores) + math.ceil(self.foreign_s / self.wall_s)
        return self.cores_in_reach is not None and wanted <= self.cores_in_reach


def threads_at_work(threads: Sequence[ThreadUse]) -> int:
    """How many threads do a share of the work: one that hands it to others, or tends memory, is none of them."""
    busiest_s = max((use.cpu_s for use in threads), default=0.0)
    return sum(use.cpu_s >= MIN_AT_WORK_SHARE * busiest_s > 0 for use in threads)


def accounts_for(threads: Sequence[ThreadUse], cpu_s: float, *, in_ticks: bool) -> bool:
    """Whether the living threads used all of the CPU time. What is missing was used by threads that have ended.

    Args:
        threads: the living ones.
        cpu_s: CPU seconds of the whole side.
        in_ticks: whether the threads' clocks count in ticks of 10 ms.
    """
    gap_s = MAX_CPU_GAP_TICKS_S if in_ticks else MAX_CPU_GAP_S
    return sum(use.cpu_s for use in threads) >= (1 - MAX_CPU_GAP_SHARE) * cpu_s - gap_s
