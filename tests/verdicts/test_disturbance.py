"""What disturbs a round and what does not, of which test_bounds.py and test_row_sets.py do not tell."""

from dataclasses import replace

import pytest

from pytest_multicore.rounds.round import Round, ThreadUse
from pytest_multicore.verdicts.bounds import (
    held_up_share,
    max_busy_cores,
    max_foreign_wait_s,
    max_wait_s,
    min_busy_cores,
)
from pytest_multicore.verdicts.limits import Outcome
from pytest_multicore.verdicts.row_sets import disturbance, is_undisturbed, undisturbed_rows
from pytest_multicore.verdicts.rules import Rule
from tests.rounds import disturbed, look, made, spaced

from .test_judge import FAILED, OPEN, said

#: A pool that is made and closed within the region, beside a loop: it took 45 ms in place of 30.
POOL = replace(made(0.045, 1.33, threads=2, ended_share=0.98, foreign=0.67), cores_in_reach=2)
ALONE = made(0.1, 1.0)


def without(*rules: Rule) -> frozenset[Rule]:
    return frozenset(rules)


def test_a_pool_beside_a_loop_is_disturbed_by_it_unless_there_is_a_core_for_each() -> None:
    assert disturbance(POOL) == "others used 0.67 cores; our threads waited for 0.67 cores"
    assert is_undisturbed(replace(POOL, cores_in_reach=3))


def test_a_quota_of_ours_disturbs_nobody() -> None:
    """What it holds back the program does not get here: a cause, not noise."""
    assert is_undisturbed(replace(made(0.1, 2.0), throttled_s=0.05))


@pytest.mark.parametrize(("foreign_s", "disturbs"), [(0.004, False), (0.06, True)])
def test_where_waits_are_unknown_what_others_used_disturbs(foreign_s: float, disturbs: bool) -> None:
    assert is_undisturbed(replace(ALONE, delay_s=None, foreign_s=foreign_s)) is not disturbs


def test_threads_wait_for_others_no_longer_than_they_wait_nor_than_others_ran() -> None:
    assert max_foreign_wait_s(made(0.1, 1.0, demand=1.2, foreign=1.0)) == pytest.approx(0.02)
    assert max_foreign_wait_s(made(0.1, 2.0, demand=8.0, foreign=0.5)) == pytest.approx(0.05)


def test_what_is_known_of_waits_is_the_least() -> None:
    assert max_wait_s(replace(POOL, delay_s=0.2)) == 0.2


def test_a_round_is_bounded_from_both_sides() -> None:
    for one in (ALONE, POOL, disturbed(), replace(made(0.1, 1.5, demand=1.6, cores_online=2), clocks_s=0.01)):
        assert min_busy_cores(one) <= one.busy_cores <= max_busy_cores(one)


def test_a_clock_that_tells_more_than_there_is_leaves_the_highest_bound_there() -> None:
    assert max_busy_cores(made(0.1, 2.1, cores_online=2)) == min_busy_cores(made(0.1, 2.1, cores_online=2)) == 2


def test_rules_that_are_left_out_bound_nothing() -> None:
    waiting, beyond = made(0.1, 1.5, demand=1.7), made(0.1, 2.1, cores_online=2)
    assert max_busy_cores(waiting) > max_busy_cores(waiting, without=without(Rule.WAITS)) == pytest.approx(1.5)
    assert max_wait_s(POOL, without(Rule.ENDED_THREADS)) == 0.0
    assert is_undisturbed(POOL, without(Rule.ENDED_THREADS))
    assert min_busy_cores(beyond, without(Rule.CAP)) == pytest.approx(2.1)
    assert min_busy_cores(replace(waiting, clocks_s=0.1), without(Rule.CLOCKS)) == pytest.approx(1.5)


def hidden(foreign_s: float, foreign_raw_s: float | None, delay_s: float | None = None) -> Round:
    """A round whose waits nobody knows, beside others who used so much: as bounded, and as the clocks tell it."""
    return replace(ALONE, delay_s=delay_s, foreign_s=foreign_s, foreign_raw_s=foreign_raw_s)


def test_what_bounds_others_time_adds_up_where_no_clock_tells_it() -> None:
    rows = [(hidden(0.004, None), ALONE)] * 10
    assert undisturbed_rows(rows) == rows, "4 ms of 100 each: tolerated in each and in all"
    beside = (hidden(0.008, None), ALONE)
    assert undisturbed_rows([*rows, beside]) == rows, "one that is disturbed by itself adds nothing"


def test_others_on_cores_that_are_left_free_hide_nothing() -> None:
    """At a high priority a neighbour keeps nobody waiting whose waits are known."""
    known, unknown = hidden(0.1, 0.1, delay_s=0.0), hidden(0.0, 0.06)
    rows = [(known, ALONE), (unknown, ALONE)] * 5
    assert undisturbed_rows(rows) == rows[::2]


@pytest.mark.parametrize("side", [0, 1])
def test_what_is_hidden_on_either_side_counts(side: int) -> None:
    rows = [(ALONE, hidden(0.0, 0.06))[:: 1 if side else -1]] * 5
    assert rows[0][side].foreign_raw_s == 0.06
    assert undisturbed_rows(rows) == []


TAKES_TURNS = made(0.1, 1.0, os_threads=2)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (made(0.1, 0.6, threads=1, demand=1.0, foreign=1.0), 0.4),
        (made(0.1, 0.2, threads=1, demand=0.3, foreign=1.0), 0.1),  # it slept for the rest
        (made(0.1, 1.0, threads=1, demand=1.4, foreign=1.0), 0.0),  # the core was at work, on another thread of it
        (replace(made(0.1, 0.5, threads=1), throttled_s=0.05), 0.5),
        (made(0.1, 0.9, threads=1, steal=0.1), 0.1),
    ],
)
def test_a_round_is_held_up_while_others_have_its_cores_and_it_rests(one: Round, expected: float) -> None:
    assert held_up_share(one, TAKES_TURNS) == pytest.approx(expected)


def test_threads_that_are_always_at_work_find_a_core_no_sooner_and_may_use_up_a_quota() -> None:
    beside, at_work = made(0.1, 0.5, threads=1, demand=1.0, foreign=1.0), made(0.1, 1.0, demand=2.0, os_threads=2)
    assert held_up_share(beside, TAKES_TURNS) == pytest.approx(0.5)
    assert held_up_share(beside, at_work) == 0.0
    assert held_up_share(replace(beside, throttled_s=0.02), at_work) == pytest.approx(0.2)


def uses(*seconds: tuple[float, float | None]) -> tuple[ThreadUse, ...]:
    """Threads, by CPU time and run-queue delay."""
    return tuple(ThreadUse("python", 1, tid, *each) for tid, each in enumerate(seconds))


@pytest.mark.parametrize(
    ("threads", "cores", "expected"),
    [
        (((0.05, 0.05), (0.01, 0.01)), 0.6, 0.0),  # half serial: the main thread was at work or waited all along
        (((0.03, 0.02), (0.03, 0.02)), 0.6, 0.5),  # turns
        (((0.05, None), (0.01, None)), 0.6, 0.5),  # unknown
        (
            ((0.1, 0.0), (0.05, 0.0)),
            1.5,
            0.5,
        ),  # the first asked again and again
    ],
)
def test_a_thread_that_is_always_at_work_shows_in_its_own_waits(
    threads: tuple[tuple[float, float | None], ...], cores: float, expected: float
) -> None:
    beside = made(0.11, 0.5, threads=1, demand=1.0, foreign=1.0)
    contender = replace(made(0.1, cores, demand=1.2, os_threads=2), thread_use=uses(*threads))
    assert held_up_share(beside, contender) == pytest.approx(expected)


@pytest.mark.parametrize(("left", "expected"), [(0.5, OPEN), (1.0, FAILED)])
def test_a_quota_out_of_sight_shows_in_the_control(left: float, expected: Outcome) -> None:
    """Nobody else is there, and two threads wait on two cores: for a quota, or for each other."""
    contender = made(0.1, 1.0, demand=2.0, os_threads=2, cores_online=2, control=look(2, left, share=left))
    assert said(spaced([(contender, made(0.11, threads=1, control=look(1)))] * 40), min_speedup=1.5) is expected
