"""The runs of each test over time, and where they changed."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_multicore.reports.words import threads, varies_cores
from pytest_multicore.verdicts.change import attained_alike

from .change_points import change_points
from .changes import FIGURES, Figure
from .conditions import changed_conditions
from .entry import LOSS, Entry

#: What a trend shows where nothing is asked for: the first that the series has.
DEFAULT_FIGURES = ("speedup", "cores")
#: Runs of a series that are looked at, the last ones: a search takes the square of their number.
MAX_RUNS = 400


@dataclass(frozen=True, slots=True)
class Turn:
    """A change of level.

    Attributes:
        place: in the series' entries, of the first one of the new level.
        before, after: medians of the levels.
        changed: what else changed between the two runs (environment, packages), each in words.
    """

    place: int
    before: float
    after: float
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """The runs of one test on one processor at the same sides, for one figure.

    Attributes:
        name: the measurement's, with its threads.
        cpu: the processor's.
        figure: what is shown.
        entries: the comparable runs, the oldest first.
        left_out: runs in which the machine gave more or less than usual.
        turns: where the level changed; None where ruptures is not installed.
    """

    name: str
    cpu: str
    figure: Figure
    entries: tuple[Entry, ...]
    left_out: tuple[Entry, ...]
    turns: tuple[Turn, ...] | None

    @property
    def values(self) -> list[float]:
        """The figure's estimates; of a loss what was kept."""
        return [value_of(one, self.figure) for one in self.entries]


def trends(entries: Iterable[Entry], figure: str | None = None) -> list[Trend]:
    """A trend for each test, workload and sides, and each processor; those that lack the figure are left out.

    Of the loss there is one for each base; where no figure is asked for, beside the first of the defaults.
    """
    series: dict[tuple[object, ...], list[Entry]] = {}
    for one in entries:
        series.setdefault((one.work, one.sides, one.cpu), []).append(one)
    found: list[Trend | None] = []
    for runs in series.values():
        if figure != LOSS:
            found.append(_trend(runs, DEFAULT_FIGURES if figure is None else (figure,)))
        if figure in (None, LOSS):
            bases = dict.fromkeys(run.base for run in runs if run.base is not None)
            found += [_trend([run for run in runs if run.base == base], (LOSS,)) for base in bases]
    return [one for one in found if one is not None]


def _trend(entries: Sequence[Entry], wanted: Sequence[str]) -> Trend | None:
    keys = [key for key in wanted if any(one.interval(key) for one in entries)]
    if not keys:
        return None
    shown = next(one for one in FIGURES if one.key == keys[0])
    having = [one for one in entries if one.interval(shown.key)][-MAX_RUNS:]
    usual = _usual(having)
    alike = [one for one in having if attained_alike(*(run.interval("attained_speedup") for run in (one, usual)))]
    last = having[-1]
    unit = "" if varies_cores(last.result) else " threads"
    base = f", against {last.base}" if shown.key == LOSS else ""
    return Trend(
        name=f"{last.name}, {threads(last.result)}{unit} in {last.result['environment']}{base}",
        cpu=last.cpu,
        figure=shown,
        entries=tuple(alike),
        left_out=tuple(one for one in having if not any(one is other for other in alike)),
        turns=_turns(alike, shown),
    )


def _usual(entries: Sequence[Entry]) -> Entry:
    """The run in which the machine attained what it attains in the middle; the last one where it never told."""
    told = [
        (interval.estimate, place)
        for place, one in enumerate(entries)
        if (interval := one.interval("attained_speedup"))
    ]
    return entries[sorted(told)[len(told) // 2][1]] if told else entries[-1]


def _turns(entries: Sequence[Entry], figure: Figure) -> tuple[Turn, ...] | None:
    values = [value_of(one, figure) for one in entries]
    try:
        places = change_points(values)
    except ImportError:
        return None
    bounds = [0, *places, len(values)]
    levels = [statistics.median(values[start:end]) for start, end in pairwise(bounds)]
    return tuple(
        Turn(place, levels[number], levels[number + 1], tuple(changed_conditions(entries[place], entries[place - 1])))
        for number, place in enumerate(places)
    )


def value_of(entry: Entry, figure: Figure) -> float:
    """A figure's estimate, of an entry that has it."""
    interval = entry.compared(figure.key)
    assert interval is not None  # noqa: S101 - see _trend
    return interval.estimate
