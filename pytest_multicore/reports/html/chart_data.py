"""What the charts of one measurement draw: its rows, which side plays which part, and its limits on a common scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pytest_multicore.reports.replay import rows_of
from pytest_multicore.reports.words import side
from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.sides import compared_sides, contender_index

Record = Mapping[str, Any]
Row = tuple[Round, ...]
T = TypeVar("T")

#: The shapes of sides beside the contender and the baseline.
OTHERS = ("up", "down", "plus", "cross")
#: Limits that are told in percent.
SHARES = frozenset({"min_efficiency", "max_loss", "max_slowdown"})
#: Rows that a chart shows at most, spread over all: it keeps the file small.
MAX_ROWS = 150


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the rows, or what is drawn beside them.

    Attributes:
        index: its place in a row.
        role: among the colours.
        shape: of its points, a name of SHAPES.
        name: for the legend.
    """

    index: int
    role: str
    shape: str
    name: str


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a chart's legend: the colour's role, the shape that is drawn in it, and what it stands for."""

    role: str
    shape: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of the page.

    Attributes:
        name: of its kind, a word for classes.
        title: the heading.
        told: what it shows, in a sentence with the figures.
        svg: the drawing.
        keys: the legend.
        has_limit: whether a limit is drawn in it.
    """

    name: str
    title: str
    told: str
    svg: str
    keys: Sequence[Key]
    has_limit: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit on the scale of a chart: its value there, and its text."""

    value: float
    text: str

    @property
    def mark(self) -> tuple[float, str]:
        """As it is drawn."""
        return self.value, self.text


class ChartData:
    """One result with its rows."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.rows: list[Row] = rows_of(record)
        self.series = bool(record["scaling"])

    @property
    def sides(self) -> list[Side]:
        """All sides: the contender, its baseline, then the others."""
        if not self.rows:
            return []
        count = len(self.rows[0])
        contender = contender_index(series=self.series) % count
        baseline = compared_sides(tuple(range(count)), series=self.series)[-1] if count > 1 else None
        looks = {contender: ("contender", "dot"), baseline: ("baseline", "square")}
        others = [index for index in range(count) if index not in looks]
        looks |= {index: ("other", OTHERS[place % len(OTHERS)]) for place, index in enumerate(others)}
        sides = [Side(index, *looks[index], self._name(index, one.threads)) for index, one in enumerate(self.rows[0])]
        return sorted(sides, key=lambda side: ("contender", "baseline", "other").index(side.role))

    def _name(self, index: int, threads: int | None) -> str:
        """A side's name. Beside the two that are compared, a program that is held against a base has the base's two."""
        of_base = bool(self.record["against"]) and index > 1
        return f"{'base, ' if of_base else ''}{side(threads, self.record)}"

    @property
    def compared(self) -> list[Row]:
        """Of each row the rounds that limits are about: the contender's, the baseline's, and those of a base."""
        return self.rows if self.record["against"] else [compared_sides(row, series=self.series) for row in self.rows]

    @property
    def has_baseline(self) -> bool:
        """Whether there is a side to compare with."""
        return bool(self.rows) and len(self.rows[0]) > 1

    def limits(self, *quantities: str) -> list[Limit]:
        """The limits on any of the quantities, as they are: ``≥ 1.5``."""
        return [
            Limit(float(verdict["limit"]), _text(verdict))
            for verdict in self.record["verdicts"]
            if verdict["quantity"] in quantities
        ]

    @property
    def speedup_limits(self) -> list[Limit]:
        """All limits that a speed-up meets or misses; an efficiency as so much of what was attained."""
        limits = self.limits("min_speedup", "max_speedup")
        if attained := self.record["attained_speedup"]:
            limits += [Limit(limit.value * attained["estimate"], limit.text) for limit in self.limits("min_efficiency")]
        return limits


def _text(verdict: Record) -> str:
    sign = "≥" if verdict["quantity"].startswith("min_") else "≤"
    if verdict["quantity"] in SHARES:
        return f"{sign} {100 * verdict['limit']:.3g}%"
    unit = "×" if verdict["quantity"].endswith("_speedup") else ""
    return f"{sign} {verdict['limit']:.3g}{unit}"


def thinned(values: Sequence[T], most: int = MAX_ROWS) -> list[T]:
    """At most so many of the values, spread over all of them, the first and the last included."""
    if len(values) <= most:
        return list(values)
    return [values[round(number * (len(values) - 1) / (most - 1))] for number in range(most)]


def unit_of(seconds: float) -> tuple[float, str]:
    """The factor and the name of a unit that a duration of this size is well told in."""
    return next(
        ((factor, unit) for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")) if seconds * factor >= 1),
        (1e9, "ns"),
    )
