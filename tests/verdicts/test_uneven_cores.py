"""What rows say of limits on a machine whose cores are not as fast as each other."""

from dataclasses import replace

import pytest

from pytest_multicore.verdicts.limits import Outcome
from tests.rounds import look, made, spaced

from .test_judge import OPEN, PASSED, said


@pytest.mark.parametrize(
    "limit",
    [{"min_speedup": 1.8}, {"max_speedup": 1.8}, {"min_cores": 1.8}, {"max_cores": 1.8}, {"min_efficiency": 0.9}],
)
def test_a_thread_on_a_slow_core_has_the_other_one_rest(limit: dict[str, float]) -> None:
    """Split evenly, 0.05 s each: one is done after 0.05 s, the other one, on a core of 0.6, after 0.083 s."""
    contender = made(0.0833, 1.6, os_threads=2, cores_online=2, control=look(2, 0.6, fastest=1.0))
    assert said([(contender, made(0.1, threads=1, control=look(1)))] * 60, **limit) is OPEN


@pytest.mark.parametrize("left", [0.5, 0.7, 0.85, 0.91, 0.95])
def test_a_baseline_that_cannot_leave_the_core_of_a_neighbour_shows_no_gain(left: float) -> None:
    """It is pinned there; threads that take turns on two cores find the free one, and gain nothing by two."""
    free = made(0.1, 1.0, os_threads=2, cores_online=2, control=look(2, left, share=left, fastest=1.0))
    pinned = made(0.1 / left, left, threads=1, os_threads=2, demand=1.0, foreign=1 - left, control=look(1, left))
    both = (replace(free, cores_granted=2), replace(pinned, cores_granted=1, cores_in_reach=1))
    assert said(spaced([both] * 40), min_speedup=1.05) is OPEN


@pytest.mark.parametrize(("limit", "expected"), [(1.85, PASSED), (1.96, OPEN)])
def test_a_baseline_that_is_given_the_slower_core_makes_that_of_the_gain(limit: float, expected: Outcome) -> None:
    """Work that is shared out as threads get done has both cores' speed, over that of the slower one."""
    uneven = replace(look(2, 0.95, fastest=1.0), total=1.95)
    contender, baseline = made(0.1, 1.99, control=uneven), made(0.189 / 0.95, threads=1, control=look(1, 0.95))
    both = (replace(contender, cores_granted=2), replace(baseline, cores_granted=1))
    assert said(spaced([both] * 40), min_speedup=limit) is expected


@pytest.mark.parametrize("left", [0.5, 0.8, 0.91, 0.95])
def test_a_serial_program_gains_nothing_by_a_baseline_that_stays_on_a_slower_core(left: float) -> None:
    contender = made(0.1, 1.0, os_threads=2, cores_online=2, control=look(2, left, fastest=1.0))
    baseline = made(0.1 / left, threads=1, os_threads=2, control=look(1, left))
    assert said(spaced([(contender, baseline)] * 40), min_speedup=1.04) is OPEN
