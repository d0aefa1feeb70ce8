"""How a figure changed between two runs: the ratio of two intervals, and what it excludes.

Each run's bound is wrong with a probability of at most 1 - its confidence. The ratio's bounds take one bound of each
run, so each is wrong with at most the sum of the two (the union bound), whatever the runs have in common.
"""

from __future__ import annotations

import math
from enum import Enum

from pytest_multicore.rounds.tolerances import MAX_ATTAINED_CHANGE_RATIO

from .statistics import Interval


class Movement(Enum):
    """Where a figure went, as far as the intervals tell."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


def change(new: Interval, old: Interval) -> Interval:
    """New / old, for figures above 0; a bound that one of them lacks is infinite."""
    low = new.low / old.high if new.low > 0 and 0 < old.high < math.inf else -math.inf
    high = new.high / old.low if old.low > 0 else math.inf
    estimate = new.estimate / old.estimate if old.estimate > 0 else math.inf
    return Interval(low, estimate, high, max(0.0, new.confidence + old.confidence - 1))


def movement(ratio: Interval) -> Movement:
    """Whether the ratio of new to old excludes that nothing changed."""
    if ratio.low > 1:
        return Movement.UP
    return Movement.DOWN if ratio.high < 1 else Movement.NONE


def shows_loss(ratio: Interval, loss: float) -> bool:
    """Whether the ratio of new to old excludes a loss of less than this share."""
    return ratio.high < 1 - loss


def attained_alike(new: Interval | None, old: Interval | None) -> bool:
    """Whether the machine gave about as much in both runs; where neither looked, nothing speaks against it."""
    if new is None or old is None:
        return new is old
    ratio = change(new, old)
    within = 1 / MAX_ATTAINED_CHANGE_RATIO <= ratio.estimate <= MAX_ATTAINED_CHANGE_RATIO
    return within or movement(ratio) is Movement.NONE
