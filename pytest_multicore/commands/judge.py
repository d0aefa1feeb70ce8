"""``judge FILE``: judge the rounds of a JSON report again."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.read_report import checked, read_report
from pytest_multicore.reports.record import interval_record
from pytest_multicore.reports.replay import differs, judge_by_other_limits, judge_by_own_limits
from pytest_multicore.reports.words import figure
from pytest_multicore.settings.marker import LIMITS, MARKER
from pytest_multicore.verdicts.limits import BASE_LIMITS, Limits, Outcome, Verdict, outcome_of

from .say import say
from .subparsers import Subparsers

Results = Sequence[Mapping[str, Any]]


def add(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    judge = commands.add_parser(
        "judge",
        help="judge the rounds of a file written by --multicore-json again",
        description="Judge the rounds of a file written by --multicore-json again: by the limits that it holds, or by "
        "others, to see what they would say without measuring anew.",
    )
    judge.add_argument("file", type=Path, metavar="FILE")
    judge.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"hold all measurements to this limit in place of their own ({', '.join(LIMITS)}); may be repeated",
    )
    judge.add_argument("--test", default="", metavar="TEXT", help="only tests whose node id holds this text")
    judge.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Return 0 if every verdict is the report's, 1 if one is not; with ``--limit`` 0 if all are met, else 1.

    Raises:
        UsageError: there is no such report, no such limit, or no test of this name.
    """
    limits = _limits(options.limit)
    results = read_report(options.file)["results"]  # once: a pipe gives nothing the second time
    if options.test:
        _check_name(options.file, results, options.test)
    if limits.given():
        return _judge_by_other_limits(options.file, results, limits, options.test)
    return _judge_by_own_limits(options.file, results, options.test)


def _limits(texts: Sequence[str]) -> Limits:
    """The limits of the command line.

    Raises:
        UsageError: names the text that is no limit.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in LIMITS:
            raise UsageError(f"--limit {text}: expected NAME=VALUE, such as min_speedup=1.5; NAME: {', '.join(LIMITS)}")
        try:
            values[name] = MARKER[name][0](value)
        except ValueError as error:
            raise UsageError(f"--limit {text}: expected {error}") from None
    return Limits(**values)


def _judge_by_other_limits(file: Path, results: Results, limits: Limits, test: str) -> int:
    """Say which of these limits every measurement of a file meets; one that cannot be decided is not met."""
    met, judged = True, 0
    for record, verdicts in judge_by_other_limits(file, results, limits):
        if test not in record["nodeid"]:
            continue
        judged += 1
        by_name = {verdict.quantity: verdict for verdict in verdicts}
        for name, limit in limits.given().items():
            verdict = by_name.get(name)
            met &= verdict is not None and verdict.outcome is Outcome.PASSED
            text = _text(verdict) if verdict else f"{name}={limit:g}: not met, for {_why_unjudged(name, record)}"
            say(f"{record['nodeid']}: {record['workload']}: {text}")
    if not judged:
        say(f"{file} holds no measurement")
    return 0 if met and judged else 1


def _why_unjudged(name: str, record: Mapping[str, Any]) -> str:
    """Why there is no verdict on a limit."""
    if not record["rounds"]:
        return "the result has no rounds"
    if name in BASE_LIMITS:
        return "it compares with a base (--multicore-against), and the result has none"
    return "it compares two sides, and the result has one"


def _check_name(file: Path, results: Results, test: str) -> None:
    """Refuse a name that no test has: judging nothing would pass.

    Raises:
        UsageError: names it.
    """
    with checked(file):
        if not any(test in record["nodeid"] for record in results):
            raise UsageError(f"--test {test}: no node id in {file} holds this text")


def _judge_by_own_limits(file: Path, results: Results, test: str) -> int:
    """Say whether every measurement of a file gets the report's verdicts again."""
    judged = different = 0
    for record, verdicts in judge_by_own_limits(file, results):
        if test not in record["nodeid"]:
            continue
        judged += 1
        different += differs(record, verdicts)
        for verdict, before in zip(verdicts, record["verdicts"], strict=False):
            say(f"{record['nodeid']}: {_text(verdict)}{_difference(verdict.outcome, before['outcome'])}")
        outcome = outcome_of(verdicts)
        if not verdicts:
            say(f"{record['nodeid']}: no round bears out what the report says: {record['outcome']}")
        elif outcome.value != record["outcome"]:
            say(f"{record['nodeid']}: in all {outcome.value}{_difference(outcome, record['outcome'])}")
    if not judged:
        say(f"{file} holds no result that was held to limits")
    return 1 if different else 0


def _difference(now: Outcome, before: str) -> str:
    return f", not {before} as in the report" if now.value != before else ""


def _text(verdict: Verdict) -> str:
    measured: Mapping[str, Any] | None = interval_record(verdict.interval)
    text = f"{verdict.quantity}={verdict.limit:g} measured {figure(measured, limit=verdict.limit)}"
    why = f" ({verdict.open_reason.value})" if verdict.open_reason else ""
    return f"{text}: {verdict.outcome.value}{why}"
