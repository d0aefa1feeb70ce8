"""Which rows speak for a verdict, and at which confidence."""

from dataclasses import replace

import pytest

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.row_sets import (
    disturbance,
    is_undisturbed,
    row_sets,
    spans_measurement,
    undisturbed_rows,
)
from pytest_multicore.verdicts.rules import Rule
from pytest_multicore.verdicts.statistics import fewest_values
from tests.rounds import disturbed, made, rows, spaced


def test_all_rows_speak_and_the_undisturbed_ones_by_themselves_too() -> None:
    taken = rows(10, 1.8, disturbed_ones=3)
    every, calm = row_sets(taken, 0.99)
    assert (every.rows, every.undisturbed) == (taken, False)
    assert (calm.rows, calm.undisturbed) == (taken[:7], True)


def test_the_error_of_a_verdict_is_shared_out_between_them() -> None:
    every, calm = row_sets(rows(10, 1.8), 0.99)
    assert every.confidence == pytest.approx(1 - 0.8 * 0.01)
    assert calm.confidence == pytest.approx(1 - 0.2 * 0.01)
    assert (1 - every.confidence) + (1 - calm.confidence) == pytest.approx(0.01)


def test_so_the_fewest_rows_that_decide_are_nine() -> None:
    (every, _) = row_sets(rows(10, 1.8), 0.99)
    assert fewest_values(every.confidence) == 9


def test_without_an_undisturbed_row_all_rows_speak_alone() -> None:
    (every,) = row_sets(rows(10, 1.8, disturbed_ones=10), 0.99)
    assert not every.undisturbed


WITHIN, BEYOND = 0.049, 0.051


@pytest.mark.parametrize(
    "one",
    [
        made(0.1, 2.0, demand=2.0 + BEYOND, foreign=0.5),
        made(0.1, 2.0, steal=BEYOND),
        made(0.1, 2.0, quiet=False),
        made(0.1, 2.0, ended_share=0.5, foreign=BEYOND),
        disturbed(),
    ],
    ids=["waited", "stolen", "not at rest", "waits unknown", "half of a core"],
)
def test_others_that_took_more_than_a_twentieth_of_a_rounds_time_disturbed_it(one: Round) -> None:
    assert not is_undisturbed(one)
    assert disturbance(one)


@pytest.mark.parametrize(
    "one",
    [
        made(0.1, 2.0),
        made(0.1, 2.0, demand=2.0 + WITHIN, foreign=0.5, steal=WITHIN),
        made(0.1, 2.0, demand=4.0),
        made(0.1, 1.0, foreign=1.0),
    ],
    ids=["alone", "a twentieth", "waits for its own", "a neighbour on the other core"],
)
def test_others_that_kept_nobody_waiting_did_not(one: Round) -> None:
    assert is_undisturbed(one)
    assert disturbance(one) == ""


def test_what_disturbed_a_round_is_told() -> None:
    assert disturbance(made(0.1, 2.0, demand=2.5, foreign=0.8)) == (
        "others used 0.80 cores; our threads waited for 0.50 cores"
    )
    assert disturbance(made(0.1, 2.0, steal=0.3)) == "a hypervisor took 0.30 cores"
    assert "kept spinning" in disturbance(made(0.1, 2.0, quiet=False))


def test_one_disturbed_round_takes_its_row_with_it() -> None:
    good, bad = (made(0.1, 2.0), made(0.2, threads=1)), (made(0.1, 2.0), disturbed(0.2, threads=1))
    assert undisturbed_rows([good, bad, good]) == [good, good]


def test_of_no_rows_none_is_undisturbed() -> None:
    """A limit that no machine like this can reach is not measured."""
    assert undisturbed_rows([]) == []


def pooled(others_s: float) -> list[tuple[Round, Round]]:
    """A pool that is made in each region took its waits along; what others used is counted in ticks of 10 ms."""
    ticks_s = [others_s + 0.02, others_s - 0.02] * 10
    return [
        (
            replace(made(0.0375, 1.6, ended_share=0.9), foreign_raw_s=tick_s, foreign_s=max(0.0, tick_s)),
            made(0.06, threads=1),
        )
        for tick_s in ticks_s
    ]


def test_waits_that_nobody_knows_are_told_by_what_others_used_over_all_rounds() -> None:
    """0.4 cores of theirs, of which every other round shows nothing."""
    assert undisturbed_rows(pooled(0.015)) == []
    assert len(undisturbed_rows(pooled(0.015), frozenset({Rule.UNKNOWN_WAITS}))) == 10


def test_ticks_alone_disturb_nobody() -> None:
    assert len(undisturbed_rows(pooled(0.0))) == 10


def test_rows_whose_waits_are_known_stay_beside_those_that_hide_them() -> None:
    known = (made(0.0375, 1.6), made(0.06, threads=1))
    assert undisturbed_rows([*pooled(0.015), known, known]) == [known, known]


def test_so_do_rows_whose_ended_threads_told_of_their_waits() -> None:
    """By what they told they were hardly kept waiting, whatever the ticks of the background load show."""
    rows = pooled(0.015)
    told = [tuple(replace(one, ended_cpu_s=0.9 * one.cpu_s, ended_wait_s=0.001) for one in row) for row in rows]
    assert undisturbed_rows(told) == told


def test_rows_are_of_the_whole_from_half_of_its_time_on() -> None:
    taken = spaced([(made(),)] * 11)
    assert spans_measurement(taken[:6], taken)
    assert spans_measurement([taken[3], taken[8]], taken)
    assert not spans_measurement(taken[:5], taken)
    assert spans_measurement(taken[:1], taken[:1]), "a row alone is all there is"


def test_a_quiet_part_alone_is_told_to_be_one() -> None:
    taken = spaced([(made(),)] * 10 + [(disturbed(),)] * 30)
    assert [one.spans_measurement for one in row_sets(taken, 0.99)] == [True, False]
    assert [one.spans_measurement for one in row_sets(taken, 0.99, frozenset({Rule.SPAN}))] == [True, True]
