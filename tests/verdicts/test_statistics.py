import math
import random

import pytest

from pytest_multicore.verdicts import statistics
from pytest_multicore.verdicts.statistics import capital, fewest_agreeing, fewest_values, median_interval


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
    needed = [fewest_agreeing(40, confidence) for confidence in (0.9, 0.99, 0.999)]
    assert None not in needed
    assert needed == sorted(needed)
    assert len(set(needed)) == 3


@pytest.mark.parametrize("noise", ["normal", "heavy", "spikes"])
def test_bounds_are_rarely_wrong_however_often_one_looks(noise: str) -> None:
    """Looked at after each of 60 values, a bound may be wrong in at most 1 % of the runs (here: of 2,000)."""
    draw = random.Random(7)
    draws = {
        "normal": lambda: draw.gauss(0, 1),
        "heavy": lambda: draw.gauss(0, 1) / math.sqrt(draw.gammavariate(1, 1)),
        "spikes": lambda: draw.gauss(0, 1) + draw.choice((-1, 1)) * (100 if draw.random() < 0.1 else 0),
    }
    runs, wrong_low, wrong_high = 2000, 0, 0
    for _ in range(runs):
        above, low, high = 0, False, False
        for count in range(1, 61):
            above += draws[noise]() > 0
            agreeing = fewest_agreeing(count, 0.99)
            low |= agreeing is not None and above >= agreeing
            high |= agreeing is not None and count - above >= agreeing
        wrong_low, wrong_high = wrong_low + low, wrong_high + high
    # 2,000 runs at 1 %: 20 expected at most; 35 is three standard deviations above.
    assert wrong_low <= 35
    assert wrong_high <= 35


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
    assert sum(share for share, _ in statistics.STAKES) == pytest.approx(1)
