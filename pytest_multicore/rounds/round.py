"""One round: what one repetition of the region, long enough to measure, took and used. Plain data, no thresholds.

This module imports nothing of this package, so that what stands on rounds alone can be tested, and used, by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: CPU time that threads which live on may lack, and none has ended all the same: they are counted to the nanosecond, or
#: where waits are unknown in ticks of 10 ms. And the share of it that their clocks are read too late for.
UNSEEN_S, UNSEEN_IN_TICKS_S, UNSEEN_SHARE = 0.001, 0.02, 0.05


@dataclass(frozen=True, slots=True)
class ThreadUse:
    """One thread that got CPU time: its name, process and thread id, and CPU seconds in the round."""

    name: str
    pid: int
    tid: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Control:
    """What a compute loop that shares nothing got from the machine right after a round (measurement/control.py).

    Attributes:
        cores: workers at work at once, a core each.
        speed: units of work per wall second of the slowest of them.
        cpu_share: CPU seconds per wall second of the one that got the least: 1 where nobody kept it waiting.
        fastest: speed of the fastest of them; None where it was not kept.
        total: speed of all of them together; None likewise.
        memory: how fast one worker copied memory beside the neighbours on the cores that the round left free, as a
            share of what it copies when those cores are taken from them; None where nobody was there.
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
        """CPU seconds per wall second."""
        return self.cpu_s / self.wall_s if self.wall_s > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One measured repetition. Each is itself alone, so that what follows from it can be kept (verdicts/bounds.py).

    Attributes:
        threads: threads asked for on this side, None for inherited ones.
        repeat: how often the region ran within the round.
        began_s: when it began, in seconds since the first: which side went first in its row, too.
        wall_s, cpu_s: wall and CPU seconds of the whole round.
        clocks_s: wall seconds round the region, beyond ``wall_s``, in which the CPU clock may have run.
        delay_s: seconds that threads stood runnable without a core (usage.Usage); None where unknown.
        thread_use: the threads that got CPU time and lived on.
        foreign_s, steal_s: what others used meanwhile (interference.Interference).
        throttled_s: time that our control groups were held back by a quota; one of the program's own is its own doing.
        quiet: whether the other interpreters had come to rest before it.
        control: what the machine gave a compute loop right after it; None where nobody looked.
        cores_online: of the machine: more can never be busy; None where unknown.
        threads_unseen: threads of the tree that may have ended meanwhile, at most; None where nobody tells.
        cores_open: cores that its threads may use, by what is granted and by their affinity; None where unknown.
        cores_in_reach: CPUs that its threads may run on, whatever a quota grants of them; None where unknown.
        balance_s: what others used as the clocks tell it, to be summed over rounds (interference.Interference).
        real_time: taken in the real-time class, where nobody's ordinary threads come before ours.
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
    balance_s: float | None = None
    real_time: bool = False
    clocks_s: float = 0.0

    @property
    def one_s(self) -> float:
        """Wall seconds of one repetition of the region."""
        return self.wall_s / self.repeat

    @property
    def busy_cores(self) -> float:
        """CPU seconds per wall second."""
        return self.cpu_s / self.wall_s

    @property
    def demanded_cores(self) -> float | None:
        """CPU seconds and waits for a core per wall second; None where waits are unknown."""
        return None if self.delay_s is None else (self.cpu_s + self.delay_s) / self.wall_s

    @property
    def all_threads_seen(self) -> bool:
        """Whether the living threads account for the CPU time: what is left over was used by some that have ended."""
        return accounts_for(self.thread_use, self.cpu_s, in_ticks=self.delay_s is None)

    @property
    def waits_are_known(self) -> bool:
        """Whether it is known how long its threads stood in queues: those that ended took their waits along."""
        return self.delay_s is not None and (self.all_threads_seen or self.a_core_each)

    @property
    def a_core_each(self) -> bool:
        """Whether there was a core for each of its threads, and for each that others kept busy."""
        wanted = max(self.threads or math.inf, self.busy_cores) + math.ceil(self.foreign_s / self.wall_s)
        return self.cores_in_reach is not None and wanted <= self.cores_in_reach


def accounts_for(threads: Sequence[ThreadUse], cpu_s: float, *, in_ticks: bool) -> bool:
    """Whether the living threads used all of the CPU time: what is left over was used by some that have ended."""
    slack_s = UNSEEN_IN_TICKS_S if in_ticks else UNSEEN_S
    return sum(use.cpu_s for use in threads) >= (1 - UNSEEN_SHARE) * cpu_s - slack_s
