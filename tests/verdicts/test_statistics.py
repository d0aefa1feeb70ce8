"""Where the median of a series lies, however often one looks."""

import math
import random

import pytest

from pytest_multicore.rounds.tolerances import STAKES
from pytest_multicore.verdicts.statistics import Interval, capital, fewest_agreeing, fewest_values, median_interval


def test_a_fair_bet_keeps_its_capital_on_average() -> None:
    """Under the claim a value lies above m half of the time: the capital to expect after a bet is that before."""
    for won, lost in [(0, 0), (3, 1), (10, 4)]:
        after = (capital(won + 1, lost) + capital(won, lost + 1)) / 2
        assert after == pytest.approx(capital(won, lost))
    assert capital(0, 0) == 1


def test_eight_values_that_agree_decide_at_99_percent() -> None:
    assert fewest_values(0.99) == 8
    assert capital(8, 0) >= 100 > capital(7, 0)


def test_a_shorter_series_has_an_estimate_and_no_bounds() -> None:
    found = median_interval([3.0, 1.0, 2.0], 0.99)
    assert found is not None
    assert (found.low, found.estimate, found.high) == (-math.inf, 2.0, math.inf)
    assert median_interval([], 0.99) is None


def test_the_bounds_are_values_of_the_series() -> None:
    values = [5.0, 1.0, 7.0, 3.0, 8.0, 2.0, 6.0, 4.0]
    found = median_interval(values, 0.99)
    assert found is not None
    assert (found.low, found.estimate, found.high) == (1.0, 4.5, 8.0)


def test_one_wild_value_moves_no_bound_far() -> None:
    values = [1.0 + 0.01 * step for step in range(15)]
    calm = median_interval(values, 0.99)
    wild = median_interval([*values[:-1], 1e9], 0.99)
    assert calm is not None
    assert wild is not None
    assert wild.high < 1.2
    assert wild.low == calm.low


def test_more_confidence_needs_more_agreement() -> None:
    each = [fewest_agreeing(40, confidence) for confidence in (0.9, 0.99, 0.999)]
    needed = [count for count in each if count is not None]
    assert needed == sorted(needed)
    assert len(set(needed)) == 3


def error_within(count: int, confidence: float) -> float:
    """The exact probability that fair signs ever refute the true median, in one direction, within so many values."""
    undecided, wrong = [1.0], 0.0
    for taken in range(1, count + 1):
        undecided = [(a + b) / 2 for a, b in zip([*undecided, 0.0], [0.0, *undecided], strict=True)]
        agreeing = fewest_agreeing(taken, confidence) or taken + 1
        wrong += sum(undecided[agreeing:])
        undecided[agreeing:] = [0.0] * len(undecided[agreeing:])
    return wrong


@pytest.mark.parametrize("confidence", [0.9, 0.99, 0.999])
def test_a_bound_is_wrong_at_most_as_often_as_it_says_however_often_one_looks(confidence: float) -> None:
    """And not much less often, or pairs would be wasted."""
    assert 0.6 * (1 - confidence) < error_within(600, confidence) <= 1 - confidence


def test_more_values_narrow_the_interval_for_as_long_as_one_likes() -> None:
    """With the largest stakes alone a share of 0.57 would never be told from a half."""
    needed = [(fewest_agreeing(count, 0.99) or count) / count for count in (10, 100, 1000, 10_000)]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] < 0.53


def test_a_series_of_thousands_stays_within_the_range_of_numbers() -> None:
    """1.93 ** 1100 would not; a budget of some minutes holds so many rounds."""
    found = median_interval([1.0, 2.0] * 3000, 0.99)
    assert found is not None
    assert (found.low, found.high) == (1.0, 2.0)


def test_a_usual_interval_is_wrong_far_more_often() -> None:
    """Why all this: the same peeking with a fixed-size sign test at 1 %."""
    draw = random.Random(7)
    wrong = 0
    for _ in range(500):
        above = 0
        for count in range(1, 61):
            above += draw.random() < 0.5
            tail = sum(math.comb(count, k) for k in range(above, count + 1)) / 2**count
            if tail <= 0.01:
                wrong += 1
                break
    assert wrong / 500 > 0.02


def test_stakes_use_the_whole_capital() -> None:
    assert sum(share for share, _ in STAKES) == pytest.approx(1)


def interval(low: float, estimate: float, high: float) -> Interval:
    return Interval(low, estimate, high, 0.99)


def test_of_two_intervals_of_one_figure_the_narrower_bounds_hold() -> None:
    intersection = interval(1.0, 1.2, 2.0).intersection(interval(1.5, 1.6, 3.0))
    assert intersection == interval(1.5, 1.6, 2.0)


def test_a_bound_that_is_missing_narrows_nothing_and_its_estimate_is_rough() -> None:
    intersection = interval(1.0, 1.2, 2.0).intersection(interval(1.1, 1.6, math.inf))
    assert intersection == interval(1.1, 1.2, 2.0)
    assert interval(1.0, 1.05, 2.0).intersection(interval(1.1, 1.6, math.inf)).estimate == 1.1, (
        "it lies between the bounds"
    )


@pytest.mark.parametrize("other", [interval(1.3, 1.4, 1.5), interval(0.5, 0.6, 0.7)])
def test_of_two_that_contradict_each_other_nothing_narrower_is_said(other: Interval) -> None:
    assert interval(1.0, 1.1, 1.2).intersection(other) == interval(1.0, 1.1, 1.2)
