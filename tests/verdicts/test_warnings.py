"""Busy is not fast."""

import pytest

from pytest_multicore.verdicts.judge import judgement
from pytest_multicore.verdicts.limits import Limits
from pytest_multicore.verdicts.warnings import needs_fewer_cores, usefulness_is_known, waste_warning
from tests.rounds import look, made, rows

MIN_CORES = Limits(min_cores=1.5)


def warned(speedup: float, cores: float = 2.0, *, limits: Limits = MIN_CORES, slowed_to: float = 1.0) -> str | None:
    found = judgement(limits, rows(11, speedup, cores=cores, slowed_to=slowed_to), 0.99)
    return waste_warning(found.verdicts, found.compared)


def told(speedup: float, *, limits: Limits = MIN_CORES, slowed_to: float = 1.0, count: int = 11) -> bool:
    found = judgement(limits, rows(count, speedup, slowed_to=slowed_to), 0.99)
    return usefulness_is_known(found.verdicts, found.compared)


def test_cores_that_are_busy_for_nothing_are_told() -> None:
    assert warned(1.03, 1.98) == "1.98 cores busy, 1.03x as fast: the second core is wasted"


def test_so_are_those_of_many() -> None:
    taken = [(made(0.1, 3.9, threads=4, control=look(4)), made(0.11, threads=1, control=look(1)))] * 11
    found = judgement(MIN_CORES, taken, 0.99)
    assert waste_warning(found.verdicts, found.compared) == "3.90 cores busy, 1.10x as fast: 2.8 cores are wasted"


@pytest.mark.parametrize(("speedup", "cores"), [(1.8, 2.0), (1.16, 2.0)])
def test_useful_cores_are_not(speedup: float, cores: float) -> None:
    assert warned(speedup, cores) is None


def test_it_is_about_min_cores_that_passed() -> None:
    assert warned(1.03, 1.98, limits=Limits(max_speedup=1.5)) is None
    assert warned(1.03, 1.0) is None, "that limit was missed"
    assert warned(1.03, 1.05, limits=Limits(min_cores=0.9)) is None, "one core is busy, and one is useful"


def test_a_guard_against_a_loss_does_not_hide_burnt_cores() -> None:
    """No slower, by a limit of 0.7, and a second core that does nothing for it."""
    assert (
        warned(0.95, 1.98, limits=Limits(min_speedup=0.7))
        == "1.98 cores busy, 0.95x as fast: the second core is wasted"
    )
    assert warned(1.0, 1.0, limits=Limits(min_speedup=0.7)) is None, "one thread does it all"
    assert warned(1.6, 2.0, limits=Limits(min_speedup=0.7)) is None, "it gains"
    assert warned(1.3, 2.0, limits=Limits(min_speedup=1.2)) is None, "a limit that asks for a gain"


@pytest.mark.parametrize(
    ("baseline_cores", "speedup", "is_told"), [(1.9, 0.99, True), (1.2, 0.99, False), (1.9, 1.5, False)]
)
def test_cores_that_no_setting_keeps_from_being_busy_may_be_burnt(
    baseline_cores: float, speedup: float, is_told: bool
) -> None:
    """A pool that spins on both sides, as ONNX Runtime's through a loop of Python: nothing differs by the setting."""
    side = made(0.1 * speedup, baseline_cores, threads=1, os_threads=2, control=look(1))
    found = judgement(MIN_CORES, [(made(0.1, 1.93, control=look(2)), side)] * 11, 0.99)
    warning = waste_warning(found.verdicts, found.compared)

    assert usefulness_is_known(found.verdicts, found.compared)
    assert ("is not known" in (warning or "")) is is_told
    if is_told:
        assert warning == (
            "1.93 cores busy, but 1.90 with 1 thread, too, and 0.99x as fast: the setting reaches no pool, and whether "
            "the cores are useful or wasted is not known"
        )


@pytest.mark.parametrize(
    ("one_core_s", "warning"),
    [
        (0.1, "1.93 cores busy, 1.00x as fast as on 1 core: the second core is wasted"),
        (0.13, None),
        (0.19, None),
    ],
)
def test_one_core_tells_what_those_of_a_pool_are_worth_that_no_setting_reaches(
    one_core_s: float, warning: str | None
) -> None:
    contender = made(0.1, 1.93, control=look(2), cores_online=2)
    found = judgement(MIN_CORES, [(contender, made(0.1, 1.9, threads=1, os_threads=2, control=look(1)))] * 11, 0.99)
    on_one = [(contender, made(one_core_s, 1.0, threads=1, os_threads=2, control=look(1), cores_online=2))] * 11
    by_cores = judgement(Limits(), on_one, 0.99).compared

    assert needs_fewer_cores(found.verdicts, found.compared)
    assert waste_warning(found.verdicts, found.compared, by_cores) == warning


def test_a_machine_whose_cores_are_shared_makes_no_program_look_bad() -> None:
    """1.03x where two cores attain 1.1x: on cores of its own it may come to twice as much."""
    assert warned(1.03, 1.98, slowed_to=0.55) is None


def test_what_it_lacked_by_a_little_does_not_hide_burnt_cores() -> None:
    assert warned(1.03, 1.98, slowed_to=0.8) is not None


def test_one_side_alone_is_compared_with_nothing() -> None:
    assert waste_warning((), None) is None
    assert usefulness_is_known((), None)


def test_whether_cores_are_useful_is_known_where_they_gain_or_cannot() -> None:
    assert told(1.8, slowed_to=0.5)
    assert told(1.03)
    assert not told(1.03, slowed_to=0.55), "the machine lacked what would tell"


def test_it_need_not_be_known_where_no_limit_says_that_they_are_busy() -> None:
    assert told(1.03, slowed_to=0.55, limits=Limits(max_speedup=1.5))
