"""Rows on cores that are slow at times: which of them bound the speed-up, and from which side."""

import dataclasses
import math

import pytest

from pytest_multicore.measurement.pace import Pace
from pytest_multicore.measurement.rounds import Round
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.rows import SPELL, slow_rows
from tests.rounds import made

FULL, SLOW = Pace(2, 100.0, 100.0), Pace(2, 55.0, 100.0)
ALONE, ALONE_SLOW = Pace(1, 100.0, 100.0), Pace(1, 70.0, 100.0)


def paced(count: int, speedup: float, contender: Pace | None, baseline: Pace | None) -> list[tuple[Round, Round]]:
    return [(made(0.1, 2.0, pace=contender), made(0.1 * speedup, 1.0, threads=1, pace=baseline))] * count


def test_cores_that_others_share_prove_no_miss() -> None:
    """Both threads on one real core: 1.03x is the machine's, whatever the program could do."""
    found = figures.comparison(paced(50, 1.03, SLOW, ALONE), 0.99).speedup
    assert (found.low, found.estimate, found.high) == (pytest.approx(1.03), pytest.approx(1.03), math.inf)


def test_a_slow_baseline_proves_no_pass() -> None:
    found = figures.comparison(paced(50, 2.3, FULL, ALONE_SLOW), 0.99).speedup
    assert (found.low, found.high) == (-math.inf, pytest.approx(2.3))


def test_rows_at_full_pace_say_what_the_program_does() -> None:
    """A phase on a shared core drags neither the estimate nor the upper bound down."""
    rows = paced(30, 1.03, SLOW, ALONE) + paced(12, 1.9, FULL, ALONE)
    found = figures.comparison(rows, 0.99).speedup
    assert found.estimate == pytest.approx(1.9)
    assert found.high == pytest.approx(1.9)
    assert found.low == pytest.approx(1.03), "all rows count for it: it can only be too low"


def test_what_a_machine_can_do_is_known_at_the_end() -> None:
    """The first rows were taken before anybody had seen the cores at their best."""
    early = Pace(2, 55.0, 56.0)
    found = figures.comparison(paced(20, 1.03, early, ALONE) + paced(1, 1.9, FULL, ALONE), 0.99).speedup
    assert math.isinf(found.high)


def test_nobody_looked_at_the_cores() -> None:
    found = figures.comparison(paced(10, 1.5, None, None), 0.99).speedup
    assert (found.low, found.high) == (pytest.approx(1.5), pytest.approx(1.5))


def test_a_core_that_was_not_to_be_had_counts_as_slow() -> None:
    unknown = Pace(2, None, 100.0)
    assert math.isinf(figures.comparison(paced(10, 1.5, unknown, ALONE), 0.99).speedup.high)


def test_a_scaling_series_bounds_each_count_by_its_own_cores() -> None:
    rows = [
        (made(0.4, 1.0, pace=ALONE), made(0.2, 2.0, pace=FULL), made(0.2, 4.0, pace=Pace(4, 50.0, 100.0)))
        for _ in range(10)
    ]
    found = figures.scaling([1, 2, 4], rows, 0.99).speedups
    assert found[2].high == pytest.approx(2.0)
    assert math.isinf(found[4].high)


@pytest.mark.parametrize(
    ("looks", "bounded"), [([0.5] * 12, False), ([0.95] * 12, True), ([0.95] * 10 + [0.5] * 2, True)]
)
def test_a_baseline_whose_memory_was_taken_proves_no_speedup(looks: list[float], bounded: bool) -> None:
    """The side in question drives the neighbour away, and the baseline does not: the speed-up reads too high."""
    taken = [
        (
            made(0.1, 2.0, pace=Pace(2, 100.0, 100.0)),
            made(0.15, 1.0, threads=1, pace=Pace(1, 100.0, 100.0, memory=memory)),
        )
        for memory in looks
    ]
    speedup = figures.comparison(taken, 0.99).speedup
    assert (speedup.low == pytest.approx(1.5)) is bounded
    assert math.isinf(speedup.low) is not bounded
    assert speedup.high == pytest.approx(1.5)


def even(shares: list[float], contender_s: float = 0.1, speedup: float = 1.8) -> list[tuple[Round, Round]]:
    """Rows of two cores against one, each looked at twice with the same share of its full speed."""
    return [
        (
            made(contender_s, 2.0, pace=Pace(2, 90 * share, 90.0, fastest=90 * share)),
            made(contender_s * speedup, 1.0, threads=1, pace=Pace(1, 100 * share, 100.0, fastest=100 * share)),
        )
        for share in shares
    ]


def test_cores_that_are_slow_and_steady_bound_from_both_sides() -> None:
    """Another guest beside ours all the time, a clock turned down: both sides are as slow, and the ratio is right."""
    found = figures.comparison(even([0.70, 0.72, 0.68, 0.71] * 3), 0.99).speedup
    assert (found.low, found.high) == (pytest.approx(1.8), pytest.approx(1.8))
    assert not slow_rows(even([0.7] * 12))


def test_rows_that_agree_for_a_moment_prove_nothing() -> None:
    coming_and_going = even([0.7] * (SPELL - 1) + [0.5]) * 6
    found = figures.comparison(coming_and_going, 0.99).speedup
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert slow_rows(coming_and_going) == coming_and_going


def test_a_spell_does_not_creep() -> None:
    """Each row agrees with the one before, and the last with the first no more."""
    found = figures.comparison(even([0.80 * 0.97**number for number in range(20)]), 0.99).speedup
    assert math.isinf(found.high)


def test_sides_that_are_slow_unlike_are_not_even() -> None:
    """Both threads on one real core, for as long as it takes: steady, and the machine's."""
    taken = [
        (
            made(0.1, 2.0, pace=Pace(2, 55.0, 100.0, fastest=55.0)),
            made(0.103, 1.0, threads=1, pace=Pace(1, 99.0, 100.0, fastest=99.0)),
        )
    ] * 30
    assert math.isinf(figures.comparison(taken, 0.99).speedup.high)


@pytest.mark.parametrize("fastest", [None, 100.0])
def test_a_look_that_was_fast_or_is_not_known_breaks_a_spell(fastest: float | None) -> None:
    taken = [*even([0.7] * 5), (made(0.1, 2.0, pace=Pace(2, 63.0, 90.0, fastest=fastest)), even([0.7])[0][1])]
    found = figures.comparison(taken * 5, 0.99).speedup
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_a_spell_among_others_counts_alone() -> None:
    rows = even([0.5, 0.9, 0.6] * 5, speedup=1.1) + even([0.7] * 10) + even([0.9, 0.5] * 5, speedup=1.1)
    found = figures.comparison(rows, 0.99).speedup
    assert found.high == pytest.approx(1.8)


def test_a_spell_does_not_bridge_rows_that_others_disturbed() -> None:
    """A host that comes and goes: what was seen round disturbed rows tells as much of the cores."""
    disturbed = [(dataclasses.replace(one, disturbance="others"), other) for one, other in even([0.4])]
    assert math.isinf(figures.comparison((even([0.7]) + disturbed) * 12, 0.99).speedup.high)
    as_slow = [(dataclasses.replace(one, disturbance="others"), other) for one, other in even([0.7])]
    assert figures.comparison((even([0.7]) + as_slow) * 12, 0.99).speedup.high == pytest.approx(1.8)


def test_a_full_speed_that_nobody_has_seen_is_no_measure_of_evenness() -> None:
    assumed = [
        (dataclasses.replace(one, pace=dataclasses.replace(one.pace, full_is_seen=False)), other)
        for one, other in even([0.7] * 12)
        if one.pace is not None
    ]
    assert math.isinf(figures.comparison(assumed, 0.99).speedup.high)
