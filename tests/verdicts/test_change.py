"""What two runs' intervals say of the change between them."""

import math

import pytest

from pytest_multicore.rounds.tolerances import MAX_ATTAINED_CHANGE_RATIO
from pytest_multicore.verdicts.change import Movement, attained_alike, change, movement, shows_loss
from pytest_multicore.verdicts.statistics import Interval


def interval(low: float, high: float) -> Interval:
    return Interval(low, (low + high) / 2 if math.isfinite(low + high) else 1.5, high, 0.99)


def test_the_ratio_has_the_bounds_that_lie_farthest_apart() -> None:
    found = change(interval(0.9, 1.1), interval(1.8, 2.2))
    assert (found.low, found.estimate, found.high) == pytest.approx((0.9 / 2.2, 0.5, 1.1 / 1.8))
    assert found.confidence == pytest.approx(0.98), "either run's bound may be wrong"


@pytest.mark.parametrize(
    ("new", "old", "low", "high"),
    [
        (interval(-math.inf, 1.1), interval(1.8, 2.2), -math.inf, 1.1 / 1.8),
        (interval(0.9, math.inf), interval(1.8, 2.2), 0.9 / 2.2, math.inf),
        (interval(0.9, 1.1), interval(-math.inf, 2.2), 0.9 / 2.2, math.inf),
        (interval(0.9, 1.1), interval(1.8, math.inf), -math.inf, 1.1 / 1.8),
        (interval(0.9, 1.1), interval(0.0, 0.0), -math.inf, math.inf),
    ],
)
def test_a_bound_that_is_missing_bounds_nothing(new: Interval, old: Interval, low: float, high: float) -> None:
    found = change(new, old)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("new", "old", "went"),
    [
        (interval(1.0, 1.1), interval(1.8, 2.0), Movement.DOWN),
        (interval(1.8, 2.0), interval(1.0, 1.1), Movement.UP),
        (interval(1.7, 1.9), interval(1.8, 2.0), Movement.NONE),
        (interval(1.0, math.inf), interval(1.8, 2.0), Movement.NONE),
    ],
)
def test_a_figure_moved_where_the_intervals_are_apart(new: Interval, old: Interval, went: Movement) -> None:
    assert movement(change(new, old)) is went


@pytest.mark.parametrize(
    ("high", "shown"), [(1.61, False), (1.59, True)], ids=["may be a tenth less", "is more than a tenth less"]
)
def test_a_loss_is_shown_where_less_is_excluded(high: float, shown: bool) -> None:
    """At least 1.8 before: a tenth less is 1.62."""
    assert shows_loss(change(interval(1.5, high), interval(1.8, 2.0)), 0.1) is (high < 0.9 * 1.8)
    assert shows_loss(change(interval(1.5, high), interval(1.79, 2.0)), 0.11) is shown


def test_without_a_bound_no_loss_is_shown() -> None:
    assert not shows_loss(change(interval(0.5, math.inf), interval(1.8, 2.0)), 0.1)


def test_the_machine_gave_alike_within_a_tenth_or_where_intervals_meet() -> None:
    usual = interval(1.88, 1.92)
    assert attained_alike(interval(1.78, 1.80), usual), "6 % less"
    assert not attained_alike(interval(1.5, 1.52), usual)
    assert not attained_alike(usual, interval(1.5, 1.52))
    assert attained_alike(interval(1.2, 1.9), usual), "nothing is known"
    assert MAX_ATTAINED_CHANGE_RATIO == 1.1


def test_where_one_run_alone_looked_at_the_machine_nothing_is_compared() -> None:
    assert attained_alike(None, None)
    assert not attained_alike(interval(1.8, 1.9), None)
