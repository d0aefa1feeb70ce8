"""A proof that further processes bear out, or not, from literals; and layouts that differ."""

from __future__ import annotations

import random

import pytest

from pytest_multicore.diagnosis.suspicions import Effect, Trial
from pytest_multicore.diagnosis.trials import MIN_USEFUL_RATIO, Finding, TrialResult
from pytest_multicore.experiment.confirm_trial import LayoutGains, with_further_processes
from pytest_multicore.experiment.layouts import ALIGNMENT_BYTES, LAYOUT_VARIABLE, MIN_LAYOUT_BYTES, drawn_layout
from pytest_multicore.interpreters.address_layout import PAGE_BYTES
from pytest_multicore.verdicts.statistics import Interval


def gains(first: float, second: float, original: float, spread: float = 0.02) -> LayoutGains:
    return LayoutGains(
        (
            Interval(first - spread, first, first + spread, 0.8),
            Interval(second - spread, second, second + spread, 0.8),
        ),
        original,
    )


PROOF = TrialResult(Trial("A=1", Effect.FASTER), Finding.PROVEN, "A=1: 1.50x as fast")


def test_a_proof_that_shows_in_all_processes_stays_one() -> None:
    found = with_further_processes(PROOF, [gains(1.4, 1.6, 0.98), gains(1.3, 1.5, 1.05)])

    assert found.finding is Finding.PROVEN
    assert found.text == (
        "A=1: 1.50x as fast; in 2 further sets of processes, laid out anew in memory, by 1.30x to 1.60x; the original "
        "differs from itself by up to 1.05x"
    )


@pytest.mark.parametrize(
    "turned",
    [gains(0.9, 1.4, 1.6), gains(1.4, 0.9, 0.6), gains(1.04, 1.04, 1.0), gains(1.2, 1.2, 1.0, spread=0.3)],
    ids=["one original is as fast", "the other is", "nothing that a user would change", "too few rows to tell"],
)
def test_one_set_of_processes_that_does_not_show_it_is_enough(turned: LayoutGains) -> None:
    found = with_further_processes(PROOF, [gains(1.4, 1.6, 1.0), turned])

    assert found.finding is Finding.OPEN
    assert found.text.endswith(": that is no proof")
    few_rows = min(one.estimate for one in turned.changed) >= MIN_USEFUL_RATIO
    assert (", which is too few rows to be certain: " in found.text) is few_rows


@pytest.mark.parametrize(
    ("first", "second", "spread", "settled"),
    [(1.4, 1.6, 0.02, True), (1.4, 0.9, 0.02, True), (1.4, 1.1, 0.2, False)],
    ids=["it shows", "it does not", "more rows may tell"],
)
def test_rows_are_taken_until_a_set_tells(first: float, second: float, spread: float, settled: bool) -> None:
    assert gains(first, second, 1.0, spread).is_settled is settled


def test_layouts_differ_by_less_than_a_page_in_steps_of_an_allocation() -> None:
    draw = random.Random(0)
    lengths = {len(drawn_layout(draw)[LAYOUT_VARIABLE]) - MIN_LAYOUT_BYTES for _ in range(1000)}

    assert max(lengths) < PAGE_BYTES
    assert all(length % ALIGNMENT_BYTES == 0 for length in lengths)
    assert len(lengths) > 200, "of 256 that there are"
