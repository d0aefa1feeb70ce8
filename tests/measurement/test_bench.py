"""How rounds take turns and how long they are, with sides of known speed and a machine that stands still."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise

import pytest

from pytest_multicore.measurement.bench import ROUND_S, Bench, Timing
from pytest_multicore.measurement.counters import MachineSnapshot, TaskTimes, TreeSnapshot
from pytest_multicore.measurement.pace import Pace
from pytest_multicore.measurement.usage import OwnClock
from tests.rounds import made

EMPTY = TreeSnapshot({}, {}, {})


@dataclass
class StillMachine:
    """Counters of a machine on which nothing happens between rounds."""

    name: str = "still"
    tick_s: float = 1e-6
    spins: bool = False
    cores_open: int | None = 2
    spun_s: Iterator[float] = field(default_factory=lambda: iter(range(10**9)))

    def tree(self, pid: int, known: TreeSnapshot | None = None) -> TreeSnapshot:
        return EMPTY

    def tree_cpu_s(self, pid: int, known: TreeSnapshot | None) -> float:
        return next(self.spun_s) if self.spins else 0.0

    def machine(self) -> MachineSnapshot:
        return MachineSnapshot(0.0, 0.0, 0.0)

    def cores_of(self, threads: Sequence[tuple[int, int]]) -> list[int]:
        return [tid for _, tid in threads]

    def cores_open_to(self, threads: Sequence[tuple[int, int]]) -> int | None:
        return self.cores_open


@dataclass
class Side:
    """A side whose region takes a known time."""

    pid: int
    wall_s: float
    diary: list[int]
    threads: int | None = 2
    repeats: list[int] = field(default_factory=list)
    pauses: int = 0
    prepared: int = 0
    urged: list[bool] = field(default_factory=list)

    repeatable: bool = True
    foremost: bool = False
    first_s: float | None = None

    def prepare(self) -> None:
        self.prepared += 1

    def pause(self) -> None:
        self.pauses += 1

    def urge(self, urgent: bool) -> None:
        self.urged.append(urgent)

    def take(self, repeat: int) -> Timing:
        self.diary.append(self.pid)
        self.repeats.append(repeat)
        return Timing(self.wall_s * repeat, OwnClock(self.wall_s * repeat, 0.0))


def bench(*walls_s: float, seed: int = 0, spins: bool = False) -> tuple[Bench, list[int], list[Side]]:
    diary: list[int] = []
    sides = [Side(number, wall_s, diary) for number, wall_s in enumerate(walls_s)]
    return Bench(sides, StillMachine(spins=spins), 2.0, seed), diary, sides


@dataclass
class Crowded(StillMachine):
    """Others are busy, and threads of ours work and wait, so many at a time."""

    threads: int = 2
    moments: int = 0

    def tree(self, pid: int, known: TreeSnapshot | None = None) -> TreeSnapshot:
        self.moments += 1
        tasks = {(pid, tid): TaskTimes("work", 0.1 * self.moments, 0.05 * self.moments) for tid in range(self.threads)}
        return TreeSnapshot({}, {}, tasks)

    def machine(self) -> MachineSnapshot:
        return MachineSnapshot(1.0 * self.moments, 0.0, 0.0)


def test_sides_that_others_keep_waiting_ask_for_more_all_alike() -> None:
    made, _, sides = bench(0.1, 0.1)
    made.counters = Crowded()
    rows = list(islice(made.rows(), 4))
    assert all(one.disturbance for row in rows for one in row)
    assert [side.urged for side in sides] == [[True], [True]]


@dataclass
class Parted(Crowded):
    """Nobody else is there: a scheduler puts two threads of ours on one core, and leaves the other free."""

    def machine(self) -> MachineSnapshot:
        return MachineSnapshot(0.0, 0.0, 0.0)


def test_sides_whose_threads_wait_for_each_other_beside_a_free_core_do_so_too() -> None:
    made, _, sides = bench(0.1, 0.1)
    made.counters = Parted()
    rows = list(islice(made.rows(), 4))
    assert not any(one.disturbance for row in rows for one in row), "that is no neighbour's doing"
    assert rows[-1][0].cores_open == 2.0
    assert [side.urged for side in sides] == [[True], [True]]


def test_threads_that_are_pinned_to_one_core_are_too_many_for_it() -> None:
    made, _, sides = bench(0.1, 0.1)
    made.counters = counters = Parted()
    counters.cores_open = 1
    rows = list(islice(made.rows(), 4))
    assert rows[-1][0].cores_open == 1
    assert [side.urged for side in sides] == [[], []]


def test_no_more_cores_are_open_than_are_granted() -> None:
    made, _, _ = bench(0.1, 0.1)
    made.counters = counters = Parted()
    counters.cores_open = 64
    assert next(made.rows())[0].cores_open == 2.0
    counters.cores_open = None
    assert next(made.rows())[0].cores_open is None


class Pooled(Crowded):
    """A pool that is made and closed within each region, beside others: its threads took their waits along."""

    def tree(self, pid: int, known: TreeSnapshot | None = None) -> TreeSnapshot:
        self.moments += 1
        return TreeSnapshot({}, {}, {(pid, pid): TaskTimes("work", 0.001 * self.moments, 0.0)})


def test_sides_whose_threads_end_ask_for_more_beside_others_too() -> None:
    made, _, sides = bench(0.1, 0.1)
    made.counters = Pooled()
    rows = list(islice(made.rows(), 4))
    assert all(one.disturbance for row in rows for one in row)
    assert [side.urged for side in sides] == [[True], [True]]


def test_sides_with_more_threads_than_cores_never_do() -> None:
    """They are in each other's way; and one that spins would keep its core from the one that it waits for."""
    made, _, sides = bench(0.1, 0.1)
    made.counters = counters = Crowded()
    taken = made.rows()
    list(islice(taken, 4))
    counters.threads = 3
    list(islice(taken, 4))
    assert [side.urged for side in sides] == [[True, False], [True, False]]


@pytest.mark.parametrize("seed", range(4))
def test_sides_take_turns_and_each_row_is_in_the_sides_order(seed: int) -> None:
    made, diary, _ = bench(0.1, 0.2, seed=seed)
    rows = list(islice(made.rows(), 4))
    assert [[one.wall_s for one in row] for row in rows] == [[0.1, 0.2]] * 4
    assert [sorted(diary[at : at + 2]) for at in range(0, 8, 2)] == [[0, 1]] * 4


def test_each_row_begins_with_a_side_drawn_by_the_seed() -> None:
    begun = []
    for seed in (0, 0, 1):
        made, diary, _ = bench(0.1, 0.2, seed=seed)
        list(islice(made.rows(), 200))
        begun.append(diary[::2])
    assert begun[0] == begun[1] != begun[2]
    changes = sum(one != other for one, other in pairwise(begun[0]))
    assert 70 < sum(begun[0]) < 130
    assert 70 < changes < 130


def test_a_side_is_paused_while_the_other_runs() -> None:
    made, _, sides = bench(0.1, 0.2)
    list(islice(made.rows(), 3))
    assert [side.pauses for side in sides] == [3, 3]


def test_the_seed_decides_who_begins() -> None:
    beginners = set()
    for seed in range(20):
        made, diary, _ = bench(0.1, 0.2, seed=seed)
        next(made.rows())
        beginners.add(diary[0])
    assert beginners == {0, 1}


@pytest.mark.parametrize("fastest_s", [1e-7, 1e-6, 3e-4, 0.01, 0.02])
def test_short_work_is_repeated_to_fill_a_round(fastest_s: float) -> None:
    made, _, sides = bench(fastest_s, 3 * fastest_s)
    row = next(made.rows())
    assert row[0].repeat == row[1].repeat
    assert ROUND_S / 2 <= row[0].wall_s <= ROUND_S * 1.5
    assert len(sides[0].repeats) < 6, "finding the number must not take longer than measuring"


def test_the_number_of_repeats_stays() -> None:
    made, _, sides = bench(0.01, 0.02)
    list(islice(made.rows(), 4))
    assert sides[0].repeats == [1, 3, 3, 3, 3]


def test_a_first_run_tells_how_often_and_no_round_is_wasted() -> None:
    made, _, sides = bench(0.001, 0.002)
    sides[0].first_s, sides[1].first_s = 0.0014, 0.0025
    list(islice(made.rows(), 2))
    assert sides[0].repeats == [22, 22], "a first run is cold: 22 of 1 ms are near enough to 30 ms"


def test_a_first_run_that_took_very_long_is_only_a_beginning() -> None:
    made, _, sides = bench(0.001, 0.002)
    sides[0].first_s, sides[1].first_s = 5.0, 5.0
    list(islice(made.rows(), 2))
    assert sides[0].repeats == [1, 30, 30]


def test_long_work_runs_once_a_round_and_no_round_is_wasted() -> None:
    made, _, sides = bench(3.0, 5.0)
    list(islice(made.rows(), 2))
    assert sides[0].repeats == [1, 1]


def test_a_side_that_never_rests_disturbs_the_other() -> None:
    made, _, _ = bench(0.1, 0.1, spins=True)
    row = next(made.rows())
    assert [one.quiet for one in row] == [False, False]
    assert "never came to rest" in (row[0].disturbance or "")


def test_one_side_alone_waits_for_nobody() -> None:
    made, _, _ = bench(0.1, spins=True)
    (only,) = next(made.rows())
    assert only.disturbance is None


@dataclass
class Watching:
    """A pacer that writes down what it is asked."""

    known: list[tuple[int, ...]] = field(default_factory=list)
    after: list[tuple[float, Sequence[int]]] = field(default_factory=list)

    def get_to_know(self, *cores: int) -> None:
        self.known.append(cores)

    def after_round(self, busy_cores: float, near: Sequence[int], foreign_cores: float) -> Pace:
        assert foreign_cores >= 0
        self.after.append((busy_cores, near))
        return Pace(1, 90.0, 100.0)


def test_the_cores_are_looked_at_after_each_round_while_its_side_stands_still() -> None:
    made, _, sides = bench(0.1, 0.2)
    made.pacer = watching = Watching()  # type: ignore[assignment]
    (row,) = islice(made.rows(), 1)
    assert watching.known == [(2, 2)]
    assert watching.after == [(1.0, []), (1.0, [])]
    assert row[0].pace == Pace(1, 90.0, 100.0)
    assert [side.pauses for side in sides] == [2, 2], "once for the other's round, once for the look"


def test_a_thread_that_ended_is_missed_in_short_rounds_too() -> None:
    """Of 18 ms of work 6 were done by one that is gone."""
    taken = made(0.015, 1.2, ended_share=0.33)
    assert not taken.all_threads_seen
    assert made(0.015, 1.2).all_threads_seen
    assert replace(taken, delay_s=None).all_threads_seen, "in ticks of 10 ms that cannot be told"
