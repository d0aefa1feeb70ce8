"""When there are rows enough, and when no row to come could decide anything."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.base_comparison import Change
from pytest_multicore.verdicts.judge import Judgement, judgement
from pytest_multicore.verdicts.limits import Limits, OpenReason, Outcome
from pytest_multicore.verdicts.rules import Rule
from pytest_multicore.verdicts.stopping import StoppingRule
from tests.rounds import look, made, rows, sides, spaced

Rows = Sequence[tuple[Round, ...]]


def stopping(limits: Limits, **changed: Any) -> StoppingRule:
    return replace(StoppingRule(limits, 0.99, budget_s=60.0, settle_s=4.0), **changed)


def enough(limits: Limits, taken: Rows, took_s: float, without: frozenset[Rule] = frozenset()) -> bool:
    return replace(stopping(limits), without=without).enough(judgement(limits, taken, 0.99), took_s)


@pytest.mark.parametrize(
    ("limits", "speedup"),
    [
        (Limits(min_speedup=1.5), 1.0),
        (Limits(min_cores=2.5), 1.0),
        (Limits(max_speedup=1.5), 1.8),
        (Limits(max_speedup=1.5), 1.0),
        (Limits(max_cores=2.5), 1.0),
        (Limits(max_threads=2), 1.0),
    ],
    ids=["min missed", "min cores missed", "max missed", "max met", "max cores met", "max threads met"],
)
def test_a_miss_and_a_max_limit_that_is_met_must_last(limits: Limits, speedup: float) -> None:
    """A pool is filled late, a compiler warms up: the beginning is not the program."""
    taken = rows(11, speedup)
    assert not enough(limits, taken, 3.9)
    assert enough(limits, taken, 4.0)
    assert enough(limits, taken, 0.5, frozenset({Rule.SETTLE}))


@pytest.mark.parametrize(
    ("limits", "late", "said"),
    [
        (Limits(min_speedup=1.7), 1.8, Outcome.INCONCLUSIVE),
        (Limits(min_speedup=1.7), 1.0, Outcome.FAILED),
        (Limits(max_speedup=1.7), 1.8, Outcome.INCONCLUSIVE),
        (Limits(max_speedup=1.7), 1.0, Outcome.PASSED),
    ],
    ids=["missed at first", "missed for good", "met at first", "met for good"],
)
def test_a_miss_is_shown_by_the_later_rows_by_themselves(limits: Limits, late: float, said: Outcome) -> None:
    """36 serial rows in the first 2 s, then 12 of what the program comes to: the median is that of the beginning."""
    taken = spaced([*rows(36, 1.0), *rows(12, late)], 2 / 36)
    assert judgement(limits, taken, 0.99).outcome is (Outcome.FAILED if limits.min_speedup else Outcome.PASSED)

    (verdict,) = stopping(limits).judge(taken).verdicts
    assert verdict.outcome is said
    assert verdict.open_reason is (OpenReason.BRIEF if said is Outcome.INCONCLUSIVE else None)
    assert replace(stopping(limits), without=frozenset({Rule.SETTLE})).judge(taken).outcome is not Outcome.INCONCLUSIVE


def test_a_limit_that_is_met_needs_no_later_rows() -> None:
    taken = spaced(rows(12, 1.8), 0.1)
    assert stopping(Limits(min_speedup=1.5)).judge(taken).outcome is Outcome.PASSED


def test_a_min_limit_that_is_met_is_met_at_once() -> None:
    assert enough(Limits(min_speedup=1.5, min_efficiency=0.6), rows(9, 1.8), 0.5)


def test_one_that_lasts_keeps_one_that_is_met_at_once_waiting() -> None:
    limits = Limits(min_speedup=1.5, max_cores=2.5)
    assert not enough(limits, rows(11, 1.8), 3.9)
    assert enough(limits, rows(11, 1.8), 4.0)


def test_an_open_limit_is_never_enough_and_a_missed_one_beside_it_is() -> None:
    taken = rows(11, 1.0, slowed_to=0.5)
    assert not enough(Limits(min_speedup=1.5), taken, 59.0)
    assert enough(Limits(min_speedup=1.5, min_cores=2.5), taken, 4.0)


def test_how_long_is_a_setting() -> None:
    limits = Limits(min_speedup=1.5)
    assert stopping(limits, settle_s=0.0).enough(judgement(limits, rows(11, 1.0), 0.99), 0.1)


def test_cores_that_are_busy_wait_to_be_known_for_useful_or_burnt() -> None:
    """1.1x, and it may be more: whether the second core is worth it nobody can say yet."""
    limits = Limits(min_cores=1.5)
    unknown = rows(11, 1.1, slowed_to=0.5)
    assert judgement(limits, unknown, 0.99).outcome is Outcome.PASSED
    assert not enough(limits, unknown, 3.9)
    assert enough(limits, unknown, 4.0)
    assert enough(limits, rows(9, 1.8, slowed_to=0.5), 0.5), "useful"
    assert enough(limits, rows(11, 1.1), 0.5), "wasted"


def test_without_limits_two_rows_more_than_the_fewest_are_enough() -> None:
    """Eight bound a median."""
    assert [count for count in range(7, 13) if enough(Limits(), rows(count, 1.8), 0.5)] == [10, 11, 12]


def test_so_they_are_of_one_side_alone() -> None:
    alone = [count for count in range(7, 13) if enough(Limits(), [(made(),)] * count, 0.5)]
    assert alone == [10, 11, 12]


def test_the_sides_of_a_series_share_the_error() -> None:
    series = stopping(Limits(), sides=4)
    found = [count for count in range(7, 15) if series.enough(judgement(Limits(), rows(count, 1.8), 0.99), 0.5)]
    assert found == [12, 13, 14]


def noisy(*speedups: float, times: int = 60) -> Rows:
    """Rows of these speed-ups by turns, 0.2 s apart."""
    return spaced([rows(1, speedup)[0] for speedup in speedups] * times)


def futile(limits: Limits, taken: Rows, **changed: Any) -> bool:
    """After so many rows as were taken, in a budget of a minute."""
    found = judgement(limits, taken, 0.99)
    return stopping(limits, **changed).futile(found, taken, 0.2 * len(taken))


ON_THE_LIMIT, LIKELY_MET = noisy(1.4, 1.6), noisy(1.6, 1.4, 1.6, times=17)


def test_a_limit_on_the_median_of_noisy_rows_is_hopeless() -> None:
    assert futile(Limits(min_speedup=1.5), ON_THE_LIMIT)


def test_so_is_one_that_the_machine_keeps_open() -> None:
    assert futile(Limits(min_speedup=1.5), rows(60, 1.0, slowed_to=0.5))


def test_and_one_that_no_row_changes() -> None:
    """Threads that were inherited have no efficiency."""
    assert futile(Limits(min_efficiency=0.5), spaced([(made(threads=None), made(threads=1))] * 60))


def test_one_that_rows_to_come_would_decide_is_not() -> None:
    limits = Limits(min_speedup=1.5)
    assert judgement(limits, LIKELY_MET, 0.99).outcome is Outcome.INCONCLUSIVE
    assert not futile(limits, LIKELY_MET)


def test_rows_to_come_are_taken_to_be_like_those_of_the_last_ten_seconds() -> None:
    """As many rows on either side of the limit; in one case the later ones are those above it."""
    limits, at_last_above = Limits(min_speedup=1.5), spaced([*rows(60, 1.4), *rows(60, 1.6)])
    assert sorted(map(_ratio, at_last_above)) == sorted(map(_ratio, ON_THE_LIMIT))
    assert futile(limits, ON_THE_LIMIT)
    assert not futile(limits, at_last_above)


def _ratio(row: tuple[Round, ...]) -> float:
    return row[1].wall_s / row[0].wall_s


def test_nothing_is_hopeless_in_the_first_ten_seconds() -> None:
    limits = Limits(min_speedup=1.5)
    found = judgement(limits, ON_THE_LIMIT, 0.99)
    assert not stopping(limits).futile(found, ON_THE_LIMIT, 9.9)
    assert stopping(limits).futile(found, ON_THE_LIMIT, 10.0)


def test_nor_before_there_are_rows_to_forecast_from() -> None:
    """Rows of 0.75 s on a host that came and went: after 14 of them a limit of 1.5 was given up at 1.58x."""
    limits, taken = Limits(min_speedup=1.5), spaced(noisy(1.4, 1.6, times=15), 0.75)
    assert not stopping(limits).futile(judgement(limits, taken[:29], 0.99), taken[:29], 22.0)
    assert stopping(limits).futile(judgement(limits, taken, 0.99), taken, 22.5)


@pytest.mark.parametrize("limits", [Limits(min_speedup=1.2), Limits(min_speedup=1.9), Limits()])
def test_what_is_settled_or_was_not_asked_is_not_waited_for(limits: Limits) -> None:
    assert not futile(limits, ON_THE_LIMIT)


def test_a_limit_that_is_missed_already_is_not_kept_open_by_another() -> None:
    limits = Limits(min_speedup=1.5, min_cores=2.5)
    found: Judgement = judgement(limits, ON_THE_LIMIT, 0.99)
    assert found.outcome is Outcome.FAILED
    assert not futile(limits, ON_THE_LIMIT)


def test_without_the_rule_measuring_goes_on() -> None:
    limits = Limits(min_speedup=1.5)
    patient = replace(stopping(limits), without=frozenset({Rule.FUTILITY}))
    assert not patient.futile(judgement(limits, ON_THE_LIMIT, 0.99), ON_THE_LIMIT, 24.0)


@pytest.mark.parametrize("others", [{"min_cores": 1.8}, {"max_cores": 1.8}])
def test_what_lacks_cores_cuts_no_other_limit_short(others: dict[str, Any]) -> None:
    """A program that begins slowly misses them at first, or meets them."""
    contender = made(0.1, 1.5, threads=8, os_threads=8, cores_online=2, control=look(2))
    baseline = made(0.15, threads=1, cores_online=2, control=look(1))
    taken = spaced([(replace(contender, cores_granted=2), replace(baseline, cores_granted=2))] * 12, 0.1)
    assert enough(Limits(min_speedup=3), taken, 1.2)
    assert not enough(Limits(min_speedup=3, **others), taken, 1.2)
    assert enough(Limits(min_speedup=3, **others), taken, 4.2)


def pair(*factors: float, base: float = 1.0) -> Rows:
    """Rows of a serial program that takes so many times as long as its base; the base gains so much by two threads."""
    taken = (sides(0.1 * factor, 0.1 * factor, cores=1.0) for factor in factors)
    return spaced([(*program, *sides(0.1 / base, 0.1, cores=base)) for program in taken])


#: Ten rows of jaxlib 0.4.33 for 0.4.31: no loss for certain, 1.8 times as slow, and one row says the reverse.
SEEMS_SLOWER = pair(*[1.8] * 9, 0.7)


def test_one_thread_that_seems_slower_is_waited_for_until_it_is_known() -> None:
    limits = Limits(max_loss=0.1)
    found = judgement(limits, SEEMS_SLOWER, 0.99)
    assert found.outcome is Outcome.PASSED
    assert found.against
    assert found.against.seems_slower
    assert not found.against.is_slower
    assert not enough(limits, SEEMS_SLOWER, 9.9)
    assert enough(limits, pair(*[1.8] * 18, 0.7), 4.0), "known by then"


def test_so_it_is_for_ten_seconds_at_most() -> None:
    """It is news, and no verdict waits for it: then it is told as it is."""
    limits = Limits(max_loss=0.1)
    assert enough(limits, SEEMS_SLOWER, 10.0)
    patient = stopping(limits, settle_s=12.0)
    assert not patient.enough(judgement(limits, SEEMS_SLOWER, 0.99), 11.9), "a miss must last longer"


def test_what_is_slower_must_last_as_a_miss_must() -> None:
    taken = pair(*[1.8] * 10)
    found = judgement(Limits(max_loss=0.1), taken, 0.99).against
    assert found
    assert found.is_slower
    assert not enough(Limits(max_loss=0.1), taken, 3.9)
    assert enough(Limits(max_loss=0.1), taken, 4.0)
    assert enough(Limits(max_loss=0.1), taken, 0.5, frozenset({Rule.SETTLE}))


@pytest.mark.parametrize(("without", "said"), [(frozenset(), Change.NO_LOSS), ({Rule.SETTLE}, Change.SLOWER)])
def test_a_program_that_is_slow_at_first_alone_is_not_called_slower(without: frozenset[Rule], said: Change) -> None:
    """Ten slow rows in 2.5 s, as while a compiler warms up."""
    rule = replace(stopping(Limits(max_loss=0.1)), without=frozenset(without))
    taken = spaced(pair(*[1.8] * 10, *[1.0] * 40), 0.25)
    counts = range(9, len(taken) + 1)
    ends = next(count for count in counts if rule.enough(rule.judge(taken[:count]), 0.25 * count))
    assert rule.judge(taken[:ends]).change is said


@pytest.mark.parametrize("factors", [[1.0] * 10, [1.12] * 9 + [1.8], [1.0] * 6 + [1.8] * 4, [0.7] * 10])
def test_a_program_that_seems_as_fast_is_not_waited_for(factors: list[float]) -> None:
    """A factor of 1.12 is what two processes of the same program may differ by."""
    assert enough(Limits(max_loss=0.1), pair(*factors), 0.5)


def test_nor_is_a_slowness_beside_a_loss() -> None:
    """The report says threading regression, whatever one thread takes: only the miss must last."""
    taken = pair(*[1.8] * 18, 0.7, 0.7, base=2.0)
    found = judgement(Limits(max_loss=0.1), taken, 0.99)
    assert found.outcome is Outcome.FAILED
    assert found.against
    assert found.against.seems_slower
    assert not enough(Limits(max_loss=0.1), taken, 3.9)
    assert enough(Limits(max_loss=0.1), taken, 4.0)
