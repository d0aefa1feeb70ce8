"""One round: what one repetition of the region, long enough to measure, took and used. It counts, or says why not."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .disturbance import TOLERATED_SHARE, a_core_each
from .pace import Pace
from .urgency import CROWDED
from .usage import ThreadUse, accounts_for


@dataclass(frozen=True, slots=True)
class Round:
    """One measured repetition.

    Attributes:
        threads: threads asked for on this side, None for inherited ones.
        repeat: how often the region ran within the round.
        began_s: when it began, in seconds since the first: which side went first in its row, too.
        wall_s, cpu_s: wall and CPU seconds of the whole round.
        delay_s: seconds that threads stood runnable without a core (usage.Usage); None where unknown.
        thread_use: the threads that got CPU time and lived on.
        foreign_s, steal_s: what others used meanwhile (disturbance.Surroundings).
        throttled_s: time that control groups were held back by their quotas, ours and the program's own.
        quiet: whether the other interpreters had come to rest before it.
        disturbance: why it does not count, or None.
        pace: how fast the cores were; None where nobody looked.
        cores_online: of the machine: more can never be busy; None where unknown.
        threads_unseen: threads of the tree that may have ended meanwhile, at most; None where nobody tells.
        cores_open: cores that its threads may use, by what is granted and by their affinity; None where unknown.
        cores_in_reach: CPUs that its threads may run on, whatever a quota grants of them; None where unknown.
        balance_s: what others used as the clocks tell it, to be summed over rounds (disturbance.Surroundings).
        foremost: taken in the real-time class, where nobody's ordinary threads come before ours, and a scheduler leaves
            no core free that one of them waits for.
        clocks_s: wall seconds by which CPU time may have been counted for longer than ``wall_s``: clocks are read one
            after the other.
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
    disturbance: str | None
    pace: Pace | None = None
    cores_online: int | None = None
    threads_unseen: int | None = None
    cores_open: float | None = None
    cores_in_reach: int | None = None
    balance_s: float | None = None
    foremost: bool = False
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
    def undelayed_one_s(self) -> float:
        """Wall seconds of one repetition, at least, had no thread stood in a queue while a core was free.

        A scheduler may put two threads on one core, though another is idle, and leave them there. That made the round
        longer by at most the sum of the waits, and by no more than the time that cores were free which are open to its
        threads: one that is pinned, or has a quota, waits for its own. And so do threads that demand more cores than
        are open to them: theirs are full while they wait, and free at other times. In the real-time class that goes
        for all of them.
        """
        if self.delay_s is None or self.cores_open is None or self._crowded or self.foremost:
            return self.one_s
        free_s = max(0.0, self.wall_s * self.cores_open - self.cpu_s)
        return max(0.0, self.wall_s - min(self.delay_s, free_s)) / self.repeat

    @property
    def _crowded(self) -> bool:
        """Whether more threads wanted to run at once than there were cores for them."""
        demanded, may = self.demanded_cores, self.cores_open
        return demanded is not None and may is not None and demanded > CROWDED * may

    @property
    def all_threads_seen(self) -> bool:
        """Whether the living threads account for the CPU time: what is left over was used by some that have ended."""
        return accounts_for(self.thread_use, self.cpu_s, in_ticks=self.delay_s is None)

    @property
    def waits_are_known(self) -> bool:
        """Whether it is known how long its threads stood in queues: to the system, or since nobody came before them."""
        return self.delay_s is not None and (self.foremost or self.all_threads_seen)

    @property
    def undivided(self) -> bool:
        """Whether no hypervisor took part of the cores: what it takes shows neither as CPU time nor as a wait."""
        return self.steal_s <= TOLERATED_SHARE * self.wall_s

    @property
    def demanded_cores(self) -> float | None:
        """CPU seconds and waits for a core per wall second; None where waits are unknown."""
        return None if self.delay_s is None else (self.cpu_s + self.delay_s) / self.wall_s

    @property
    def most_cores(self) -> float | None:
        """Cores busy at most, had nobody kept the threads waiting; None where waits are unknown.

        Without them the round would have been shorter by at most their sum. Demanded cores are no such bound: a thread
        that sleeps until a displaced one is done stands in no queue. Nor are the waits known of threads that ended
        within the round: theirs are at most the time that others used, unless there was a core for each. And nobody
        can have kept them from cores that are not open to them. In the real-time class others had no more than what
        the system keeps for them, unless the round was disturbed all the same.
        """
        if self.delay_s is None or self.demanded_cores is None:
            return None
        if self.foremost and self.disturbance is None:
            most = self.busy_cores / (1 - TOLERATED_SHARE)
        else:
            foreign = self.foreign_s / self.wall_s
            alone = a_core_each(self.threads or math.inf, self.busy_cores, foreign, self.cores_in_reach)
            waited_s = self.delay_s if alone or self.all_threads_seen else max(self.delay_s, self.foreign_s)
            undelayed_s = self.wall_s - waited_s
            most = max(self.demanded_cores, self.cpu_s / undelayed_s) if undelayed_s > 0 else math.inf
        known = [cores for cores in (self.cores_online, self.cores_open) if cores is not None]
        return max(self.busy_cores, min([most, *known]))
