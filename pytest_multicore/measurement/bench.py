"""Where rounds are taken: long enough to measure, by sides that take turns, so that each pair gives one ratio."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .counters import Counters, TreeSnapshot
from .disturbance import (
    TOLERATED_SHARE,
    Surroundings,
    disturbance,
    kept_waiting,
    longest_wait_s,
    surroundings,
)
from .pace import Pacer
from .probation import Probation
from .quiet import wait_until_quiet
from .rounds import Round
from .urgency import Urgency
from .usage import OwnClock, Usage, threads_unseen, usage

#: What short work is repeated to fill: clocks, messages and a wake-up (tens of microseconds) do not matter in it.
#: Longer rounds were measured too (20, 40 and 80 ms, quiet and beside neighbours): their ratios spread no less, more of
#: them are disturbed, and each costs its length.
ROUND_S = 0.03
MOST_REPEATS = 1_000_000
#: CPU time of a process in a round that can have kept anybody waiting.
ANYBODY_S = 0.0005


@dataclass(frozen=True, slots=True)
class Timing:
    """What the agent measured of itself in one round.

    Attributes:
        wall_s: of the region.
        own: its own CPU seconds.
        clocks_s: wall seconds by which these may have been counted for longer than the wall's.
    """

    wall_s: float
    own: OwnClock
    clocks_s: float = 0.0


class Subject(Protocol):
    """A live interpreter with an opened workload: what a round is taken of."""

    @property
    def pid(self) -> int:
        """The agent's process id."""
        ...

    @property
    def threads(self) -> int | None:
        """Threads asked for; None for inherited ones."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether a round may run the region more than once."""
        ...

    @property
    def first_s(self) -> float | None:
        """Wall seconds of the region's first run, before any round; None where it has not run."""
        ...

    def prepare(self) -> None:
        """Get ready for the next ``take``, outside the round."""
        ...

    def pause(self) -> None:
        """Stand still until the next ``take``."""
        ...

    @property
    def foremost(self) -> bool:
        """Whether others do not keep its threads waiting, whatever they do."""
        ...

    def urge(self, urgent: bool) -> None:
        """Ask for more of the machine, since its threads are kept waiting, or for no more than before."""
        ...

    def take(self, repeat: int) -> Timing:
        """Run the region ``repeat`` times."""
        ...


@dataclass
class Bench:
    """Where rounds are taken: live interpreters side by side, one running at a time.

    Attributes:
        subjects: one for each side; the first is the one in question, the others are what it is compared with.
        seed: of the order in which sides take turns, so that a run can be told again.
        pacer: looks at the cores' speed after each round; None: nobody does.
        cores_online: of the machine; None where unknown.
        cores_in_reach: CPUs that the sides' threads may run on, whatever a quota grants of them; None where unknown.
        different_work: whether the sides do not run the same, so that each fills its rounds by itself.
    """

    subjects: Sequence[Subject]
    counters: Counters
    cores_granted: float
    seed: int = 0
    pacer: Pacer | None = None
    cores_online: int | None = None
    cores_in_reach: int | None = None
    different_work: bool = False
    _trees: dict[int, TreeSnapshot] = field(default_factory=dict)
    _start_s: float = 0.0
    _urgency: Urgency = field(default_factory=Urgency)
    _probation: Probation = field(default_factory=Probation)
    _urged: bool = False

    def rows(self) -> Iterator[tuple[Round, ...]]:
        """Endless rows of rounds, one a side, in the subjects' order however they took turns; empty ones are on trial.

        Each row's order is drawn: given all speeds that the machine had, a pair is as likely to have met them in one
        order as in the other, so that neither a drift nor an autocorrelation favours a side or a run of pairs. Rounds
        that were too short to measure are dropped and only tell how often the region must run.
        """
        if self.pacer:
            self.pacer.get_to_know(*(subject.threads or math.ceil(self.cores_granted) for subject in self.subjects))
        order = list(range(len(self.subjects)))
        draw = random.Random(self.seed)
        draw.shuffle(order)
        repeats = self._first_repeats()
        while True:
            row = self._row(order, repeats)
            draw.shuffle(order)
            needed = self._needed(repeats, [one.wall_s for one in row])
            if needed == repeats or not self._repeatable:
                break
            repeats = needed
        while True:
            yield row if self._counts(row) else ()
            self._urge()
            row = self._row(order, repeats)
            draw.shuffle(order)

    def _counts(self, row: Sequence[Round]) -> bool:
        """Whether a row may count; where it shows that urging does harm, that is taken back for good."""
        counts = self._probation.counts(row)
        if self._probation.failed:
            self._urgency.barred, self._urgency.now = True, False
        return counts

    def _urge(self) -> None:
        """Have all sides ask for more, or no more of it: between rows, for the rounds of one row are compared."""
        urgent = self._urgency.now and self._probation.ready
        if urgent is not self._urged:
            self._urged = urgent
            for subject in self.subjects:
                subject.urge(urgent)

    def _first_repeats(self) -> list[int]:
        """By the warm-up: a first run, cold, takes longer than the others, so this comes near and never goes beyond."""
        ones = [1] * len(self.subjects)
        firsts = [subject.first_s for subject in self.subjects]
        if not self._repeatable or None in firsts:
            return ones
        return self._needed(ones, [first for first in firsts if first is not None])

    def _needed(self, repeats: Sequence[int], walls_s: Sequence[float]) -> list[int]:
        """How often each side must run to fill a round, seen rounds of so many runs."""
        if self.different_work:
            return [_repeats_needed(repeat, wall_s) for repeat, wall_s in zip(repeats, walls_s, strict=True)]
        return [_repeats_needed(repeats[0], min(walls_s))] * len(repeats)

    @property
    def _repeatable(self) -> bool:
        return all(subject.repeatable for subject in self.subjects)

    def _row(self, order: Sequence[int], repeats: Sequence[int]) -> tuple[Round, ...]:
        taken = {side: self._take(side, repeats[side]) for side in order}
        return tuple(taken[side] for side in range(len(self.subjects)))

    def _take(self, side: int, repeat: int) -> Round:
        subject = self.subjects[side]
        subject.prepare()
        quiet = self._have_others_rest(subject)
        self._start_s = self._start_s or time.monotonic()
        began_s, foremost = time.monotonic() - self._start_s, subject.foremost
        timing, used, around, unseen = self._run(subject, repeat)
        at_once = 0 if foremost else subject.threads or math.inf
        waited_s = longest_wait_s(used, timing.wall_s, around, at_once, self.cores_in_reach or self.cores_online)
        if foremost:
            waited_s = self._waited_for_rivals_s(waited_s, used)
        why = disturbance(timing.wall_s, waited_s, self.cores_granted, around)
        if why is None and not quiet:
            why = "the other interpreter's threads kept spinning after their round and never came to rest"
        threads = [(one.pid, one.tid) for one in used.threads]
        cores_open = self.counters.cores_open_to(threads)
        if cores_open is not None and not used.all_threads_seen:  # those that ended may have had more of them
            cores_open = self.cores_in_reach or cores_open
        if timing.wall_s >= ROUND_S / 2:  # the first rounds, too short to count, tell nothing of how many are at work
            waited = waited_s is not None and kept_waiting(timing.wall_s, waited_s, self.cores_granted, around)
            self._learn(side, used, timing.wall_s, cores_open, waited or _parted(used, timing.wall_s, around))
        pace = None
        if self.pacer:
            subject.pause()
            cores = self.counters.cores_of(threads)
            pace = self.pacer.after_round(used.cpu_s / timing.wall_s, cores, around.foreign_s / timing.wall_s)
        return Round(
            threads=subject.threads,
            repeat=repeat,
            began_s=began_s,
            wall_s=timing.wall_s,
            cpu_s=used.cpu_s,
            delay_s=used.delay_s,
            thread_use=used.threads,
            foreign_s=around.foreign_s,
            steal_s=around.steal_s,
            throttled_s=around.throttled_s + used.throttled_s,
            quiet=quiet,
            disturbance=why,
            pace=pace,
            cores_online=self.cores_online,
            cores_open=None if cores_open is None else min(cores_open, self.cores_granted),
            threads_unseen=unseen,
            cores_in_reach=self.cores_in_reach or self.cores_online,
            balance_s=around.balance_s,
            foremost=foremost,
            clocks_s=timing.clocks_s,
        )

    def _have_others_rest(self, subject: Subject) -> bool:
        """Whether all but this one stand still. What a side started outside its process group is not paused with it."""
        others = [one for one in self.subjects if one is not subject]
        for one in others:
            one.pause()
        return wait_until_quiet([(one.pid, self._trees.get(one.pid)) for one in others], self.counters)

    def _run(self, subject: Subject, repeat: int) -> tuple[Timing, Usage, Surroundings, int | None]:
        """A round between two looks at the machine: what it took, used, met, and the threads that may have ended."""
        machine_before, before = self.counters.machine(), self.counters.tree(subject.pid)
        timing = subject.take(repeat)
        after, machine_after = self.counters.tree(subject.pid, before), self.counters.machine()
        self._trees[subject.pid] = after
        used = usage(subject.pid, before, after, timing.own)
        around = surroundings(machine_before, machine_after, used, timing.wall_s, self.cores_online)
        return timing, used, around, threads_unseen(before, after, machine_after.started_since(machine_before))

    def _waited_for_rivals_s(self, waited_s: float | None, used: Usage) -> float | None:
        """How long threads in the real-time class waited for others, at most: for those that are there, too.

        Else they wait for each other, as where three work on two cores, beside a neighbour on cores that they leave
        free at other times. What the system keeps for ordinary threads is 5 % at most.
        """
        if waited_s is None or used.others_s is None or not used.all_seen:
            return waited_s
        rivals_s = (
            cpu_s for pid, cpu_s in used.others.items() if cpu_s > ANYBODY_S and self.counters.is_real_time(pid)
        )
        return min(waited_s, sum(rivals_s))

    def _learn(self, side: int, used: Usage, wall_s: float, cores_open: int | None, kept_waiting: bool) -> None:
        """Have the urgency know of a round of a side."""
        demanded_cores = (used.cpu_s + (used.delay_s or 0.0)) / wall_s
        demand = demanded_cores / min(self.cores_granted, cores_open or math.inf)
        self._urgency.learn(side, demand, kept_waiting=kept_waiting)


def _parted(used: Usage, wall_s: float, around: Surroundings) -> bool:
    """Whether a thread stood in a queue for longer than is tolerated, whoever came before it, and by no quota."""
    return max(0.0, (used.longest_delay_s or 0.0) - around.throttled_s) > TOLERATED_SHARE * wall_s


def _repeats_needed(repeat: int, fastest_s: float) -> int:
    """How often the region must run for the fastest side to fill a round, seen one round of ``repeat`` runs.

    A round of half the length is let pass: the first one, cold, often takes longer than those that follow.
    """
    if fastest_s >= ROUND_S / 2 or repeat >= MOST_REPEATS:
        return repeat
    # A very short round says little about the next: come near in steps.
    factor = min(1000.0, ROUND_S / max(fastest_s, 1e-9))
    return min(MOST_REPEATS, max(repeat + 1, math.ceil(repeat * factor)))
