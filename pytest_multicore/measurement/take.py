"""Where rounds are taken: long enough to measure, by sides that take turns, so that each pair gives one ratio."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pytest_multicore.rounds.round import Control, Round

from . import real_time as scheduling
from .control import ControlRuns
from .counters import Counters
from .interference import Interference, interference
from .quiet import wait_until_quiet
from .snapshots import TreeSnapshot
from .usage import OwnClock, Usage, threads_unseen, usage

#: What short work is repeated to fill: clocks, messages and a wake-up (tens of microseconds) do not matter in it.
#: Longer rounds were measured too (20, 40 and 80 ms, quiet and beside neighbours): their ratios spread no less, more of
#: them are disturbed, and each costs its length.
ROUND_S = 0.03
MOST_REPEATS = 1_000_000


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
    def real_time(self) -> bool:
        """Whether others do not keep its threads waiting, whatever they do."""
        ...

    def request_real_time(self, urgent: bool) -> None:
        """Ask for more of the machine, since its threads are kept waiting, or for no more than before."""
        ...

    def take(self, repeat: int) -> Timing:
        """Run the region ``repeat`` times."""
        ...


@dataclass
class RowTaker:
    """Where rounds are taken: live interpreters side by side, one running at a time.

    Attributes:
        subjects: one for each side; the first is the one in question, the others are what it is compared with.
        seed: of the order in which sides take turns, so that a run can be told again.
        control: shows after each round what the machine gives; None: nobody looks.
        cores_online: of the machine; None where unknown.
        cores_in_reach: CPUs that the sides' threads may run on, whatever a quota grants of them; None where unknown.
        different_work: whether the sides do not run the same, so that each fills its rounds by itself.
    """

    subjects: Sequence[Subject]
    counters: Counters
    cores_granted: float
    seed: int = 0
    control: ControlRuns | None = None
    cores_online: int | None = None
    cores_in_reach: int | None = None
    different_work: bool = False
    _trees: dict[int, TreeSnapshot] = field(default_factory=dict)
    _start_s: float = 0.0

    def rows(self) -> Iterator[tuple[Round, ...]]:
        """Endless rows of rounds, one a side, in the subjects' order however they took turns; empty ones are on trial.

        Each row's order is drawn: given all speeds that the machine had, a pair is as likely to have met them in one
        order as in the other, so that neither a drift nor an autocorrelation favours a side or a run of pairs. Rounds
        that were too short to measure are dropped and only tell how often the region must run. Where rows bring about a
        change of the scheduling class, those that follow are of that class (``real_time.with_row``).
        """
        draw = random.Random(self.seed)
        row, repeats = self._long_enough(draw)
        recent, trials = [row], 0
        while True:
            yield row
            enough = trials < scheduling.MOST_TRIALS and len(recent) == scheduling.TRIAL_ROWS
            if enough and scheduling.wants_real_time(recent, self.cores_granted):
                trials += yield from self._on_trial(draw, repeats, recent)
                recent = []
            row = self._row(draw, repeats)
            recent = [*recent, row][-scheduling.TRIAL_ROWS :]

    def _on_trial(
        self, draw: random.Random, repeats: Sequence[int], before: Sequence[tuple[Round, ...]]
    ) -> Generator[tuple[Round, ...], None, int]:
        """Some rows in the real-time class: given at last where all sides stay in it, dropped where it does harm.

        Returns:
            The trials that it counts for: all of them where nothing is left to try.
        """
        self._have_real_time(True)
        within = []
        for _ in before:
            yield ()
            within.append(self._row(draw, repeats))
        if scheduling.keeps_its_work(before, within):
            yield from within
            return scheduling.MOST_TRIALS
        self._have_real_time(False)
        had = all(one.real_time for row in within for one in row)
        return 1 if had else scheduling.MOST_TRIALS

    def _have_real_time(self, real_time: bool) -> None:
        """For all sides alike: what one gets and another does not would be compared."""
        for subject in self.subjects:
            subject.request_real_time(real_time)

    def _long_enough(self, draw: random.Random) -> tuple[tuple[Round, ...], list[int]]:
        """The first row that fills its rounds, and how often each side's region runs in one."""
        repeats = self._first_repeats()
        while True:
            row = self._row(draw, repeats)
            needed = self._needed(repeats, [one.wall_s for one in row])
            if needed == repeats or not self._repeatable:
                return row, repeats
            repeats = needed

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

    def _row(self, draw: random.Random, repeats: Sequence[int]) -> tuple[Round, ...]:
        order = draw.sample(range(len(self.subjects)), len(self.subjects))
        taken = {side: self._take(self.subjects[side], repeats[side]) for side in order}
        return tuple(taken[side] for side in range(len(self.subjects)))

    def _take(self, subject: Subject, repeat: int) -> Round:
        subject.prepare()
        quiet = self._have_others_rest(subject)
        self._start_s = self._start_s or time.monotonic()
        began_s, real_time = time.monotonic() - self._start_s, subject.real_time
        timing, used, around, unseen = self._run(subject, repeat)
        threads = [(one.pid, one.tid) for one in used.threads]
        cores_open = self.counters.cores_open_to(threads)
        if cores_open is not None and not used.all_threads_seen:  # those that ended may have had more of them
            cores_open = self.cores_in_reach or cores_open
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
            throttled_s=around.throttled_s,
            quiet=quiet,
            control=self._controlled(subject, timing.wall_s, used, around),
            cores_online=self.cores_online,
            cores_open=None if cores_open is None else min(cores_open, self.cores_granted),
            threads_unseen=unseen,
            cores_in_reach=self.cores_in_reach or self.cores_online,
            balance_s=around.balance_s,
            real_time=real_time,
            clocks_s=timing.clocks_s,
        )

    def _controlled(self, subject: Subject, wall_s: float, used: Usage, around: Interference) -> Control | None:
        """What the machine gives right after a round, on as many cores as the side was told to use, in its class."""
        if not self.control:
            return None
        subject.pause()
        self.control.real_time(subject.real_time)
        near = self.counters.cores_of([(one.pid, one.tid) for one in used.threads])
        granted = math.ceil(self.cores_granted)
        cores = min(subject.threads or granted, granted)
        return self.control.after_round(cores, wall_s, near, (used.cpu_s / wall_s, around.foreign_s / wall_s))

    def _have_others_rest(self, subject: Subject) -> bool:
        """Whether all but this one stand still. What a side started outside its process group is not paused with it."""
        others = [one for one in self.subjects if one is not subject]
        for one in others:
            one.pause()
        return wait_until_quiet([(one.pid, self._trees.get(one.pid)) for one in others], self.counters)

    def _run(self, subject: Subject, repeat: int) -> tuple[Timing, Usage, Interference, int | None]:
        """A round between two looks at the machine: what it took, used, met, and the threads that may have ended."""
        machine_before, before = self.counters.machine(), self.counters.tree(subject.pid)
        timing = subject.take(repeat)
        after, machine_after = self.counters.tree(subject.pid, before), self.counters.machine()
        self._trees[subject.pid] = after
        used = usage(subject.pid, before, after, timing.own)
        around = interference(machine_before, machine_after, used, timing.wall_s, self.cores_online)
        return timing, used, around, threads_unseen(before, after, machine_after.started_since(machine_before))


def _repeats_needed(repeat: int, fastest_s: float) -> int:
    """How often the region must run for the fastest side to fill a round, seen one round of ``repeat`` runs.

    A round of half the length is let pass: the first one, cold, often takes longer than those that follow.
    """
    if fastest_s >= ROUND_S / 2 or repeat >= MOST_REPEATS:
        return repeat
    # A very short round says little about the next: come near in steps.
    factor = min(1000.0, ROUND_S / max(fastest_s, 1e-9))
    return min(MOST_REPEATS, max(repeat + 1, math.ceil(repeat * factor)))
