"""``history FILE``: print the trend of each test, and where it changed."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_multicore.history.changes import FIGURES, Figure
from pytest_multicore.history.entry import Entry
from pytest_multicore.history.history_file import read
from pytest_multicore.history.sparkline import levels_for, sparkline
from pytest_multicore.history.trends import Trend, Turn, trends
from pytest_multicore.history.words import figure_in_words, value_in_words
from pytest_multicore.reports.origin import day_of, origin_in_words

from .subparsers import Subparsers

HEADINGS = ("figure", "runs", "from", "to", "median", "last", "trend")
#: Runs that a line of text shows.
SHOWN_RUNS = 40


def add(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    history = commands.add_parser(
        "history",
        help="print the trends of a file written by --multicore-save",
        description="Print the trend of each test of a file written by --multicore-save, and mark where its level "
        "changed, with what else changed there. Change points need the extra pytest-multicore[history].",
    )
    history.add_argument("file", type=Path, metavar="FILE")
    history.add_argument(
        "--figure",
        choices=[figure.key for figure in FIGURES],
        help="the figure to show; by default the speed-up, or the busy cores where nothing was compared",
    )
    history.add_argument("--test", default="", metavar="TEXT", help="only tests whose node id holds this text")
    history.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Return 0.

    Raises:
        UsageError: there is no such history.
    """
    history = read(options.file)
    if history.torn:
        print(f"warning: {history.torn_in_words}", file=sys.stderr)
    found = trends((one for one in history.entries if options.test in one.result["nodeid"]), options.figure)
    if not found:
        print(f"{options.file} holds no such result" if history.entries else f"{options.file} holds no result yet")
        return 0
    print("\n".join(_table(found, levels_for(sys.stdout.encoding))))
    if any(trend.turns is None for trend in found):
        print("note: change points are not marked: ruptures is missing (pip install 'pytest-multicore[history]')")
    return 0


def _table(found: Sequence[Trend], levels: str) -> Iterator[str]:
    """A row for each trend under its name, and what is to be said of it."""
    rows = [HEADINGS, *(_row(trend, levels) for trend in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    several = len({trend.cpu for trend in found}) > 1
    yield lines[0]
    for trend, line in zip(found, lines[1:], strict=True):
        yield f"{trend.name} on {trend.cpu}" if several else trend.name
        yield line
        yield from (f"  {text}" for text in _remarks(trend))


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


def _remarks(trend: Trend) -> Iterator[str]:
    for turn in trend.turns or ():
        yield _turn(turn, trend.entries, trend.figure)
    if trend.left_out:
        attained = ", ".join(
            f"{interval.estimate:.2f}x on {day_of(one.origin)}"
            for one in trend.left_out
            if (interval := one.interval("attained_speedup"))
        )
        usual = statistics.median(
            interval.estimate for one in trend.entries if (interval := one.interval("attained_speedup"))
        )
        count = len(trend.left_out)
        runs = f"{count} run{'' if count == 1 else 's'}"
        yield f"not comparable: {runs}, in which the machine attained {attained}, not {usual:.2f}x"


def _turn(turn: Turn, entries: Sequence[Entry], figure: Figure) -> str:
    before, after = (value_in_words(value, figure) for value in (turn.before, turn.after))
    places = [origin_in_words(entries[place].origin) for place in (turn.place - 1, turn.place)]
    also = f"; with it: {'; '.join(turn.changed)}" if turn.changed else ""
    share = 100 * (turn.after / turn.before - 1)
    return f"changed from {before} to {after} ({share:+.0f} %) between {places[0]} and {places[1]}{also}"
