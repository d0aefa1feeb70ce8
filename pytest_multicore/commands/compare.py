"""``compare A.json B.json``: say which figures moved between two reports."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.history.changes import Kind, Pair, pairs_of_runs
from pytest_multicore.reports.history.report_entries import entries_of_report
from pytest_multicore.reports.history.words import pair_lines
from pytest_multicore.settings.parsers import percentage

from .say import say
from .subparsers import Subparsers


def add(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    compare = commands.add_parser(
        "compare",
        help="say which figures moved between two files written by --multicore-json",
        description="Say for each measurement that two files of --multicore-json hold which figures moved beyond their "
        "intervals, which are new or missing, and which are not comparable. Ends with 1 where a figure of the threads "
        "moved for the worse, or a measurement is missing, undecided or not comparable.",
    )
    compare.add_argument("old", type=Path, metavar="A.json", help="the earlier report")
    compare.add_argument("new", type=Path, metavar="B.json", help="the later report")
    compare.add_argument(
        "--fail",
        metavar="PERCENT",
        help="of what moved, end with 1 only for a speed-up that has lost no less than this share, such as 10%%",
    )
    compare.add_argument("--test", default="", metavar="TEXT", help="only tests whose node id holds this text")
    compare.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Return 0 if nothing is worse and all could be compared and decided, else 1.

    Raises:
        UsageError: one of the files is no report, the share is none, or no test has the name.
    """
    loss = _share(options.fail)
    runs = [entries_of_report(file) for file in (options.new, options.old)]
    new, old = ([one for one in entries if options.test in one.result["nodeid"]] for entries in runs)
    if options.test and not (new or old):
        raise UsageError(f"--test {options.test}: no node id in {options.old} or {options.new} holds this text")
    pairs = pairs_of_runs(new, old)
    for pair in pairs:
        for line in pair_lines(pair):
            say(line)
    wrong = [pair for pair in pairs if _is_wrong(pair, loss)]
    say(_summary(pairs, loss) if pairs else "neither report holds a measurement")
    return 1 if wrong else 0


def _share(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return percentage(text)
    except ValueError as error:
        raise UsageError(f"--fail {text}: expected {error}") from None


def _is_wrong(pair: Pair, loss: float | None) -> bool:
    if pair.kind in (Kind.MISSING, Kind.NOT_COMPARABLE) or pair.undecided:
        return True
    return pair.worse if loss is None else pair.loses(loss)


def _summary(pairs: list[Pair], loss: float | None) -> str:
    """``in all: 3 compared (1 worse, 2 unmoved), 1 new``."""
    kinds = Counter(pair.kind for pair in pairs)
    both = [pair for pair in pairs if pair.kind is Kind.BOTH]
    worse, better = sum(pair.worse for pair in both), sum(pair.better for pair in both)
    compared = f"{len(both)} compared ({worse} worse, {better} better, {len(both) - worse - better} neither)"
    if undecided := sum(pair.undecided for pair in both):
        compared += f", {undecided} undecided"
    lost = "" if loss is None else f", {sum(pair.loses(loss) for pair in both)} lost {100 * loss:g} % or more"
    others = [f"{kinds[kind]} {kind.value}" for kind in Kind if kind is not Kind.BOTH and kinds[kind]]
    return f"in all: {', '.join([compared + lost, *others])}"
