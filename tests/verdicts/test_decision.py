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


@pytest.mark.parametrize(("speedup", "expected"), [(0.96, Outcome.INCONCLUSIVE), (0.94, Outcome.FAILED)])
def test_more_threads_that_are_slower_there_are_so_clearly(speedup: float, expected: Outcome) -> None:
    taken = [(made(0.1, 2.0, os_threads=2), made(0.1 * speedup, 2.0, threads=1, os_threads=2)) for _ in range(20)]
    (verdict,) = decide(Limits(min_speedup=1.3), taken, 0.99)
    assert verdict.outcome is expected


@pytest.mark.parametrize("limits", [{"min_speedup": 1.3}, {"max_speedup": 1.2}])
def test_a_baseline_whose_pool_a_neighbour_may_hide_is_none(limits) -> None:  # type: ignore[no-untyped-def]
    """It kept 1.3 cores busy beside him, and would have kept 2."""
    beside = made(0.1, 1.3, threads=1, os_threads=2, demand=2.0)
    (verdict,) = decide(Limits(**limits), [(made(0.1, 2.0, os_threads=2), beside)] * 20, 0.99)
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_a_baseline_with_some_help_is_one_thread_all_the_same() -> None:
    taken = [(made(0.1, 2.0, os_threads=2), made(0.1, 1.4, threads=1, os_threads=2)) for _ in range(20)]
    (verdict,) = decide(Limits(min_speedup=1.3), taken, 0.99)
    assert verdict.outcome is Outcome.FAILED


def lazily(serial: int, parallel: int, disturbance: str | None = DISTURBED, **untold):  # type: ignore[no-untyped-def]
    """One side: rounds on one thread, then on two, which neighbours spoilt; a second apart."""
    rounds = [made(0.1, 1.0) for _ in range(serial)]
    rounds += [made(0.05, 2.0, os_threads=2, disturbance=disturbance) for _ in range(parallel)]
    return [(dataclasses.replace(one, began_s=float(number), **untold),) for number, one in enumerate(rounds)]


@pytest.mark.parametrize("limits", [{"min_cores": 1.5}, {"max_cores": 1.3}])
@pytest.mark.parametrize("untold", [{"delay_s": None}, {"steal_s": 0.0}])
def test_cores_are_not_told_by_a_beginning_that_alone_could_be_seen(limits, untold) -> None:  # type: ignore[no-untyped-def]
    """Where waits are not told, or a hypervisor took part of the later rounds, these do not count for cores either."""
    rows = lazily(10, 50, **untold)
    if "steal_s" in untold:
        rows = [row if row[0].disturbance is None else (dataclasses.replace(row[0], steal_s=0.02),) for row in rows]
    (verdict,) = decide(Limits(**limits), rows, 0.99)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (verdict,) = decide(Limits(**limits), rows[:10], 0.99)
    assert verdict.outcome is (Outcome.FAILED if "min_cores" in limits else Outcome.PASSED)


def test_nor_are_threads() -> None:
    (verdict,) = decide(Limits(max_threads=1), lazily(10, 50), 0.99)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (verdict,) = decide(Limits(max_threads=1), lazily(40, 20), 0.99)
    assert verdict.outcome is Outcome.PASSED
    (verdict,) = decide(Limits(max_threads=1), lazily(10, 50, disturbance=None), 0.99)
    assert verdict.outcome is Outcome.FAILED


def pooled(balance_s: float, speedup: float = 1.6, **circumstances):  # type: ignore[no-untyped-def]
    """A pool that is made in each region took its waits along; what others used shows in the sum of many rounds."""
    told = {"cores_in_reach": 2, **circumstances}
    side = dataclasses.replace(made(0.0375, 1.6, ended_share=0.9, threads_unseen=2), **told)
    rows = []
    for number in range(20):
        tick_s = 0.02 if number % 2 else -0.02
        contender = dataclasses.replace(side, balance_s=balance_s + tick_s, foreign_s=max(0.0, balance_s + tick_s))
        rows.append((contender, made(0.0375 * speedup, 1.0, threads=1)))
    return rows


def test_what_no_neighbour_can_explain_is_told_beside_him() -> None:
    """0.06 cores of the background's on eight: a serial program is serial."""
    told = {"cores_in_reach": 8, "balance_s": 0.006, "foreign_s": 0.006, "delay_s": None}
    taken = [(dataclasses.replace(made(0.1, 1.0, threads=8), **told), made(0.1, 1.0, threads=1))] * 20  # type: ignore[arg-type]
    assert [one.outcome for one in decide(Limits(min_speedup=2, min_cores=2), taken, 0.99)] == [Outcome.FAILED] * 2
    (verdict,) = decide(Limits(min_speedup=1.05), taken, 0.99)
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_others_on_cores_out_of_reach_explain_nothing() -> None:
    """Twenty cores of theirs in the machine, and two in reach, which are full of ours."""
    told = {"cores_in_reach": 2, "balance_s": 2.0, "foreign_s": 2.0}
    contender = dataclasses.replace(made(0.1, 2.0, ended_share=0.9), **told)  # type: ignore[arg-type]
    (verdict,) = decide(Limits(min_speedup=1.9), [(contender, made(0.15, 1.0, threads=1))] * 20, 0.99)
    assert verdict.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("limits", "balance_s", "circumstances", "expected"),
    [
        ({"min_speedup": 1.7}, 0.015, {}, Outcome.INCONCLUSIVE),
        ({"min_efficiency": 0.85}, 0.015, {}, Outcome.INCONCLUSIVE),
        ({"max_speedup": 1.7}, 0.015, {}, Outcome.INCONCLUSIVE),
        ({"min_speedup": 1.7}, 0.0018, {}, Outcome.FAILED),
        ({"min_speedup": 1.5}, 0.015, {}, Outcome.PASSED),
        ({"min_speedup": 1.7}, 0.015, {"cores_in_reach": 3}, Outcome.FAILED),
        ({"min_speedup": 1.7}, 0.015, {"foremost": True}, Outcome.FAILED),
        ({"min_cores": 1.7}, 0.015, {"delay_s": None}, Outcome.INCONCLUSIVE),
        ({"max_cores": 1.7}, 0.015, {"delay_s": None}, Outcome.INCONCLUSIVE),
        ({"min_cores": 1.7}, 0.0018, {"delay_s": None}, Outcome.FAILED),
    ],
)
def test_no_lack_of_gain_is_told_where_waits_are_unknown_and_others_were_there(  # type: ignore[no-untyped-def]
    limits, balance_s, circumstances, expected
) -> None:
    """0.4 cores of theirs, of which no single round on two cores tells, for they are counted in ticks."""
    (verdict,) = decide(Limits(**limits), pooled(balance_s, **circumstances), 0.99)
    assert verdict.outcome is expected
