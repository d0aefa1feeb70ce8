"""Which side of a row the limits are about: the contender. This is the only place that says so.

A row has one round a side, in the order of the request. A request names its contender first and the baseline second. A
scaling series counts up: its baseline comes first and its contender last.
"""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def contender_index(*, series: bool) -> int:
    """The contender's place among the sides; ``series``: whether they are a scaling series."""
    return -1 if series else 0


def compared_sides(sides: tuple[T, ...], *, series: bool) -> tuple[T, ...]:
    """The contender and its baseline; the contender alone where there is one side."""
    return (sides[-1], sides[0]) if series else sides[:2]
