"""What is made of the workers' bursts, with workers that say what the test wants."""

from typing import Any

import pytest

from pytest_multicore.measurement.attained_speedup import AttainedSpeedup, attained_now
from pytest_multicore.measurement.control import ControlRuns, control_runs
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.rounds.round import Control
from pytest_multicore.rounds.tolerances import BURST_ROUND_SHARE, MAX_BURST_S, MIN_BURST_S
from tests.measurement.scripted import Scripted, alike


def made(count: int = 2, **script: Any) -> tuple[ControlRuns, Scripted]:
    """On cores 10, 11 and so on."""
    workers = Scripted(count, **script)
    return ControlRuns(workers, [10 + number for number in range(count)]), workers


def test_the_slowest_worker_is_told_and_what_the_least_lucky_got() -> None:
    control, _ = made(3, speeds={11: 60.0}, shares={12: 0.7})
    assert control.run(3, 0.02) == Control(cores=3, speed=60.0, cpu_share=0.7, fastest=100.0, total=260.0)
    assert control.run(1, 0.02) == alike(1)


def test_no_more_work_than_there_are() -> None:
    control, workers = made(2)
    assert control.run(8, 0.02) == alike(2)
    assert workers.asked == [([10, 11], 0.02)]


@pytest.mark.parametrize(
    ("near", "chosen"),
    [
        ([], [10, 11, 12]),
        ([12], [12, 10, 11]),
        ([12, 12, 11], [12, 11, 10]),
        ([13, 12, 11, 10], [13, 12, 11]),
        ([7], [7, 10, 11]),
    ],
    ids=["no thread is left", "one", "two on one core", "more than are asked for", "one that a quota's few leave out"],
)
def test_cores_where_the_rounds_threads_ran_come_first_each_once(near: list[int], chosen: list[int]) -> None:
    control, workers = made(4)
    assert control.after_round(3, 0.1, near) is not None
    assert workers.asked[0][0] == chosen


def test_where_no_core_can_be_named_the_system_chooses() -> None:
    workers = Scripted(3)
    ControlRuns(workers, [None] * 3).after_round(2, 0.1, [])
    assert workers.asked[0][0] == [None, None]


@pytest.mark.parametrize(
    ("wall_s", "length_s"),
    [(0.001, MIN_BURST_S), (0.03, 0.03 * BURST_ROUND_SHARE), (0.1, 0.1 * BURST_ROUND_SHARE), (20.0, MAX_BURST_S)],
)
def test_a_burst_takes_a_part_of_the_round_within_bounds(wall_s: float, length_s: float) -> None:
    control, workers = made(2)
    control.after_round(2, wall_s, [])
    assert workers.asked == [([10, 11], pytest.approx(length_s))]
    assert MIN_BURST_S < 0.03 * BURST_ROUND_SHARE < 0.1 * BURST_ROUND_SHARE < MAX_BURST_S


def test_workers_that_somebody_ended_tell_nothing() -> None:
    control, workers = made(2, ended=True)
    assert control.run(2, 0.02) is None
    assert control.after_round(1, 0.1, [10], beside=(1.0, 1.0)) is None
    assert attained_now(control, 2) is None
    assert workers.copied == []


@pytest.mark.parametrize(
    ("beside", "looks"),
    [((1.0, 1.0), 2), ((1.4, 0.6), 2), ((1.0, 0.1), 0), ((1.9, 1.0), 0), ((2.0, 1.0), 0)],
    ids=["a neighbour", "one of a core in part", "a tick of nobody", "nearly no core is free", "no core is free"],
)
def test_memory_is_looked_at_beside_somebody_on_a_core_that_the_round_left_free(
    beside: tuple[float, float], looks: int
) -> None:
    control, workers = made(2)
    found = control.after_round(1, 0.1, [11], beside)
    assert found is not None
    assert found.memory == (1.0 if looks else None)
    assert len(workers.copied) == looks


def test_memory_left_is_what_one_copies_beside_a_neighbour_of_what_it_does_with_his_core_taken() -> None:
    control, workers = made(2, copies=(20.0, 50.0))
    assert control.after_round(1, 0.1, [11], (1.0, 1.0)) == alike(1, memory=0.4)
    assert workers.copied == [[11], [11, 10]]


@pytest.mark.parametrize("copies", [(None, 50.0), (50.0, None)])
def test_a_core_that_was_not_to_be_had_tells_nothing_of_memory(copies: tuple[float | None, float | None]) -> None:
    control, _ = made(2, copies=copies)
    assert control.after_round(1, 0.1, [], (1.0, 1.0)) == alike(1)


def test_what_is_attained_is_the_speed_of_all_over_that_of_one() -> None:
    control, _ = made(2, speeds={11: 55.0})
    assert attained_now(control, 2) == AttainedSpeedup(1.1, 1.0, 1.0)
    assert attained_now(control, 1) == AttainedSpeedup(1.0, 1.0, 1.0)


def test_one_look_among_others_does_not_change_what_is_attained() -> None:
    control, workers = made(2)

    def disturbed_once() -> None:
        workers.speeds = {11: 10.0} if len(workers.asked) == 3 else {}

    workers.beside = disturbed_once
    assert attained_now(control, 2) == AttainedSpeedup(2.0, 1.0, 1.0)
    workers.asked.clear()
    assert len({control.run(2, 0.01) for _ in range(5)}) == 2, "one look differs"


def test_the_workers_run_at_the_priority_that_is_asked_of_them() -> None:
    control, workers = made(2)
    control.real_time(True)
    control.real_time(False)
    assert workers.classes == [True, False]
    assert control.pids == workers.pids


def test_a_process_has_one_control_with_a_worker_for_each_core_granted() -> None:
    machine = this_machine()
    control = control_runs(machine, priority=False)
    assert control is control_runs(machine, priority=False)
    assert control.workers.count == len(control.cpus) == max(1, int(machine.cores_granted))
    found = control.run(1, MIN_BURST_S)
    assert found is not None
    assert found.cores == 1
