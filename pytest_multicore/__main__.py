"""``python -m pytest_multicore judge FILE``: judge the rounds of a JSON report again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import UsageError
from .reports.record import interval
from .reports.replay import differs, held_to, replay
from .reports.words import figure
from .settings.options import LIMITS, MARKER
from .verdicts.limits import Limits, Outcome, Verdict, outcome_of


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 when every verdict is the report's, 1 when one is not, 2 when there is no such report.

    With ``--limit``: 0 when all limits are met, 1 when one is missed or not decided.
    """
    parser = argparse.ArgumentParser(prog="python -m pytest_multicore", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
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
    asked = parser.parse_args(arguments)
    try:
        limits = _limits(asked.limit)
        return _what_if(asked.file, limits, asked.test) if limits.given() else _judge(asked.file, asked.test)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _limits(texts: Sequence[str]) -> Limits:
    """The limits of the command line.

    Raises:
        UsageError: names the one that is none.
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


def _what_if(file: Path, limits: Limits, test: str) -> int:
    """Hold every measurement of a file to other limits."""
    met = True
    for told, verdicts in held_to(file, limits):
        if test not in told["nodeid"]:
            continue
        for verdict in verdicts:
            met &= verdict.outcome is Outcome.PASSED
            print(f"{told['nodeid']}: {told['workload']}: {_told(verdict)}")
        if not verdicts:
            print(f"{told['nodeid']}: {told['workload']}: no rounds, nothing to judge")
    return 0 if met else 1


def _judge(file: Path, test: str) -> int:
    judged = wrong = 0
    for told, verdicts in replay(file):
        if test not in told["nodeid"]:
            continue
        judged += 1
        wrong += differs(told, verdicts)
        for verdict, before in zip(verdicts, told["verdicts"], strict=False):
            print(f"{told['nodeid']}: {_told(verdict)}{_unlike(verdict.outcome, before['outcome'])}")
        if not verdicts:
            print(f"{told['nodeid']}: no round bears out what the report says: {told['outcome']}")
        elif outcome_of(verdicts).value != told["outcome"]:
            print(
                f"{told['nodeid']}: in all {outcome_of(verdicts).value}{_unlike(outcome_of(verdicts), told['outcome'])}"
            )
    if not judged:
        print(f"{file} holds no result that was held to limits")
    return 1 if wrong else 0


def _unlike(found: Outcome, before: str) -> str:
    return f", not {before} as in the report" if found.value != before else ""


def _told(verdict: Verdict) -> str:
    measured: Mapping[str, Any] | None = interval(verdict.interval)
    text = f"{verdict.quantity}={verdict.limit:g} measured {figure(measured, apart_from=verdict.limit)}"
    why = f" ({verdict.open_reason.value})" if verdict.open_reason else ""
    return f"{text}: {verdict.outcome.value}{why}"


if __name__ == "__main__":
    sys.exit(main())
