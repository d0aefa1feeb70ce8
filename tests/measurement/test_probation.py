"""Rounds on trial in the real-time class, from literals."""

from __future__ import annotations

import dataclasses

import pytest

from pytest_multicore.measurement.pace import Pace
from pytest_multicore.measurement.probation import ROWS, Probation
from pytest_multicore.measurement.rounds import Round
from tests.rounds import made

FULL, SLOW = Pace(2, 100.0, 100.0), Pace(2, 60.0, 100.0)


def within(wall_s: float, cores: float, pace: Pace | None = None) -> Round:
    return dataclasses.replace(made(wall_s, cores, pace=pace), foremost=True)


def learned(before: Round, after: Round) -> Probation:
    """Of rows of two sides, one of which is the same all along."""
    probation, same = Probation(), made(0.1)
    assert all(probation.counts((same, before)) for _ in range(2))
    assert not any(probation.counts((dataclasses.replace(same, foremost=True), after)) for _ in range(ROWS))
    return probation


def test_a_program_that_burns_a_core_in_that_class_is_another() -> None:
    """As multiprocessing.Pool at its end."""
    probation = learned(made(0.065, 1.07), within(0.057, 1.73))
    assert probation.failed
    assert probation.counts((made(0.1), made(0.065, 1.07))), "what is taken outside of it counts as before"
    assert not probation.counts((within(0.1, 1.0), within(0.057, 1.73)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (made(0.12, 1.0, demand=2.0), within(0.06, 2.0)),
        (made(0.13, 1.0), within(0.065, 2.0)),
        (made(0.06, 1.0), within(0.11, 1.0)),
        (made(0.1, 1.5, demand=2.0), within(0.1, 2.0)),
        (made(0.1, 2.0), within(0.1, 1.2)),
        (made(0.03, 2.0, pace=FULL), within(0.045, 2.0, SLOW)),
        (made(0.03, 2.0), within(0.045, 2.0)),
        (made(0.03, 2.0, pace=FULL), within(0.035, 2.0, FULL)),
    ],
    ids=[
        "waits are over",
        "so are those of threads that ended",
        "the cores became slow",
        "a thread that spins is not displaced",
        "less is burnt",
        "the cores became slow, as was seen",
        "or may have, where nobody looked",
        "a little longer is chance",
    ],
)
def test_the_same_program_without_its_waits_is_no_other(before: Round, after: Round) -> None:
    probation = learned(before, after)
    assert not probation.failed
    assert probation.counts((within(0.1, 1.0), after)), "its rows count once the trial is over"


def test_a_class_that_one_side_alone_is_in_is_for_none() -> None:
    probation = Probation()
    assert probation.counts((made(0.1), made(0.1)))
    assert not probation.failed
    assert not probation.counts((made(0.1), within(0.1, 1.0)))
    assert probation.failed


def test_there_must_be_rows_to_hold_those_on_trial_against() -> None:
    probation = Probation()
    for row in range(ROWS):
        assert not probation.ready, row
        probation.counts((made(0.1), made(0.1)))
    assert probation.ready


def test_one_that_fills_the_cores_anyway_is_another_if_it_takes_longer() -> None:
    """A thread that spins keeps a core from those that it waits for."""
    assert learned(made(0.03, 2.0, pace=FULL), within(0.045, 2.0, FULL)).failed


def test_a_row_whose_sides_are_in_different_classes_never_counts() -> None:
    """A new interpreter for each round may be refused what the others had."""
    probation = learned(made(0.1), within(0.1, 1.0))
    assert probation.counts((within(0.1, 1.0), within(0.1, 1.0)))
    assert not probation.counts((within(0.1, 1.0), made(0.1)))


def test_rows_that_were_there_from_the_start_have_nothing_to_be_held_against() -> None:
    """An interpreter that lived on, and that the system did not let go back."""
    probation = Probation()
    assert not any(probation.counts((within(0.1, 1.0), within(0.1, 1.0))) for _ in range(ROWS))
    assert not probation.failed
    assert probation.counts((within(0.1, 1.0), within(0.1, 1.0)))


def test_rows_that_are_never_there_count() -> None:
    probation = Probation()
    assert all(probation.counts((made(0.1), made(0.1))) for _ in range(10))
