"""Take rows of rounds: long enough to measure, by sides that take turns, so that each pair gives one ratio."""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pytest_multicore.rounds.round import Control, Round
from pytest_multicore.rounds.tolerances import (
    MAX_REPEAT,
    MAX_REPEAT_GROWTH_RATIO,
    MAX_TRIALS,
    MIN_ROUND_S,
    ROUND_S,
    TRIAL_ROWS,
)
from pytest_multicore.settings import clocks

from .control import ControlRuns
from .counters import Counters
from .interference import Interference, interference
from .quiet import wait_until_quiet
from .real_time import does_same_work, wants_real_time
from .snapshots import TreeSnapshot
from .usage import OwnClock, Usage, threads_unseen, usage


@dataclass(frozen=True, slots=True)
class Timing:
    """What the agent measured of its own process in one round.

    Attributes:
        wall_s: wall seconds of the region.
        own: its CPU seconds.
        clocks_s: wall seconds round the region in which the CPU clock may have run, too.
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
    def adopter(self) -> int | None:
        """The process whose children its orphans become; None where they leave its tree."""
        ...

    @property
    def threads(self) -> int | None:
        """Threads that it is told to use, or cores that it is given; None for inherited threads."""
        ...

    @property
    def cpus(self) -> tuple[int, ...] | None:
        """The CPUs that it was started on; None: all that this process may use."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether a round may run the region more than once."""
        ...

    @property
    def first_s(self) -> float | None:
        """Wall seconds of the region's first call, before any round; None where there was none."""
        ...

    def prepare(self) -> None:
        """Get ready for the next ``take``, outside the round."""
        ...

    def pause(self) -> None:
        """Stop until the next ``take``."""
        ...

    @property
    def real_time(self) -> bool:
        """Whether it is in the real-time class, where its threads wait for no ordinary thread."""
        ...

    def request_real_time(self, real_time: bool) -> None:
        """Ask for the real-time class, or for the ordinary one again."""
        ...

    def take(self, repeat: int) -> Timing:
        """Run the region ``repeat`` times."""
        ...


@dataclass
class RowTaker:
    """Takes rows of rounds: live interpreters side by side, of which one runs at a time.

    Attributes:
        subjects: one for each side.
        counters: how the machine and its processes are read.
        cores_granted: what the machine grants.
        seed: of the order in which sides take turns, so that it can be repeated.
        control: shows after each round what the machine gives; None: no control is taken.
        cores_online: of the machine; None where unknown.
        cores_in_reach: CPUs that the sides' threads may run on, whatever a quota grants of them; None where unknown.
        same_work: so many neighbouring sides run the same, and run it as often in a round; None: all of them.
        may_use_real_time: whether the real-time class is tried where threads wait.
    """

    subjects: Sequence[Subject]
    counters: Counters
    cores_granted: float
    seed: int = 0
    control: ControlRuns | None = None
    cores_online: int | None = None
    cores_in_reach: int | None = None
    same_work: int | None = None
    may_use_real_time: bool = True
    _trees: dict[int, TreeSnapshot] = field(default_factory=dict)
    _start_s: float = 0.0

    def rows(self) -> Iterator[tuple[Round, ...]]:
        """Endless rows of rounds, one a side, in the subjects' order however they took turns.

        The order of turns is drawn for each row: given all speeds that the machine had, a pair is as likely to have met
        them in one order as in the other. So neither a drift nor an autocorrelation favours a side or a run of pairs.
        Rounds that were too short to measure are dropped; they only show how often the region must run. Rows of a trial
        of the real-time class come out empty. If the class is kept, they follow, and so do later rows in that class
        (``real_time.with_row`` drops the earlier ones).
        """
        if any(subject.real_time for subject in self.subjects):  # an earlier measurement has left one there
            self._request_real_time(False)
        draw = random.Random(self.seed)
        row, repeats = self._first_row(draw)
        recent, trials = [row], 0
        try:
            while True:
                yield row
                may_try = self.may_use_real_time and trials < MAX_TRIALS and len(recent) == TRIAL_ROWS
                if may_try and wants_real_time(recent, self.cores_granted):
                    trials += yield from self._try_real_time(draw, repeats, recent)
                    recent = []
                row = self._take_row(draw, repeats)
                recent = [*recent, row][-TRIAL_ROWS:]
        finally:
            if self.control:
                self.control.real_time(False)

    def _try_real_time(
        self, draw: random.Random, repeats: Sequence[int], before: Sequence[tuple[Round, ...]]
    ) -> Generator[tuple[Round, ...], None, int]:
        """Some rows in the real-time class: yielded at last if the class is kept, dropped if it does harm.

        Returns:
            How many trials it counts for: all of them where nothing is left to try.
        """
        self._request_real_time(True)
        within = []
        for _ in before:
            yield ()
            within.append(self._take_row(draw, repeats))
        if does_same_work(before, within):
            yield from within
            return MAX_TRIALS
        self._request_real_time(False)
        was_granted = all(round_.real_time for row in within for round_ in row)
        return 1 if was_granted else MAX_TRIALS

    def _request_real_time(self, real_time: bool) -> None:
        """For all sides alike: else the class would be compared."""
        for subject in self.subjects:
            subject.request_real_time(real_time)

    def _first_row(self, draw: random.Random) -> tuple[tuple[Round, ...], list[int]]:
        """The first row whose rounds are long enough, and each side's repetitions in a round."""
        repeats = self._first_repeats()
        while True:
            row = self._take_row(draw, repeats)
            needed = self._needed_repeats(repeats, [round_.wall_s for round_ in row])
            if needed == repeats or not self._repeatable:
                return row, repeats
            repeats = needed

    def _first_repeats(self) -> list[int]:
        """By the first calls: a cold one takes longer than later ones, so these repetitions are never too many."""
        ones = [1] * len(self.subjects)
        firsts_s = [subject.first_s for subject in self.subjects]
        if not self._repeatable or None in firsts_s:
            return ones
        return self._needed_repeats(ones, [first_s for first_s in firsts_s if first_s is not None])

    def _needed_repeats(self, repeats: Sequence[int], walls_s: Sequence[float]) -> list[int]:
        """Each side's repetitions that fill a round, from the wall seconds of rounds with so many repetitions."""
        alike = self.same_work or len(repeats)
        filling = [
            _repeats_to_fill(repeats[first], min(walls_s[first : first + alike]))
            for first in range(0, len(repeats), alike)
        ]
        return [repeat for repeat in filling for _ in range(alike)]

    @property
    def _repeatable(self) -> bool:
        return all(subject.repeatable for subject in self.subjects)

    def _take_row(self, draw: random.Random, repeats: Sequence[int]) -> tuple[Round, ...]:
        order = draw.sample(range(len(self.subjects)), len(self.subjects))
        rounds = {side: self._take_round(self.subjects[side], repeats[side]) for side in order}
        return tuple(rounds[side] for side in range(len(self.subjects)))

    def _take_round(self, subject: Subject, repeat: int) -> Round:
        subject.prepare()
        quiet = self._pause_others(subject)
        self._start_s = self._start_s or clocks.monotonic()
        began_s, real_time = clocks.monotonic() - self._start_s, subject.real_time
        timing, used, around, unseen = self._run(subject, repeat)
        threads = [(use.pid, use.tid) for use in used.threads]
        in_reach = self.cores_in_reach if subject.cpus is None else len(subject.cpus)
        cores_open = self.counters.cores_open_to(threads)
        if cores_open is not None and not used.all_threads_seen:  # those that ended may have had more cores
            cores_open = in_reach or cores_open
        return Round(
            threads=subject.threads,
            repeat=repeat,
            began_s=began_s,
            wall_s=timing.wall_s,
            cpu_s=used.cpu_s,
            delay_s=used.delay_s,
            thread_use=used.threads,
            ended_cpu_s=timing.own.ended_cpu_s,
            ended_wait_s=timing.own.ended_wait_s,
            foreign_s=around.foreign_s,
            steal_s=around.steal_s,
            throttled_s=around.throttled_s,
            quiet=quiet,
            control=self._take_control(subject, timing.wall_s, used, around),
            cores_online=self.cores_online,
            cores_open=None if cores_open is None else min(cores_open, self.cores_granted),
            threads_unseen=unseen,
            cores_in_reach=in_reach or self.cores_online,
            foreign_raw_s=around.foreign_raw_s,
            real_time=real_time,
            clocks_s=timing.clocks_s,
            cores_granted=self.cores_granted if subject.cpus is None else min(len(subject.cpus), self.cores_granted),
        )

    def _take_control(self, subject: Subject, wall_s: float, used: Usage, around: Interference) -> Control | None:
        """What the machine gives right after a round, on as many cores as the side was told to use, in its class."""
        if not self.control:
            return None
        subject.pause()
        self.control.real_time(subject.real_time)
        ran_on = self.counters.cores_of([(use.pid, use.tid) for use in used.threads])
        # On the cores that the side had: its pace there may be another one than elsewhere.
        near = ran_on if subject.cpus is None else [*subject.cpus]
        granted = math.ceil(self.cores_granted)
        cores = min(subject.threads or granted, granted)
        return self.control.after_round(cores, wall_s, near, (used.cpu_s / wall_s, around.foreign_s / wall_s))

    def _pause_others(self, subject: Subject) -> bool:
        """Whether the other sides come to rest. What a side started outside its process group is not paused with it."""
        others = [other for other in self.subjects if other is not subject]
        for other in others:
            other.pause()
        return wait_until_quiet([(other.pid, self._trees.get(other.pid)) for other in others], self.counters)

    def _run(self, subject: Subject, repeat: int) -> tuple[Timing, Usage, Interference, int | None]:
        """A round between two snapshots: what it took, what it used, what it met, and threads that may have ended."""
        pid, adopter = subject.pid, subject.adopter
        machine_before, before = self.counters.machine(), self.counters.tree(pid, adopter=adopter)
        timing = subject.take(repeat)
        after, machine_after = self.counters.tree(pid, before, adopter), self.counters.machine()
        self._trees[pid] = after
        used = usage(pid, before, after, timing.own, timing.wall_s)
        around = interference(machine_before, machine_after, used, timing.wall_s, self.cores_online)
        return timing, used, around, threads_unseen(before, after, machine_after.started_since(machine_before))


def _repeats_to_fill(repeat: int, fastest_s: float) -> int:
    """Repetitions that fill a round of the fastest side, from its wall seconds with ``repeat`` repetitions."""
    if fastest_s >= MIN_ROUND_S or repeat >= MAX_REPEAT:
        return repeat
    factor = min(MAX_REPEAT_GROWTH_RATIO, ROUND_S / max(fastest_s, 1e-9))
    return min(MAX_REPEAT, max(repeat + 1, math.ceil(repeat * factor)))
