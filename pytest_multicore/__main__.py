"""``python -m pytest_multicore judge FILE``: judge the rounds of a JSON report again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .errors import UsageError
from .reports.record import interval
from .reports.replay import differs, replay
from .reports.words import figure
from .verdicts.limits import Outcome, Verdict, overall


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 when every verdict is the report's, 1 when one is not, 2 when there is no such report."""
    parser = argparse.ArgumentParser(prog="python -m pytest_multicore", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    judge = commands.add_parser("judge", help="judge the rounds of a file written by --multicore-json again")
    judge.add_argument("file", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    try:
        return _judge(asked.file)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _judge(file: Path) -> int:
    judged = wrong = 0
    for told, verdicts in replay(file):
        judged += 1
        wrong += differs(told, verdicts)
        for verdict, before in zip(verdicts, told["verdicts"], strict=False):
            print(f"{told['nodeid']}: {_told(verdict)}{_unlike(verdict.outcome, before['outcome'])}")
        if not verdicts:
            print(f"{told['nodeid']}: no round bears out what the report says: {told['outcome']}")
        elif overall(verdicts).value != told["outcome"]:
            print(f"{told['nodeid']}: in all {overall(verdicts).value}{_unlike(overall(verdicts), told['outcome'])}")
    if not judged:
        print(f"{file} holds no result that was held to limits")
    return 1 if wrong else 0


def _unlike(found: Outcome, before: str) -> str:
    return f", not {before} as in the report" if found.value != before else ""


def _told(verdict: Verdict) -> str:
    return (
        f"{verdict.quantity}={verdict.limit:g} measured {figure(interval(verdict.interval))}: {verdict.outcome.value}"
    )


if __name__ == "__main__":
    sys.exit(main())
