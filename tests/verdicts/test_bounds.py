"""What one round bounds: waits, and cores busy from both sides."""

import math
from dataclasses import replace
from typing import Any

import pytest

from pytest_multicore.rounds.round import Round, ThreadUse
from pytest_multicore.verdicts.bounds import (
    max_busy_cores,
    max_foreign_wait_s,
    max_wait_s,
    min_busy_cores,
    usable_cores,
)
from pytest_multicore.verdicts.judge import decide
from pytest_multicore.verdicts.limits import Limits, Outcome
from pytest_multicore.verdicts.rules import Rule
from tests.rounds import made, spaced


def test_waits_among_the_programs_own_threads_are_its_own_doing() -> None:
    """Four threads on two cores."""
    crowded = made(0.1, 2.0, demand=4.0)
    assert max_wait_s(crowded) == pytest.approx(0.2)
    assert max_foreign_wait_s(crowded) == 0.0
    assert max_foreign_wait_s(replace(crowded, foreign_s=0.03)) == pytest.approx(0.03)


def test_others_time_stands_in_for_waits_that_threads_took_along() -> None:
    ended = made(0.1, 1.0, demand=1.1, ended_share=0.5, foreign=0.5)
    assert max_wait_s(ended) == pytest.approx(0.05)
    assert max_wait_s(replace(ended, thread_use=made(0.1, 1.0).thread_use)) == pytest.approx(0.01)


def test_unless_they_told_as_they_ended_that_they_waited_less() -> None:
    """What they did not compute they waited or slept, so it is a bound, and the lower one of the two holds."""
    pool = replace(made(0.1, 1.5, demand=1.6, ended_share=0.8, foreign=0.5), ended_cpu_s=0.12)
    assert max_wait_s(replace(pool, ended_wait_s=0.02)) == pytest.approx(0.03)
    assert max_wait_s(replace(pool, ended_wait_s=0.2)) == pytest.approx(0.05)
    assert max_wait_s(replace(pool, ended_wait_s=0.02, ended_cpu_s=0.06)) == pytest.approx(0.05), "some did not tell"


def test_so_it_does_where_the_system_tells_no_waits() -> None:
    assert max_wait_s(replace(made(0.1, 1.0, foreign=0.5), delay_s=None)) == pytest.approx(0.05)


def test_where_there_is_a_core_for_each_nobody_was_kept_waiting() -> None:
    """Two cores in reach, one thread of ours, and half of a core of theirs."""
    ended = made(0.1, 1.0, threads=1, demand=1.1, ended_share=0.5, foreign=0.5)
    assert max_wait_s(replace(ended, cores_in_reach=2)) == pytest.approx(0.01)
    assert max_wait_s(replace(ended, cores_in_reach=1)) == pytest.approx(0.05)


def test_without_its_waits_a_round_would_have_been_shorter_by_their_sum() -> None:
    """A thread that sleeps until a displaced one is done stands in no queue: demanded cores are no bound."""
    assert max_busy_cores(made(0.1, 1.2, demand=1.6)) == pytest.approx(1.2 / 0.6)


def test_a_program_that_is_idle_most_of_the_time_demanded_more_than_that() -> None:
    assert max_busy_cores(made(0.1, 0.2, demand=0.3)) == pytest.approx(0.3)


def test_without_what_a_hypervisor_took_it_would_have_been_shorter_too() -> None:
    """Two virtual cores on a real one: two threads at work, and one core's worth of time."""
    assert max_busy_cores(made(0.1, 1.0, os_threads=2, steal=0.4)) == pytest.approx(1.0 / 0.6)


def test_a_round_that_was_all_waits_bounds_nothing() -> None:
    assert max_busy_cores(made(0.1, 1.0, ended_share=0.5, foreign=1.0)) == math.inf


@pytest.mark.parametrize(
    "there", [{"cores_online": 2}, {"cores_open": 2.0}, {"os_threads": 2}], ids=["online", "open to it", "threads"]
)
def test_no_more_cores_are_busy_than_there_are(there: dict[str, Any]) -> None:
    """Its own threads wait for each other, too: four on two cores demand four."""
    assert max_busy_cores(made(0.1, 1.9, demand=3.8, **{"os_threads": 4, **there})) == 2.0


@pytest.mark.parametrize("unseen", [{"threads_unseen": 1}, {"threads_unseen": None}, {"ended_share": 0.2}])
def test_threads_that_may_have_ended_are_no_bound(unseen: dict[str, Any]) -> None:
    assert max_busy_cores(made(0.1, 1.9, demand=2.4, **unseen)) > 2.0


def test_a_clock_that_runs_longer_than_the_region_counts_too_much() -> None:
    assert min_busy_cores(replace(made(0.1, 1.55), clocks_s=0.01)) == pytest.approx(1.55 / 1.1)
    assert min_busy_cores(made(0.1, 1.55)) == pytest.approx(1.55)


def test_a_clock_never_makes_more_cores_than_there_are() -> None:
    assert min_busy_cores(made(0.1, 2.02, cores_online=2)) == 2


def test_a_side_can_use_what_is_open_to_it_and_what_it_was_told_to() -> None:
    assert usable_cores(made(threads=2, cores_online=8)) == 2
    assert usable_cores(made(threads=8, cores_online=8, cores_open=1.5)) == 1.5
    assert usable_cores(made(threads=None, cores_online=8)) == 8
    assert usable_cores(made(threads=None)) == math.inf


def fair_shares(threads: int, loops: int, serial: float) -> tuple[Round, Round]:
    """A program on two cores beside endless loops, where each thread gets as much of the cores as any other.

    Args:
        threads: of the contender, the main one among them; the baseline has one.
        loops: of the neighbours.
        serial: share of the baseline's work that the main thread does alone, before the others begin.
    """
    alone, together = min(1.0, 2 / (1 + loops)), min(2.0, 2 * threads / (threads + loops))
    part, shared_s = (1 - serial) / threads, (1 - serial) / together
    wall_s, each_waits_s = serial / alone + shared_s, shared_s - part
    main_waits_s = serial / alone - serial + each_waits_s
    uses = [ThreadUse("worker", 1, 2 + n, part, each_waits_s) for n in range(threads - 1)]
    uses.append(ThreadUse("python", 1, 1, serial + part, main_waits_s))
    contender = made(wall_s, 1 / wall_s, threads=threads, cores_online=2, foreign=2 - 1 / wall_s)
    delay_s = main_waits_s + each_waits_s * (threads - 1)
    contender = replace(contender, delay_s=delay_s, thread_use=tuple(uses))
    baseline = made(1 / alone, alone, threads=1, demand=1.0, cores_online=2, foreign=2 - alone)
    baseline = replace(baseline, thread_use=(ThreadUse("python", 1, 1, 1.0, 1 / alone - 1),))
    contender, baseline = (replace(one, cores_granted=2.0, cores_in_reach=2) for one in (contender, baseline))
    return contender, baseline


@pytest.mark.parametrize(
    ("threads", "loops", "serial", "limit"), [(4, 4, 0.1, 2.0), (4, 4, 1 / 3, 1.58), (8, 2, 1 / 3, 1.57)]
)
def test_more_threads_than_cores_gain_nothing_by_their_number(
    threads: int, loops: int, serial: float, limit: float
) -> None:
    """Beside others they get more of the cores than one thread does: alone on two cores the program misses this."""
    alone = 1 / (serial + (1 - serial) / 2)
    row = fair_shares(threads, loops, serial)
    assert alone < limit < row[1].wall_s / row[0].wall_s
    (verdict,) = decide(Limits(min_speedup=limit), spaced([row] * 20), 0.99)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (without,) = decide(Limits(min_speedup=limit), spaced([row] * 20), 0.99, frozenset({Rule.HELD_UP}))
    assert without.outcome is Outcome.PASSED
