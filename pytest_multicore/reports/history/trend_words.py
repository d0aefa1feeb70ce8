"""Trends in words: a row for each, and what is to be said of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from pytest_multicore.reports.origin import day_of, origin_in_words

from .changes import Figure
from .entry import Entry
from .sparkline import sparkline
from .trends import Trend, Turn
from .words import figure_in_words, value_in_words

HEADINGS = ("figure", "runs", "from", "to", "median", "last", "trend")
#: Runs that a line of text shows.
SHOWN_RUNS = 40
#: Runs that are left out and named one by one.
SHOWN_LEFT_OUT = 3
ATTAINED_FIGURE = "attained_speedup"


def table(found: Sequence[Trend], levels: str) -> Iterator[str]:
    """A row for each trend under its name, and its remarks below.

    Args:
        found: the trends.
        levels: the characters of the line that draws one, from the lowest.
    """
    rows = [HEADINGS, *(_row(trend, levels) for trend in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    yield lines[0]
    for trend, name, line in zip(found, names(found), lines[1:], strict=True):
        yield name
        yield line
        yield from (f"  {text}" for text in remarks(trend))


def names(found: Sequence[Trend]) -> list[str]:
    """The trends' names, with the processor where there are several."""
    several = len({trend.cpu for trend in found}) > 1
    return [f"{trend.name} on {trend.cpu}" if several else trend.name for trend in found]


def _row(trend: Trend, levels: str) -> tuple[str, ...]:
    values, entries = trend.values, trend.entries
    first = max(0, len(values) - SHOWN_RUNS)
    breaks = [turn.place - first for turn in trend.turns or ()]
    return (
        trend.figure.label,
        str(len(entries)),
        day_of(entries[0].origin),
        day_of(entries[-1].origin),
        value_in_words(statistics.median(values), trend.figure),
        figure_in_words(entries[-1], trend.figure),
        ("..." if first else "") + sparkline(values[first:], breaks, levels),
    )


def remarks(trend: Trend) -> Iterator[str]:
    """Each change of level, and the runs that are left out."""
    for turn in trend.turns or ():
        yield _turn(turn, trend)
    if trend.left_out:
        attained = [f"{_attained(one)} on {day_of(one.origin)}" for one in trend.left_out]
        shown = ", ".join(attained[:SHOWN_LEFT_OUT]) + (" ..." if len(attained) > SHOWN_LEFT_OUT else "")
        usual = statistics.median(one.estimate for entry in trend.entries if (one := entry.interval(ATTAINED_FIGURE)))
        runs = f"{len(attained)} run{'' if len(attained) == 1 else 's'}"
        yield f"not comparable: {runs}, in which the machine attained {shown}, not {usual:.2f}x"


def _attained(entry: Entry) -> str:
    interval = entry.interval(ATTAINED_FIGURE)
    return "an unknown speed-up" if interval is None else f"{interval.estimate:.2f}x"


def _turn(turn: Turn, trend: Trend) -> str:
    before, after = (value_in_words(value, trend.figure) for value in (turn.before, turn.after))
    places = [origin_in_words(trend.entries[place].origin) for place in (turn.place - 1, turn.place)]
    also = f"; with it: {'; '.join(turn.changed)}" if turn.changed else ""
    moved = turn_in_words(turn, trend.figure)
    return f"changed from {before} to {after} ({moved}) between {places[0]} and {places[1]}{also}"


def turn_in_words(turn: Turn, figure: Figure) -> str:
    """``-47 %``; of a loss ``+44 points``, of a hundred."""
    if figure.unit == "%":
        return f"{100 * (turn.before - turn.after):+.0f} points"
    return f"{100 * (turn.after / turn.before - 1):+.0f} %"
