"""Busy is not fast."""

import pytest

from pytest_multicore.measurement.pace import Pace
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.limits import Limits, judge, of_comparison
from pytest_multicore.verdicts.warnings import busy_is_not_fast
from tests.rounds import made, rows


def warned(speedup: float, cores: float, *, limits: Limits | None = None, pace: Pace | None = None) -> str | None:
    taken = rows(10, speedup, cores=cores)
    if pace:
        taken = [(made(0.1, cores, pace=pace), made(0.1 * speedup, 1.0, threads=1))] * 10
    compared = figures.comparison(taken, 0.99)
    return busy_is_not_fast(judge(limits or Limits(min_cores=1.5), of_comparison(compared)), compared)


def test_cores_that_are_busy_for_nothing_are_told() -> None:
    assert warned(1.03, 1.98) == "1.98 cores busy, 1.03x as fast: the second core is burnt"
    assert warned(1.1, 3.9) == "3.90 cores busy, 1.10x as fast: 2.8 cores are burnt"


@pytest.mark.parametrize(("speedup", "cores"), [(1.8, 2.0), (1.16, 2.0)])
def test_useful_cores_are_not(speedup: float, cores: float) -> None:
    assert warned(speedup, cores) is None


def test_it_is_about_min_cores_that_passed() -> None:
    assert warned(1.03, 1.98, limits=Limits(max_speedup=1.5)) is None
    assert warned(1.03, 1.0, limits=Limits(min_cores=1.5)) is None, "that limit was missed"
    assert warned(1.03, 1.05, limits=Limits(min_cores=0.9)) is None, "one core is busy, and one is useful"


def test_a_machine_whose_cores_are_shared_makes_no_program_look_bad() -> None:
    assert warned(1.03, 1.98, pace=Pace(2, 55.0, 100.0)) is None


def test_one_side_alone_is_compared_with_nothing() -> None:
    assert busy_is_not_fast((), None) is None
