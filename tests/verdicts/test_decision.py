"""What rows say of a limit when only some of them count."""

import dataclasses

import pytest

from pytest_multicore.verdicts.decision import decide
from pytest_multicore.verdicts.limits import Limits, Outcome
from tests.rounds import made

DISTURBED = "others used 1.00 cores"


def taken(clean: int, disturbed: int, speedup: float = 1.0):  # type: ignore[no-untyped-def]
    """Rows a second apart: the clean ones first, then those that neighbours spoilt."""
    rows = [(made(0.1, 2.0), made(0.1 * speedup, 1.0, threads=1)) for _ in range(clean)]
    rows += [(made(0.1, 2.0, disturbance=DISTURBED), made(0.1, 1.0, threads=1)) for _ in range(disturbed)]
    return [tuple(dataclasses.replace(one, began_s=float(number)) for one in row) for number, row in enumerate(rows)]


def test_a_program_that_was_slow_only_as_long_as_anybody_could_see_has_not_failed() -> None:
    (verdict,) = decide(Limits(min_speedup=1.3), taken(20, 60), 0.99)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (verdict,) = decide(Limits(max_speedup=1.3), taken(20, 60), 0.99)
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_one_that_is_slow_throughout_has() -> None:
    (verdict,) = decide(Limits(min_speedup=1.3), taken(80, 10), 0.99)
    assert verdict.outcome is Outcome.FAILED


def test_one_that_is_fast_while_it_can_be_seen_passes() -> None:
    """Neighbours make nothing faster."""
    (verdict,) = decide(Limits(min_speedup=1.3), taken(20, 60, speedup=1.8), 0.99)
    assert verdict.outcome is Outcome.PASSED


def test_cores_are_told_by_disturbed_rounds_too() -> None:
    idle = [tuple(dataclasses.replace(one, cpu_s=one.wall_s) for one in row) for row in taken(20, 60)]
    (verdict,) = decide(Limits(min_cores=1.5), idle, 0.99)
    assert verdict.outcome is Outcome.FAILED


def unthreaded(speedup: float, **contender):  # type: ignore[no-untyped-def]
    """One thread at work on both sides, and one of them faster all the same."""
    return [(made(0.1, **contender), made(0.1 * speedup, threads=1)) for _ in range(20)]


@pytest.mark.parametrize(
    ("limits", "speedup", "expected"),
    [
        ({"min_speedup": 1.02}, 1.1, Outcome.INCONCLUSIVE),
        ({"min_speedup": 1.02}, 1.0, Outcome.FAILED),
        ({"min_speedup": 0.9}, 1.1, Outcome.PASSED),
        ({"min_speedup": 0.9}, 0.8, Outcome.FAILED),
        ({"max_speedup": 1.05}, 1.1, Outcome.INCONCLUSIVE),
        ({"max_speedup": 0.95}, 1.1, Outcome.FAILED),
        ({"min_efficiency": 0.52}, 1.1, Outcome.INCONCLUSIVE),
        ({"min_efficiency": 0.48}, 1.1, Outcome.PASSED),
        ({"max_cores": 1.5}, 1.1, Outcome.PASSED),
    ],
)
def test_what_no_second_thread_worked_at_is_not_faster_by_threads(limits, speedup, expected) -> None:  # type: ignore[no-untyped-def]
    (verdict,) = decide(Limits(**limits), unthreaded(speedup), 0.99)
    assert verdict.outcome is expected


@pytest.mark.parametrize("at_work", [{"os_threads": 2}, {"cores": 1.3}, {"cores": 0.3}])
def test_what_somebody_else_worked_at_may_be(at_work) -> None:  # type: ignore[no-untyped-def]
    """A second thread; one that ended, which shows as CPU time alone; a server, which one thread waits for."""
    (verdict,) = decide(Limits(min_speedup=1.02), unthreaded(1.1, **at_work), 0.99)
    assert verdict.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("limits", "speedup", "expected"),
    [
        ({"min_speedup": 1.3}, 1.0, Outcome.INCONCLUSIVE),
        ({"min_efficiency": 0.6}, 1.0, Outcome.INCONCLUSIVE),
        ({"max_speedup": 1.2}, 1.0, Outcome.INCONCLUSIVE),
        ({"min_speedup": 1.3}, 0.8, Outcome.FAILED),
        ({"min_speedup": 1.3}, 1.4, Outcome.PASSED),
        ({"max_speedup": 1.2}, 1.4, Outcome.FAILED),
        ({"min_cores": 2.5}, 1.0, Outcome.FAILED),
    ],
)
def test_no_lack_of_gain_is_told_beside_a_baseline_that_uses_more_than_it_was_told_to(  # type: ignore[no-untyped-def]
    limits, speedup, expected
) -> None:
    """A pool of a fixed size: both sides keep two cores busy."""
    taken = [(made(0.1, 2.0, os_threads=2), made(0.1 * speedup, 2.0, threads=1, os_threads=2)) for _ in range(20)]
    (verdict,) = decide(Limits(**limits), taken, 0.99)
    assert verdict.outcome is expected


def test_a_baseline_with_some_help_is_one_thread_all_the_same() -> None:
    taken = [(made(0.1, 2.0, os_threads=2), made(0.1, 1.4, threads=1, os_threads=2)) for _ in range(20)]
    (verdict,) = decide(Limits(min_speedup=1.3), taken, 0.99)
    assert verdict.outcome is Outcome.FAILED
