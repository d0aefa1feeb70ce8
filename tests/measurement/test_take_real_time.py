"""When the sides go into the real-time class, and what is given of the rows that are on trial there."""

from dataclasses import dataclass, replace
from itertools import islice

import pytest

from pytest_multicore.measurement.control import ControlRuns
from pytest_multicore.measurement.real_time import with_row
from pytest_multicore.measurement.snapshots import MachineSnapshot, TaskTimes, TreeSnapshot
from pytest_multicore.measurement.take import RowTaker, Timing
from pytest_multicore.measurement.usage import OwnClock
from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import MAX_TRIALS, TRIAL_ROWS
from tests.measurement.scripted import Scripted
from tests.measurement.sides import Side, StillMachine, row_taker


@dataclass
class Crowded(StillMachine):
    """Others are busy, and threads of ours work and wait, so many at a time."""

    threads: int = 2
    moments: int = 0

    def tree(self, pid: int, known: TreeSnapshot | None = None, adopter: int | None = None) -> TreeSnapshot:
        self.moments += 1
        tasks = {(pid, tid): TaskTimes("work", 0.05 * self.moments, 0.05 * self.moments) for tid in range(self.threads)}
        return TreeSnapshot({}, {}, tasks)

    def machine(self) -> MachineSnapshot:
        return MachineSnapshot(1.0 * self.moments, 0.0, 0.0)


@dataclass
class Parted(Crowded):
    """Nobody else is there: a scheduler puts two threads of ours on one core, and leaves the other free."""

    def machine(self) -> MachineSnapshot:
        return MachineSnapshot(0.0, 0.0, 0.0)


class Pooled(Crowded):
    """A pool that is made and closed within each region, beside others: its threads took their waits along."""

    def tree(self, pid: int, known: TreeSnapshot | None = None, adopter: int | None = None) -> TreeSnapshot:
        self.moments += 1
        return TreeSnapshot({}, {}, {(pid, pid): TaskTimes("work", 0.001 * self.moments, 0.0)})


@dataclass
class Urgent(Side):
    """One that may go into the real-time class, and works so many times as much there.

    Attributes:
        burns: how many times as much.
        renewed: whether it is another process in each round, that goes there when it is prepared.
    """

    burns: float = 1.0
    renewed: bool = False

    def request_real_time(self, real_time: bool) -> None:
        super().request_real_time(real_time)
        if not self.renewed:
            self.real_time = real_time

    def prepare(self) -> None:
        super().prepare()
        if self.renewed:
            self.real_time = bool(self.urged) and self.urged[-1]

    def take(self, repeat: int) -> Timing:
        timing, times = super().take(repeat), self.burns if self.real_time else 1.0
        return replace(timing, own=OwnClock(timing.own.process_cpu_s * times, 0.0))


def urgent(*burns: float, renewed: bool = False) -> tuple[RowTaker, list[int], list[Urgent]]:
    """Sides whose threads wait, and that work so many times as much in the real-time class."""
    made, diary, _ = row_taker(0.1)
    sides = [Urgent(number, 0.1, diary, burns=times, renewed=renewed) for number, times in enumerate(burns)]
    return replace(made, subjects=sides, counters=Crowded()), diary, sides


def test_sides_whose_threads_wait_are_urged_all_alike_after_the_first_rows() -> None:
    made, _, sides = urgent(1.0, 1.0)
    rows = made.rows()
    list(islice(rows, TRIAL_ROWS))
    assert [side.urged for side in sides] == [[], []]
    assert next(rows) == ()
    assert [side.urged for side in sides] == [[True], [True]]


def test_rows_begin_in_one_class_where_an_earlier_measurement_left_a_side_in_the_real_time_class() -> None:
    made, _, sides = urgent(1.0, 1.0)
    sides[0].request_real_time(True)
    assert {side.real_time for row in islice(made.rows(), TRIAL_ROWS) for side in row} == {False}


def test_they_are_left_in_their_class_where_nobody_asked_for_another() -> None:
    made, _, sides = urgent(1.0, 1.0)
    rows = list(islice(replace(made, may_use_real_time=False).rows(), 3 * TRIAL_ROWS))
    assert all(rows)
    assert [side.urged for side in sides] == [[], []]


def test_rows_on_trial_are_empty_and_given_at_last_where_all_sides_keep_their_work() -> None:
    made, diary, sides = urgent(1.0, 1.0)
    rows = list(islice(made.rows(), 3 * TRIAL_ROWS + 2))
    before, trial, within = rows[:TRIAL_ROWS], rows[TRIAL_ROWS : 2 * TRIAL_ROWS], rows[2 * TRIAL_ROWS :]
    assert not any(one.real_time for row in before for one in row)
    assert trial == [()] * TRIAL_ROWS
    assert len(within) == TRIAL_ROWS + 2
    assert all(one.real_time for row in within for one in row)
    assert len(diary) == 2 * (2 * TRIAL_ROWS + 2), "those on trial are given as they were taken"
    assert [side.urged for side in sides] == [[True], [True]], "and they stay there"


def test_each_row_on_trial_is_told_before_it_is_taken() -> None:
    """A budget may end between two of them."""
    made, diary, _ = urgent(1.0)
    rows, lengths = made.rows(), []
    for _ in range(2 * TRIAL_ROWS):
        next(rows)
        lengths.append(len(diary))
    assert lengths == [1, 2, 3, 3, 4, 5]


def test_rows_on_trial_that_do_other_work_are_dropped_and_it_is_tried_some_times() -> None:
    """A few rows may look like other work by what their host does."""
    made, diary, sides = urgent(2.0)
    rows = list(islice(made.rows(), 30))
    assert sides[0].urged == [True, False] * MAX_TRIALS
    assert not any(one.real_time for row in rows for one in row)
    assert (len(diary), rows.count(())) == (30, MAX_TRIALS * TRIAL_ROWS), "they take their time and are not told"
    assert kept(rows) == [row for row in rows if row], "the first rows count after all"


def kept(rows: list[tuple[Round, ...]]) -> list[tuple[Round, ...]]:
    so_far = list[tuple[Round, ...]]()
    for row in rows:
        so_far = with_row(so_far, row)
    return so_far


def test_one_side_that_does_other_work_takes_all_of_them_back() -> None:
    made, _, sides = urgent(1.0, 2.0, 1.0)
    rows = list(islice(made.rows(), 30))
    assert [side.urged for side in sides] == [[True, False] * MAX_TRIALS] * 3
    assert not any(one.real_time for row in rows for one in row)


def test_once_the_class_is_chosen_rows_of_the_other_count_no_more() -> None:
    made, _, _ = urgent(1.0, 1.0)
    rows = list(islice(made.rows(), 3 * TRIAL_ROWS + 2))
    assert kept(rows) == rows[2 * TRIAL_ROWS :]


def test_a_side_that_cannot_be_urged_keeps_the_others_from_it() -> None:
    made, diary, sides = urgent(1.0, 1.0)
    made.subjects = [Side(0, 0.1, diary), sides[1]]
    rows = list(islice(made.rows(), 12))
    assert sides[1].urged == [True, False]
    assert rows.count(()) == TRIAL_ROWS
    assert not any(one.real_time for row in rows for one in row)


def test_waits_that_come_later_change_the_class_too_and_once() -> None:
    """As where a program is serial at first, or a neighbour comes; rows from then on are of one kind."""
    made, _, sides = urgent(1.0, 1.0)
    made.counters = StillMachine()
    rows = made.rows()
    list(islice(rows, TRIAL_ROWS + 1))
    made.counters = Crowded()
    later = list(islice(rows, 4 * TRIAL_ROWS))
    assert [side.urged for side in sides] == [[True], [True]]
    assert all(one.real_time for row in later[-TRIAL_ROWS:] for one in row)


def test_sides_whose_threads_wait_for_each_other_beside_a_free_core_are_urged_too() -> None:
    made, _, sides = urgent(1.0, 1.0)
    made.counters = Parted()
    rows = list(islice(made.rows(), TRIAL_ROWS + 1))
    assert not any(one.foreign_s for row in rows for one in row), "that is no neighbour's doing"
    assert [side.urged for side in sides] == [[True], [True]]


@pytest.mark.parametrize(("threads", "times"), [(2, [True]), (3, [])])
def test_sides_with_more_threads_than_cores_are_not_urged(threads: int, times: list[bool]) -> None:
    made, _, sides = urgent(1.0, 1.0)
    made.counters = Crowded(threads=threads)
    list(islice(made.rows(), TRIAL_ROWS + 1))
    assert [side.urged for side in sides] == [times, times]


def test_threads_that_are_pinned_to_one_core_are_too_many_for_it() -> None:
    made, _, sides = urgent(1.0, 1.0)
    made.counters = Parted(cores_open=1)
    rows = list(islice(made.rows(), TRIAL_ROWS + 1))
    assert rows[-1][0].cores_open == 1
    assert [side.urged for side in sides] == [[], []]


def test_no_more_cores_are_open_than_are_granted() -> None:
    made, _, _ = row_taker(0.1, 0.1)
    made.counters = counters = Parted()
    counters.cores_open = 64
    assert next(made.rows())[0].cores_open == 2.0
    counters.cores_open = None
    assert next(made.rows())[0].cores_open is None


def test_threads_that_ended_may_have_had_more_cores_than_those_that_live() -> None:
    """One pinned by a library, whose workers reopen what was closed."""
    made, _, _ = row_taker(0.1, 0.1)
    made.counters, made.cores_in_reach = Pooled(cores_open=1), 2
    assert next(made.rows())[0].cores_open == 2.0
    made.counters = Parted(cores_open=1)
    assert next(made.rows())[0].cores_open == 1.0


@pytest.mark.parametrize("renewed", [False, True], ids=["lives on", "is another one in each round"])
def test_the_control_is_in_the_class_of_the_round_before_it(renewed: bool) -> None:
    made, _, _ = urgent(1.0, 1.0, renewed=renewed)
    workers = Scripted(2)
    made.control = ControlRuns(workers, range(2))
    given = [row for row in islice(made.rows(), 3 * TRIAL_ROWS + 1) if row]
    classes = [one.real_time for row in given for one in row]
    assert set(classes) == {False, True}
    assert workers.classes == [*classes, False], "and back when the rows end"


def test_a_control_leaves_the_class_when_the_rows_end() -> None:
    """A process has one control: what one measurement asks of it is not for another."""
    control = ControlRuns(workers := Scripted(2), range(2))
    rows = replace(urgent(1.0)[0], control=control).rows()
    list(islice(rows, 2 * TRIAL_ROWS + 1))
    assert workers.classes[-1] is True
    del rows
    assert workers.classes[-1] is False
