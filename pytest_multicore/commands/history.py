"""``history FILE``: print the trend of each test, and where it changed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.atomic_file import write_whole
from pytest_multicore.reports.history.changes import FIGURES
from pytest_multicore.reports.history.drawing import drawing
from pytest_multicore.reports.history.history_file import read
from pytest_multicore.reports.history.sparkline import levels_for
from pytest_multicore.reports.history.trend_words import table
from pytest_multicore.reports.history.trends import Trend, trends

from .output_files import check_outputs
from .say import say
from .subparsers import Subparsers

NO_RUPTURES = "note: change points are not marked: ruptures is missing (pip install 'pytest-multicore[history]')"


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
    history.add_argument("--svg", type=Path, metavar="FILE", help="draw the trends into this file, too")
    history.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Return 0.

    Raises:
        UsageError: there is no such history, or the drawing cannot be written.
    """
    check_outputs({f"--svg {options.svg}": options.svg}, [options.file])
    history = read(options.file)
    if history.torn:
        say(f"warning: {history.torn_in_words}", sys.stderr)
    found = trends((one for one in history.entries if options.test in one.result["nodeid"]), options.figure)
    if not found:
        say(f"{options.file} holds no such result" if history.entries else f"{options.file} holds no result yet")
        return 0
    for line in table(found, levels_for(sys.stdout.encoding)):
        say(line)
    if any(trend.turns is None for trend in found):
        say(NO_RUPTURES)
    if options.svg is not None:
        _draw(options.svg, found)
    return 0


def _draw(file: Path, found: Sequence[Trend]) -> None:
    try:
        write_whole(file, drawing(found))
    except OSError as error:
        raise UsageError(f"--svg {file} cannot be written: {error.strerror}; expected the name of a file") from None
