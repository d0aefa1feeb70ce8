"""How rounds take turns and how long they are, with sides of known speed and a machine that stands still."""

from dataclasses import dataclass
from itertools import islice, pairwise, permutations

import pytest

from pytest_multicore.measurement.control import ControlRuns
from pytest_multicore.measurement.snapshots import MachineSnapshot, TaskTimes, TreeSnapshot
from pytest_multicore.measurement.take import RowTaker
from pytest_multicore.rounds.tolerances import ROUND_S, TRIAL_ROWS
from tests.measurement.scripted import Scripted, alike
from tests.measurement.sides import Side, StillMachine, row_taker


@pytest.mark.parametrize("seed", range(4))
def test_sides_take_turns_and_each_row_is_in_the_sides_order(seed: int) -> None:
    made, diary, _ = row_taker(0.1, 0.2, seed=seed)
    rows = list(islice(made.rows(), 4))
    assert [[one.wall_s for one in row] for row in rows] == [[0.1, 0.2]] * 4
    assert [sorted(diary[at : at + 2]) for at in range(0, 8, 2)] == [[0, 1]] * 4


def test_a_round_knows_for_how_long_its_clocks_were_read() -> None:
    made, _, sides = row_taker(0.1, 0.2)
    sides[1].clocks_s = 1e-4
    assert [one.clocks_s for one in next(made.rows())] == [0.0, 1e-4]


@pytest.mark.slow
def test_each_row_begins_with_a_side_drawn_by_the_seed() -> None:
    begun = []
    for seed in (0, 0, 1):
        made, diary, _ = row_taker(0.1, 0.2, seed=seed)
        list(islice(made.rows(), 200))
        begun.append(diary[::2])
    assert begun[0] == begun[1] != begun[2]
    changes = sum(one != other for one, other in pairwise(begun[0]))
    assert 70 < sum(begun[0]) < 130
    assert 70 < changes < 130


def test_a_row_of_many_sides_is_taken_in_any_order() -> None:
    made, diary, _ = row_taker(0.1, 0.2, 0.3)
    list(islice(made.rows(), 60))
    orders = {tuple(diary[at : at + 3]) for at in range(0, 180, 3)}
    assert orders == set(permutations(range(3)))


def test_a_side_is_paused_while_the_other_runs() -> None:
    made, _, sides = row_taker(0.1, 0.2)
    list(islice(made.rows(), 3))
    assert [side.pauses for side in sides] == [3, 3]


def test_the_seed_decides_who_begins() -> None:
    beginners = set()
    for seed in range(20):
        made, diary, _ = row_taker(0.1, 0.2, seed=seed)
        next(made.rows())
        beginners.add(diary[0])
    assert beginners == {0, 1}


def test_where_nothing_waits_the_first_rows_count() -> None:
    made, diary, sides = row_taker(0.1, 0.2)
    rows = list(islice(made.rows(), TRIAL_ROWS + 3))
    assert all(rows)
    assert len(diary) == 2 * len(rows), "and none but them was taken"
    assert [side.urged for side in sides] == [[], []]


def test_rounds_tell_in_which_order_they_were_taken() -> None:
    made, diary, _ = row_taker(0.1, 0.2)
    began = [(one.began_s, side) for row in islice(made.rows(), 6) for side, one in enumerate(row)]
    assert [side for _, side in sorted(began)] == diary
    assert {tuple(diary[at : at + 2]) for at in range(0, 12, 2)} == {(0, 1), (1, 0)}


@pytest.mark.parametrize("fastest_s", [1e-7, 1e-6, 3e-4, 0.01, 0.02])
def test_short_work_is_repeated_to_fill_a_round(fastest_s: float) -> None:
    made, _, sides = row_taker(fastest_s, 3 * fastest_s)
    row = next(made.rows())
    assert row[0].repeat == row[1].repeat
    assert ROUND_S / 2 <= row[0].wall_s <= ROUND_S * 1.5
    assert len(sides[0].repeats) < 6, "finding the number must not take longer than measuring"


def test_the_number_of_repeats_stays() -> None:
    made, _, sides = row_taker(0.01, 0.02)
    list(islice(made.rows(), 4))
    assert sides[0].repeats == [1, 3, 3, 3, 3]


def test_sides_that_do_not_run_the_same_fill_their_rounds_each_by_itself() -> None:
    made, _, sides = row_taker(0.01, 0.001)
    made.same_work = 1
    list(islice(made.rows(), 2))
    assert [side.repeats[-1] for side in sides] == [3, 30]


def test_a_first_run_tells_how_often_and_no_round_is_wasted() -> None:
    made, _, sides = row_taker(0.001, 0.002)
    sides[0].first_s, sides[1].first_s = 0.0014, 0.0025
    list(islice(made.rows(), 2))
    assert sides[0].repeats == [22, 22], "a first run is cold: 22 of 1 ms are near enough to 30 ms"


def test_a_first_run_that_took_very_long_is_only_a_beginning() -> None:
    made, _, sides = row_taker(0.001, 0.002)
    sides[0].first_s, sides[1].first_s = 5.0, 5.0
    list(islice(made.rows(), 2))
    assert sides[0].repeats == [1, 30, 30]


def test_long_work_runs_once_a_round_and_no_round_is_wasted() -> None:
    made, _, sides = row_taker(3.0, 5.0)
    list(islice(made.rows(), 2))
    assert sides[0].repeats == [1, 1]


def test_work_that_runs_once_only_is_not_repeated_however_short() -> None:
    made, _, sides = row_taker(0.001, 0.002)
    sides[1].repeatable = False
    rows = list(islice(made.rows(), 3))
    assert all(one.repeat == 1 for row in rows for one in row)
    assert sides[0].repeats == [1, 1, 1]


def test_a_round_beside_a_side_that_never_rests_is_not_quiet() -> None:
    made, _, _ = row_taker(0.1, 0.1, spins=True)
    row = next(made.rows())
    assert [one.quiet for one in row] == [False, False]


def test_one_side_alone_waits_for_nobody() -> None:
    made, _, _ = row_taker(0.1, spins=True)
    (only,) = next(made.rows())
    assert only.quiet


@dataclass
class OnCores(StillMachine):
    """Two threads on cores 7 and 4, the second the busier, and others at work beside them."""

    moments: int = 0

    def tree(self, pid: int, known: TreeSnapshot | None = None, adopter: int | None = None) -> TreeSnapshot:
        self.moments += 1
        at_work = {tid: TaskTimes("work", cpu_s * self.moments, 0.0) for tid, cpu_s in ((7, 0.05), (4, 0.09))}
        return TreeSnapshot({}, {}, {(pid, tid): times for tid, times in at_work.items()})

    def machine(self) -> MachineSnapshot:
        return MachineSnapshot(0.25 * self.moments, 0.0, 0.0)


def controlled(cores: int, *threads: int | None) -> tuple[RowTaker, Scripted, list[Side]]:
    """Sides told to use so many threads, on so many cores, with a control."""
    made, _, sides = row_taker(*[0.1] * len(threads))
    for side, count in zip(sides, threads, strict=True):
        side.threads = count
    workers = Scripted(cores)
    made.cores_granted, made.control = float(cores), ControlRuns(workers, range(cores))
    return made, workers, sides


def test_after_each_round_as_many_cores_are_looked_at_as_its_side_was_told_to_use() -> None:
    made, workers, _ = controlled(4, 2, 1, None, 16)
    row = next(made.rows())
    assert [one.control for one in row] == [alike(cores) for cores in (2, 1, 4, 4)]
    assert sorted(len(cpus) for cpus, _ in workers.asked) == [1, 2, 4, 4]


@pytest.mark.parametrize(("granted", "cores"), [(0.5, 1), (1.5, 2), (2.9, 3)])
def test_a_part_of_a_core_takes_a_worker_that_its_quota_holds_back(granted: float, cores: int) -> None:
    made, workers, _ = controlled(4, None)
    made.cores_granted = granted
    next(made.rows())
    assert [len(cpus) for cpus, _ in workers.asked] == [cores]


def test_all_sides_stand_still_while_the_cores_are_looked_at() -> None:
    made, workers, sides = controlled(2, 2, 1)
    stood = []
    workers.beside = lambda: stood.append([side.stands for side in sides])
    list(islice(made.rows(), 3))
    assert stood == [[True, True]] * 6
    assert [side.pauses for side in sides] == [6, 6], "once for the other's round, once for the look"


def test_the_cores_where_a_sides_busiest_threads_ran_are_looked_at() -> None:
    made, workers, _ = controlled(9, 1, 2)
    made.counters = OnCores()
    next(made.rows())
    assert sorted(cpus for cpus, _ in workers.asked) == [[4], [4, 7]]


def test_a_look_takes_its_part_of_the_rounds_time() -> None:
    made, workers, _ = controlled(2, 2)
    next(made.rows())
    assert workers.asked == [([0, 1], pytest.approx(0.05))]


def test_memory_is_looked_at_where_others_worked_beside_a_round_that_left_cores_free() -> None:
    made, workers, _ = controlled(2, 1)
    workers.copies = (20.0, 50.0)
    next(made.rows())
    assert workers.copied == [], "nobody is there"
    made.counters = OnCores()
    (taken,) = next(made.rows())
    assert taken.foreign_s > 0
    assert taken.control == alike(1, memory=0.4)


def test_without_a_control_no_round_tells_of_it() -> None:
    made, _, sides = row_taker(0.1, 0.2)
    assert [one.control for one in next(made.rows())] == [None, None]
    assert [side.pauses for side in sides] == [1, 1]


def test_workers_that_somebody_ended_leave_rounds_without_a_control() -> None:
    made, workers, _ = controlled(2, 2, 1)
    workers.ended = True
    assert [one.control for one in next(made.rows())] == [None, None]
