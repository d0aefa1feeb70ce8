"""What a round says of itself, from literals."""

import math
from dataclasses import replace

import pytest

from tests.rounds import made


def test_a_thread_that_ended_is_missed_in_short_rounds_too() -> None:
    """Of 18 ms of work 6 were done by one that is gone."""
    taken = made(0.015, 1.2, ended_share=0.33)
    assert not taken.all_threads_seen
    assert made(0.015, 1.2).all_threads_seen
    assert replace(taken, delay_s=None).all_threads_seen, "in ticks of 10 ms that cannot be told"


def test_cores_that_the_threads_may_not_use_are_none_for_each() -> None:
    """Eight in the machine, two in reach: a neighbour among these has one of them."""
    taken = made(0.1, 1.3, threads=2, foreign=0.67, cores_online=8)
    assert replace(taken, cores_in_reach=8).enough_cores
    assert replace(taken, cores_in_reach=3).enough_cores
    assert not replace(taken, cores_in_reach=2).enough_cores
    assert not replace(taken, cores_in_reach=None).enough_cores


def test_threads_that_nobody_counted_are_as_many_as_may_be() -> None:
    assert not replace(made(0.1, 1.0, threads=None), cores_in_reach=64).enough_cores
    assert not replace(made(0.1, 7.5, threads=2, foreign=1.0), cores_in_reach=8).enough_cores, "more than were told"


@pytest.mark.parametrize(
    ("ended_share", "delay_s", "in_reach", "known"),
    [(0.0, 0.0, 2, True), (0.5, 0.0, 2, False), (0.5, 0.0, 3, True), (0.0, None, 3, False)],
    ids=["all live on", "some ended", "some ended, and had a core each", "nobody tells"],
)
def test_waits_are_known_of_threads_that_live_on_or_had_a_core_each(
    ended_share: float, delay_s: float | None, in_reach: int, known: bool
) -> None:
    taken = replace(made(0.1, 2.0, ended_share=ended_share, foreign=1.0), delay_s=delay_s, cores_in_reach=in_reach)
    assert taken.waits_are_known is known


def test_threads_that_ended_bound_their_waits_if_all_of_them_told() -> None:
    """They are still none of the living, so nothing is concluded from how the work was shared."""
    taken = replace(made(0.1, 2.0, demand=2.1, ended_share=0.5), ended_cpu_s=0.1, ended_wait_s=0.02)
    assert taken.told_wait_s == pytest.approx(0.03)
    assert not taken.all_threads_seen
    assert replace(taken, ended_cpu_s=0.05).told_wait_s == math.inf, "some did not tell"
    assert replace(taken, delay_s=None).told_wait_s == math.inf, "those that live on do not tell"
    assert replace(taken, ended_cpu_s=0.15).told_wait_s == math.inf, "some count twice"


def test_two_rounds_of_the_same_figures_are_two() -> None:
    assert made() != made()
    assert len({made(), made()}) == 2
