"""``export REPORT --format NAME``: a JSON report in another tool's format."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_multicore.errors import UsageError
from pytest_multicore.reports import standard_output
from pytest_multicore.reports.atomic_file import write_whole
from pytest_multicore.reports.formats.asv import asv
from pytest_multicore.reports.formats.badge import badge
from pytest_multicore.reports.formats.bencher import bencher
from pytest_multicore.reports.formats.github_action_benchmark import bigger_is_better, smaller_is_better
from pytest_multicore.reports.formats.markdown import markdown
from pytest_multicore.reports.formats.openmetrics import openmetrics
from pytest_multicore.reports.read_report import checked, parsed, read_report

from .output_files import check_outputs
from .subparsers import Subparsers

Report = Mapping[str, Any]


#: The formats of one text; asv's is a folder of files.
FORMATS: Mapping[str, Callable[[Report], str]] = {
    "markdown": markdown,
    "openmetrics": openmetrics,
    "bencher": bencher,
    "github-action-benchmark": bigger_is_better,
    "github-action-benchmark-smaller": smaller_is_better,
    "badge": badge,
}
ASV = "asv"


def add(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    export = commands.add_parser(
        "export",
        help="write a file of --multicore-json in another tool's format",
        description="Write a file of --multicore-json in another tool's format.",
    )
    export.add_argument("file", type=Path, metavar="REPORT")
    export.add_argument("--format", required=True, choices=(*FORMATS, ASV), help="whose format")
    export.add_argument(
        "--output", type=Path, metavar="FILE", help="write to this file, not to standard output; for asv a folder"
    )
    export.add_argument("--test", default="", metavar="TEXT", help="only tests whose node id holds this text")
    export.add_argument("--commit", metavar="HASH", help="for asv: the whole hash of what was measured (the report's)")
    export.add_argument("--commit-date", metavar="DATE", help="for asv: the date of that commit, in ISO 8601")
    export.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the report in the format that was named.

    Raises:
        UsageError: there is no such report, it does not hold what its schema says, or the output can't be written.
    """
    report = read_report(options.file)
    with checked(options.file):
        chosen = [record for record in report["results"] if options.test in record["nodeid"]]
        if options.test and not chosen:
            raise UsageError(f"--test {options.test}: no node id in {options.file} holds this text")
        report = {**report, "results": chosen}
        texts = _asv(options, report) if options.format == ASV else {options.output: FORMATS[options.format](report)}
    check_outputs({str(file): file for file in texts}, [options.file])
    for file, text in texts.items():
        _write(file, text)
    return 0


def _asv(options: argparse.Namespace, report: Report) -> dict[Path | None, str]:
    """The texts of ASV's files; what the folder holds already stays in it."""
    # A tree with changes is not the commit that it was made from: the user has to say so.
    commit = options.commit or (report.get("commit") if report.get("clean") else None)
    if options.output is None or commit is None or options.commit_date is None:
        raise UsageError(
            "--format asv: expected --output with ASV's results folder, --commit with the hash of the commit, unless "
            "the report names that of a clean tree, and --commit-date with its date, for ASV plots by commit"
        )
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", str(commit)):
        raise UsageError(f"--commit {commit}: expected a whole hash, as git rev-parse HEAD says")
    try:
        committed = datetime.fromisoformat(options.commit_date)
        committed.timestamp()
    except (ArithmeticError, OSError, ValueError):  # a year beyond the time of the system
        raise UsageError(
            f"--commit-date {options.commit_date}: expected a date such as 2026-01-31T12:00:00+01:00, as "
            "git log -1 --format=%cI says"
        ) from None
    files = asv(report, str(commit), committed)
    joined = {options.output / name: _joined(options.output / name, content) for name, content in files.items()}
    return {file: json.dumps(content, indent=1, allow_nan=False) + "\n" for file, content in joined.items()}


def _joined(file: Path, content: dict[str, Any]) -> dict[str, Any]:
    """An ASV file's content with what the file holds already.

    Raises:
        UsageError: it is no such file.
    """
    if not file.is_file() or file.name == "machine.json":
        return content
    is_list = file.name == "benchmarks.json"
    try:
        earlier = parsed(file.read_text(encoding="utf-8"))
        if is_list:
            return {**earlier, **content}
        same = all(earlier.get(name) == content[name] for name in ("commit_hash", "env_name", "result_columns"))
        return {**content, "results": {**earlier["results"], **content["results"]}} if same else content
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        expected = "ASV's list of benchmarks" if is_list else "results of ASV's"
        raise UsageError(f"{file}: expected {expected} ({error})") from None


def _write(file: Path | None, text: str) -> None:
    if file is None:
        standard_output.write_file(text)
        return
    try:
        write_whole(file, text)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}; expected the name of a file to write") from None
