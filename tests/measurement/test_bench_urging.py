"""When the sides ask for more of the machine, and when that is taken back."""

from dataclasses import dataclass, replace
from itertools import islice

import pytest

from pytest_multicore.measurement.bench import Timing
from pytest_multicore.measurement.counters import MachineSnapshot, TaskTimes, TreeSnapshot
from pytest_multicore.measurement.probation import ROWS
from pytest_multicore.measurement.usage import OwnClock
from tests.measurement.sides import Side, StillMachine, bench


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
class Harmed(Side):
    """One that burns a core as a real-time thread."""

    def urge(self, urgent: bool) -> None:
        super().urge(urgent)
        self.foremost = urgent

    def take(self, repeat: int) -> Timing:
        timing = super().take(repeat)
        return replace(timing, own=OwnClock(timing.own.process_cpu_s * 2, 0.0)) if self.foremost else timing


def test_what_urging_harms_is_not_urged_again() -> None:
    made, _, _ = bench(0.1)
    side = Harmed(0, 0.1, [])
    made = replace(made, subjects=[side], counters=Beset())
    rows = list(islice(made.rows(), 12))
    assert side.urged == [True, False]
    assert not any(one.foremost for row in rows for one in row)
    assert (len(side.diary), rows.count(())) == (12, ROWS), "those on trial take their time and are not told"


def test_a_side_that_cannot_be_urged_keeps_the_others_from_it() -> None:
    made, diary, (plain, _) = bench(0.1, 0.1)
    other = Harmed(1, 0.1, diary)
    made = replace(made, subjects=[plain, other], counters=Crowded())
    rows = list(islice(made.rows(), 12))
    assert other.urged == [True, False]
    assert rows.count(()) == 1
    assert not any(one.foremost for row in rows for one in row)


def test_no_side_is_urged_before_there_are_rounds_of_it_to_hold_others_against() -> None:
    made, diary, _ = bench(0.1)
    made = replace(made, subjects=[Harmed(number, 0.1, diary) for number in range(4)], counters=Crowded())
    rows = list(islice(made.rows(), ROWS + 1))
    assert [bool(row) for row in rows] == [True] * ROWS + [False]


@dataclass
class Beset(StillMachine):
    """Others are busy, and our one thread waits for them a little."""

    moments: int = 0

    def tree(self, pid: int, known: TreeSnapshot | None = None) -> TreeSnapshot:
        self.moments += 1
        return TreeSnapshot({}, {}, {(pid, pid): TaskTimes("work", 0.0, 0.005 * self.moments)})

    def machine(self) -> MachineSnapshot:
        return MachineSnapshot(1.0 * self.moments, 0.0, 0.0)


@dataclass
class Rivalled(StillMachine):
    """A neighbour on a core that is left free, while our threads wait for each other; both are in the real-time class.

    Or he is not.
    """

    moments: int = 0

    def tree(self, pid: int, known: TreeSnapshot | None = None) -> TreeSnapshot:
        self.moments += 1
        tasks = {(pid, pid): TaskTimes("work", 0.1 * self.moments, 0.02 * self.moments)}
        return TreeSnapshot({}, {}, tasks, others_cpu_s={99: 0.05 * self.moments}, all_seen=True)

    def machine(self) -> MachineSnapshot:
        return MachineSnapshot(1.0 * self.moments, 0.0, 0.0, started=7)


@pytest.mark.parametrize("rival", [True, False])
def test_in_the_real_time_class_threads_wait_for_each_other_or_for_others_who_are_there(rival: bool) -> None:
    made, _, (side,) = bench(0.1)
    made.counters = Rivalled(real_time=frozenset({99} if rival else ()))
    ordinary = next(made.rows())[0]
    assert ordinary.disturbance
    side.foremost = True
    assert bool(made._take(0, 1).disturbance) is rival


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


def test_threads_that_ended_may_have_had_more_cores_than_those_that_live() -> None:
    """One pinned by a library, whose workers reopen what was closed."""
    made, _, _ = bench(0.1, 0.1)
    made.counters, made.cores_in_reach = Pooled(cores_open=1), 2
    assert next(made.rows())[0].cores_open == 2.0
    made.counters = Parted(cores_open=1)
    assert next(made.rows())[0].cores_open == 1.0


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
    list(islice(taken, 5))
    assert [side.urged for side in sides] == [[True, False], [True, False]]
