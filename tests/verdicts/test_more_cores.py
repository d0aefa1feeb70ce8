"""Limits on the speed-up beyond the granted cores: what waits is decided, and what works lacks cores."""

from dataclasses import replace

import pytest

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.figures import comparison
from pytest_multicore.verdicts.judge import judgement
from pytest_multicore.verdicts.limits import Limits, OpenReason, Outcome, asks_for_more_cores
from pytest_multicore.verdicts.more_cores import waits
from pytest_multicore.verdicts.open_reasons import OpenMeasurement, why_inconclusive
from pytest_multicore.verdicts.stopping import StoppingRule
from tests.rounds import look, made, spaced

Rows = list[tuple[Round, ...]]
PASSED, FAILED, OPEN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


def on_two_cores(speedup: float, *, busy: float, threads: int | None = 8, late: float = 0.0) -> Rows:
    """Rows of 8 threads against 1 on two cores; ``late``: cores that its threads waited for, and others had."""
    contender = made(
        0.1, busy, threads=threads, os_threads=8, demand=busy + late, foreign=late, cores_online=2, control=look(2)
    )
    baseline = made(0.1 * speedup, min(1.0, busy), threads=1, cores_online=2, control=look(1))
    both = (replace(contender, cores_granted=2), replace(baseline, cores_granted=2))
    return spaced([both] * 20, 1.0)


SLEEPERS, UNDER_ONE_LOCK = on_two_cores(7.5, busy=0.03), on_two_cores(1.0, busy=0.01)
COMPUTING, ONE_AT_A_TIME = on_two_cores(1.95, busy=1.98), on_two_cores(1.0, busy=1.0)
HALF_AND_HALF = on_two_cores(2.4, busy=1.2)


@pytest.mark.parametrize(
    ("rows", "limits", "expected"),
    [
        (SLEEPERS, Limits(min_speedup=3), PASSED),
        (SLEEPERS, Limits(min_speedup=7.9), FAILED),
        (SLEEPERS, Limits(max_speedup=3), FAILED),
        (SLEEPERS, Limits(max_speedup=7.9), PASSED),
        (UNDER_ONE_LOCK, Limits(min_speedup=3), FAILED),
        (UNDER_ONE_LOCK, Limits(max_speedup=3), PASSED),
        (ONE_AT_A_TIME, Limits(min_speedup=3), FAILED),
        (COMPUTING, Limits(min_speedup=3), OPEN),
        (COMPUTING, Limits(max_speedup=3), OPEN),
        (HALF_AND_HALF, Limits(min_speedup=2.2), PASSED),
        (HALF_AND_HALF, Limits(min_speedup=3), OPEN),
        (HALF_AND_HALF, Limits(min_speedup=6), FAILED),
        (on_two_cores(7.5, busy=0.03, threads=None), Limits(min_speedup=3), PASSED),
        (on_two_cores(1.0, busy=1.98, threads=None), Limits(min_speedup=3), OPEN),
    ],
)
def test_beyond_the_cores_only_what_needs_them_stays_open(rows: Rows, limits: Limits, expected: Outcome) -> None:
    (verdict,) = judgement(limits, rows, 0.99).verdicts
    assert (verdict.outcome, verdict.open_reason) == (expected, OpenReason.TOO_FEW_CORES if expected is OPEN else None)
    assert asks_for_more_cores(verdict) is (expected is OPEN and limits.min_speedup is not None)


def test_a_limit_that_the_cores_allow_is_decided_by_them() -> None:
    slow = on_two_cores(1.3, busy=1.98)
    assert judgement(Limits(min_speedup=1.5), slow, 0.99).outcome is FAILED
    assert judgement(Limits(min_speedup=1.5), COMPUTING, 0.99).outcome is PASSED


def test_what_a_program_keeps_itself_from_was_granted_all_the_same() -> None:
    pinned = made(0.12, 1.0, demand=2.0, os_threads=2, cores_open=1.0, control=look(1))
    rows = spaced([(replace(pinned, cores_granted=2), made(0.12, threads=1, control=look(1)))] * 20, 1.0)
    assert judgement(Limits(min_speedup=1.3), rows, 0.99).outcome is FAILED


def test_a_quota_grants_no_more_than_it_says() -> None:
    both = (made(0.1, 1.5, cores_open=1.5, control=look(2)), made(0.145, threads=1, control=look(1)))
    rows = spaced([tuple(replace(one, cores_granted=1.5, cores_in_reach=8) for one in both)] * 20, 1.0)
    assert judgement(Limits(min_speedup=1.8), rows, 0.99).verdicts[0].open_reason is OpenReason.TOO_FEW_CORES
    assert judgement(Limits(min_speedup=1.3), rows, 0.99).outcome is PASSED


def test_threads_that_wake_up_late_are_no_regression() -> None:
    """Their sum of waits is half of the round: without them it may have taken half as long."""
    (verdict,) = judgement(Limits(min_speedup=3), on_two_cores(2.5, busy=0.03, late=0.5), 0.99).verdicts
    assert verdict.outcome is OPEN
    assert verdict.open_reason is not OpenReason.TOO_FEW_CORES
    assert judgement(Limits(min_speedup=6), on_two_cores(2.5, busy=0.03, late=0.1), 0.99).outcome is FAILED


def test_who_lacks_cores_is_measured_no_longer_and_told_why() -> None:
    limits = Limits(min_speedup=3)
    rule = StoppingRule(limits, 0.99, budget_s=60.0, settle_s=4.0)
    found = rule.judge(COMPUTING[:10])
    assert rule.enough(found, 0.5)
    assert not rule.enough(rule.judge(UNDER_ONE_LOCK[:10]), 0.5), "a miss must last"
    assert why_inconclusive(OpenMeasurement(COMPUTING[:10], found, 0.5, 60.0, 0.99)) == (
        "min_speedup=3 cannot be reached on this machine by work that needs its cores (2 at most): measured "
        "1.95x [1.95, 1.95], 1.98 cores busy; run it where more cores are granted, or use min_efficiency"
    )


def test_what_waits_is_told_from_what_works() -> None:
    assert waits(comparison(SLEEPERS, 0.99))
    assert not waits(comparison(ONE_AT_A_TIME, 0.99))
    assert not waits(comparison(HALF_AND_HALF, 0.99))


def served(speedup: float, *, server: float, in_reach: int = 2, throttled: float = 0.0) -> Rows:
    """8 threads against 1 that wait for a server on the same two cores, which has so many of them."""
    contender = made(0.1, 0.3, threads=8, os_threads=8, foreign=server, control=look(2))
    baseline = made(0.1 * speedup, 0.15, threads=1, foreign=server / 2, control=look(1))
    both = (replace(contender, throttled_s=0.1 * throttled), baseline)
    return spaced([tuple(replace(one, cores_granted=2, cores_in_reach=in_reach) for one in both)] * 20, 1.0)


@pytest.mark.parametrize("speedup", [1.0, 2.0])
def test_who_waits_for_a_server_on_this_machine_needs_its_cores_too(speedup: float) -> None:
    (verdict,) = judgement(Limits(min_speedup=3), served(speedup, server=1.7), 0.99).verdicts
    assert (verdict.outcome, verdict.open_reason) == (OPEN, OpenReason.MACHINE), "it may be at rest in a moment"
    assert judgement(Limits(min_speedup=3), served(speedup, server=0.1), 0.99).outcome is FAILED


def test_beside_one_neighbour_what_gains_nothing_is_told_all_the_same() -> None:
    assert judgement(Limits(min_speedup=3), served(1.0, server=0.7), 0.99).outcome is FAILED


def test_others_on_a_large_machine_take_nothing_of_a_quota_until_it_holds_back() -> None:
    assert judgement(Limits(min_speedup=3), served(1.0, server=30, in_reach=64), 0.99).outcome is FAILED
    assert judgement(Limits(min_speedup=3), served(1.0, server=30, in_reach=64, throttled=0.9), 0.99).outcome is OPEN


@pytest.mark.parametrize(("workers", "ended", "expected"), [(9, 0, OPEN), (1, 8, OPEN), (2, 0, FAILED), (1, 1, FAILED)])
def test_a_pool_in_the_code_that_waits_is_the_baselines_too(workers: int, ended: int, expected: Outcome) -> None:
    """Its eight sleepers are on both sides; one worker and its caller are not."""
    contender = made(0.1, 0.02, threads=8, os_threads=9, cores_online=2, control=look(2))
    baseline = made(0.1, 0.02, threads=1, os_threads=workers, threads_unseen=ended, cores_online=2, control=look(1))
    taken = spaced([(replace(contender, cores_granted=2), replace(baseline, cores_granted=2))] * 20, 1.0)
    found = judgement(Limits(min_speedup=3), taken, 0.99)
    assert found.outcome is expected
    if expected is OPEN:
        assert found.verdicts[0].open_reason is OpenReason.OWN_POOL
        assert "told to use 1 thread it had 9 threads at work" in why_inconclusive(
            OpenMeasurement(taken, found, 20.0, 60.0, 0.99)
        )
    by_cores = [(one, replace(other, cores_granted=1)) for one, other in taken]
    assert judgement(Limits(min_speedup=1.5), by_cores, 0.99).outcome is FAILED, "it was given cores, not threads"
