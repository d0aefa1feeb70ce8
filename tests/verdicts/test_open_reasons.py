"""Why a verdict is open, in words."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_multicore.reports.words import percent
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.judge import judgement
from pytest_multicore.verdicts.limits import Limits, OpenReason, Outcome, Verdict, leave_open
from pytest_multicore.verdicts.open_reasons import (
    SENTENCES,
    OpenMeasurement,
    attained_in_words,
    why_inconclusive,
)
from pytest_multicore.verdicts.statistics import Interval
from pytest_multicore.verdicts.words import percent_in_words, threads_in_words
from tests.rounds import look, made, rows, spaced

Rows = Sequence[tuple[Round, ...]]
STRESS = (("stress (process 7)", 0.98),)


def undecided(taken: Rows, *, rounds_s: float = 10.0, **limits: Any) -> OpenMeasurement:
    """Of rows that leave a limit open, in a budget of 10 s beside a neighbour."""
    found = judgement(Limits(**limits), taken, 0.99)
    return OpenMeasurement(taken, found, rounds_s, 10.0, 0.99, STRESS)


def why(taken: Rows, **limits: Any) -> str:
    return why_inconclusive(undecided(taken, **limits))


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == set(OpenReason)


def test_slow_work_is_told_what_budget_it_needs() -> None:
    told = undecided([(made(3.0), made(5.0, threads=1))] * 2, rounds_s=16.0, min_speedup=1.5)
    text = why_inconclusive(told)
    assert "2 rows of rounds fit the budget of 10 s, at least 9 are needed at confidence 0.99" in text
    assert "one takes 8 s: use budget=108, or less work" in text


def test_a_row_takes_its_pauses_and_its_control_too() -> None:
    told = undecided([(made(0.1), made(0.1, threads=1))] * 3, rounds_s=9.0, min_speedup=1.5)
    assert "3 rows of rounds fit the budget" in why_inconclusive(told)
    assert "one takes 3 s: use budget=41, or less work" in why_inconclusive(told)


def test_a_limit_within_the_interval_is_nobodys_doing() -> None:
    text = why(rows(10, 1.4) + rows(10, 1.6), min_speedup=1.5)
    assert text.startswith("min_speedup=1.5 lies within 1.5x [1.4, 1.6], the interval after 20 rows in 10 s")
    assert text.endswith("move the limit away from 1.5")


def test_a_machine_that_attains_too_little_is_told_with_what_it_attains() -> None:
    assert why(rows(20, 1.0, slowed_to=0.6), min_speedup=1.5) == (
        "min_speedup=1.5: measured 1x [1, 1] in 20 rows; 2 cores attain 1.2x [1.2, 1.2] here just now, "
        "and the program may come to 1.67x on cores of its own; busy meanwhile: stress (process 7) 0.98 cores; "
        "use min_efficiency, which is held against what is attained"
    )


@pytest.mark.parametrize(
    ("ends", "limit", "told"),
    [
        ((-0.31, -0.2686, -0.22), 0.1, "-27 [-31, -22] %"),
        ((0.04, 0.0473, 0.051), 0.1, "4.7 [4.0, 5.1] %"),
        ((0.0991, 0.31, 0.6), 0.1, "31.0 [9.9, 60.0] %"),
        ((-0.003, 0.0, 0.002), None, "0.00 [-0.30, 0.20] %"),
        ((0.0, 0.0, 0.0), None, "0 [0, 0] %"),
        ((-math.inf, 0.5, math.inf), 0.5, "50 [?, ?] %"),
    ],
)
def test_a_loss_is_told_in_percent_by_one_function(
    ends: tuple[float, float, float], limit: float | None, told: str
) -> None:
    low, estimate, high = ends
    assert percent_in_words(Interval(low, estimate, high, 0.99), limit) == told
    kept = {"estimate": estimate, "low": None if math.isinf(low) else low, "high": None if math.isinf(high) else high}
    assert percent(kept, limit=limit) == told


@pytest.mark.parametrize("reason", [OpenReason.MACHINE, OpenReason.NEAR, OpenReason.LAYOUT, OpenReason.BRIEF])
def test_a_limit_on_a_base_is_told_in_percent(reason: OpenReason) -> None:
    """A measured -0.269 stood beside a -26.86 %."""
    measured = Interval(-0.31, -0.2686, -0.22, 0.99)
    verdict = Verdict("max_loss", 0.1, Outcome.INCONCLUSIVE, replace(measured, high=0.25), reason, measured)
    text = SENTENCES[reason](undecided(rows(20, 1.0), min_speedup=1.5), verdict)
    assert "-27 [-31, -22] %" in text
    assert "0.2" not in text
    assert ("it may be -31 % to 25 % on cores of its own" in text) is (reason is OpenReason.MACHINE)
    assert text.endswith("away from -27 %") is (reason in (OpenReason.NEAR, OpenReason.LAYOUT))


#: A product whose two threads share one core, as others have the other: the control found both.
CROWDED_OUT = [
    (
        made(0.13, 1.0, demand=2.0, os_threads=2, foreign=1.0, cores_online=2, control=look(2, 0.9)),
        made(0.1, 1.0, threads=1, foreign=1.0, cores_online=2, control=look(1)),
    )
] * 20


def test_min_efficiency_is_not_advised_where_it_would_be_open_too() -> None:
    text = why(CROWDED_OUT, min_speedup=1.5)
    assert text.startswith("min_speedup=1.5: measured 0.769x [0.769, 0.769] in 20 rows; 2 cores attain 1.8x")
    assert text.endswith("run it on a quieter machine")
    assert "min_efficiency" not in text


def test_an_efficiency_without_an_upper_bound_is_not_said_to_lack_rows() -> None:
    told = undecided(CROWDED_OUT, min_efficiency=0.7)
    assert [one.open_reason for one in told.judged.verdicts] == [OpenReason.MACHINE]
    text = why_inconclusive(told)
    assert text.startswith("min_efficiency=0.7: measured 0.427 [0.427, ?] in 20 rows; 2 cores attain 1.8x")
    assert text.endswith("run it on a quieter machine")


def test_rows_that_suffice_by_their_number_are_not_said_to_be_too_few() -> None:
    found = judgement(Limits(min_speedup=1.5), rows(20, 1.0), 0.99)
    open_ = replace(found, verdicts=tuple(leave_open(one, OpenReason.FEW_ROWS) for one in found.verdicts))
    assert why_inconclusive(OpenMeasurement(rows(20, 1.0), open_, 9.0, 10.0, 0.99)) == (
        "min_speedup=1.5: 20 rows in 9 s do not bound the figures: raise the budget of 10 s"
    )


@pytest.mark.parametrize(("disturbed_ones", "told"), [(20, True), (10, False), (0, False)])
def test_an_interval_that_neighbours_made_wide_is_told_to_be(disturbed_ones: int, told: bool) -> None:
    text = why(
        rows(10, 1.4, disturbed_ones=disturbed_ones // 2) + rows(10, 1.6, disturbed_ones=disturbed_ones // 2),
        min_speedup=1.5,
    )
    assert ("20 of 20 rounds were disturbed; " in text) is told
    assert ("run it on a quieter machine, or move the limit away from 1.5" in text) is told
    assert text.endswith("move the limit away from 1.5")


def test_a_neighbour_who_keeps_threads_waiting_is_named() -> None:
    crowded = made(0.1, 1.2, demand=1.6, os_threads=2, foreign=0.4)
    text = why([(crowded,)] * 15 + [(made(0.1, 1.2),)] * 5, min_cores=1.5)
    assert text.startswith("min_cores=1.5: 1.2 [1.2, 1.2] were busy, and up to 2 would have been")
    assert "15 of 20 rounds were disturbed (others used 0.40 cores; our threads waited for 0.40 cores)" in text
    assert "busy meanwhile: stress (process 7) 0.98 cores; run it on a quieter machine" in text


BESIDE_ONE_THAT_COPIES = [
    (made(0.1, cores, control=look(2)), made(0.18, threads=1, control=look(1, memory=0.4))) for cores in (1.4, 1.6)
] * 10


def test_a_neighbour_that_took_the_memory_is_told() -> None:
    text = why(BESIDE_ONE_THAT_COPIES, min_speedup=1.5)
    assert text.startswith("min_speedup=1.5: measured 1.8x [1.8, 1.8], but a neighbour took the memory's bandwidth")


def test_limits_on_cores_have_nothing_to_do_with_the_memory_of_a_neighbour() -> None:
    assert "bandwidth" not in why(BESIDE_ONE_THAT_COPIES, min_cores=1.5)


def test_a_gain_without_threads_is_told_to_be_none() -> None:
    text = why([(made(0.1), made(0.11, threads=1))] * 20, min_speedup=1.05)
    assert text.startswith("min_speedup=1.05 lies beside 1.1x [1.1, 1.1], but one thread did all the work on both")


def test_a_baseline_that_takes_more_than_it_was_told_to_is_named() -> None:
    both = made(0.1, 2.0, control=look(2)), made(0.1, 2.0, threads=1, control=look(1))
    assert why([both] * 20, min_speedup=1.5).startswith(
        "min_speedup=1.5 cannot be held against its baseline: told to use 1 thread it kept 2.00 cores busy"
    )


def test_a_baseline_that_no_variable_reaches_is_sent_to_cores_and_one_that_leaves_its_cores_is_named() -> None:
    both = made(0.1, 2.0, control=look(2)), made(0.1, 2.0, threads=1, control=look(1))
    told = undecided([both] * 20, min_speedup=1.5)
    assert 'use vary="cores", which gives each side its cores' in why_inconclusive(told)
    text = why_inconclusive(replace(told, vary="cores"))
    assert "given 1 core it kept 2.00 cores busy, and what more cores gain is in it already" in text
    assert "It has widened its own affinity" in text


def test_busy_cores_have_nothing_to_do_with_a_baseline() -> None:
    taken = [(made(0.1, cores), made(0.1, 2.0, threads=1)) for cores in (1.4, 1.6)] * 10
    assert why(taken, min_cores=1.5).startswith("min_cores=1.5 lies within")


def test_threads_that_cannot_be_counted_are_not_waited_for() -> None:
    pooled = made(0.1, 1.5, ended_share=0.9)
    assert why([(pooled,)] * 20, max_threads=4).endswith("some ended within the rounds: use max_cores")
    untold = replace(made(0.1, 1.5), delay_s=None)
    assert why([(untold,)] * 20, max_threads=4).endswith("this system does not tell all: use max_cores")


@pytest.mark.parametrize(("limit", "told"), [({"max_threads": 1}, True), ({"min_cores": 1.5}, False)])
def test_what_was_started_meanwhile_is_told_where_threads_are_counted(limit: dict[str, float], told: bool) -> None:
    taken = [(made(cores=cores, os_threads=1, threads_unseen=1),) for cores in (1.4, 1.6)] * 10
    assert ("in 20 of the rows a thread or process was started or ended" in why(taken, **limit)) is told


def test_inherited_threads_are_told_to_have_nothing_to_be_held_against() -> None:
    taken = [(made(0.1, 2.0, threads=None), made(0.18, threads=1))] * 9
    assert why(taken, min_efficiency=0.5) == (
        "min_efficiency=0.5 has nothing to be held against, for threads were inherited: give threads a number"
    )


@pytest.mark.parametrize(
    ("disturbed", "told"),
    [
        (5, "a program may be slow at first; raise the budget of 10 s"),
        (
            6,
            "6 of 11 rounds were disturbed; busy meanwhile: stress (process 7) 0.98 cores; run it on a quieter machine",
        ),
    ],
)
def test_later_rounds_that_do_not_show_a_miss_are_told_with_their_cause(disturbed: int, told: str) -> None:
    """Load leaves them open as well: a budget that fits the settle time five times was said to be too small."""
    found = judgement(Limits(min_speedup=1.5), rows(11, 1.0), 0.99)
    brief = replace(found, verdicts=tuple(leave_open(one, OpenReason.BRIEF) for one in found.verdicts))
    text = why_inconclusive(OpenMeasurement(rows(11, 1.0, disturbed_ones=disturbed), brief, 2.0, 10.0, 0.99, STRESS))
    assert text == f"min_speedup=1.5: measured 1x [1, 1], but the later rounds do not show it by themselves; {told}"


def test_the_first_limit_that_is_open_is_told_of() -> None:
    taken = spaced(rows(20, 1.0, slowed_to=0.6))
    assert why(taken, min_cores=1.5, min_speedup=1.5, min_efficiency=0.9).startswith("min_speedup=1.5")


def test_without_limits_a_missing_bound_is_the_reason() -> None:
    assert why([(made(0.1, 2.0), made(0.1 * (1.2 + number % 2), threads=1)) for number in range(9)]) == (
        "9 rows in 10 s do not bound the figures: busy meanwhile: stress (process 7) 0.98 cores; "
        "raise the budget of 10 s"
    )


def test_nobody_is_named_where_nobody_was_busy() -> None:
    told = replace(undecided(rows(8, 1.8), min_speedup=1.5), busy_others=())
    assert "busy meanwhile" not in why_inconclusive(told)


def test_what_cores_attain_in_words() -> None:
    looked, alone = (
        judgement(Limits(), rows(9, 1.8, slowed_to=slowed_to), 0.99).compared for slowed_to in (0.65, None)
    )
    assert looked is not None
    assert alone is not None
    assert attained_in_words(looked) == "2 cores attain 1.3x [1.3, 1.3] here just now"
    assert attained_in_words(alone) == ""


def test_threads_in_words() -> None:
    assert [threads_in_words(count) for count in (None, 1, 8)] == ["inherited threads", "1 thread", "8 threads"]
