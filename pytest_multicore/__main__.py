"""``python -m pytest_multicore judge FILE``: judge the rounds of a JSON report again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .errors import UsageError
from .reports.record import interval
from .reports.replay import differs, replay
from .reports.words import figure
from .verdicts.limits import Verdict


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
    wrong = 0
    for told, verdicts in replay(file):
        changed = differs(told, verdicts)
        wrong += changed
        for verdict, before in zip(verdicts, told["verdicts"], strict=True):
            was = f", not {before['outcome']} as in the report" if verdict.outcome.value != before["outcome"] else ""
            print(f"{told['nodeid']}: {_told(verdict)}{was}")
    return 1 if wrong else 0


def _told(verdict: Verdict) -> str:
    return (
        f"{verdict.quantity}={verdict.limit:g} measured {figure(interval(verdict.interval))}: {verdict.outcome.value}"
    )


if __name__ == "__main__":
    sys.exit(main())
