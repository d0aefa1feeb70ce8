"""For GitHub Actions: annotations at the tests' lines, and a table in the job's summary.

The commands' form, and what has to be escaped in them: docs.github.com, "Workflow commands for GitHub Actions", and
actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .words import estimate, figure, threads

TITLE = "pytest-multicore"
#: A missed limit blocks. A notice, or the warning of a measurement that passed, only asks for a look.
COMMANDS = {"failed": "error", "error": "error", "inconclusive": "notice"}
HEADINGS = ("measurement", "environment", "BLAS", "threads", "busy", "useful", "speed-up", "outcome")


@dataclass(frozen=True)
class Locations:
    """Files and lines of tests.

    Attributes:
        root: pytest's root folder.
        by_nodeid: file, relative to the root folder, and line (None: unknown).
    """

    root: Path
    by_nodeid: Mapping[str, tuple[str, int | None]]

    def properties(self, nodeid: str) -> str:
        """``file=...,line=...``, relative to the checkout's folder as GitHub wants it; empty for an unknown test."""
        if nodeid not in self.by_nodeid:
            return ""
        name, line = self.by_nodeid[nodeid]
        file = (self.root / name).resolve()
        checkout = Path(os.environ.get("GITHUB_WORKSPACE", self.root)).resolve()
        shown = file.relative_to(checkout) if file.is_relative_to(checkout) else file
        return f"file={_property(shown.as_posix())}," + ("" if line is None else f"line={line},")


def commands(records: Sequence[Mapping[str, Any]], locations: Locations, *, annotate_failures: bool) -> Iterator[str]:
    """A workflow command for each measurement that did not simply pass.

    Args:
        records: all results.
        locations: of their tests.
        annotate_failures: include failures; False where another plugin annotates every failed test.
    """
    for record in records:
        where = locations.properties(record["nodeid"])
        command = COMMANDS.get(record["outcome"])
        if command and (annotate_failures or command != "error"):
            yield f"::{command} {where}title={TITLE}::{_data(_summary(record))}"
        for warning in record["warnings"]:
            yield f"::warning {where}title={TITLE}::{_data(record['workload'] + ': ' + warning)}"


def add_summary(file: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Append a Markdown table to the job's summary.

    Raises:
        OSError: the file cannot be written.
    """
    with Path(file).open("a", encoding="utf-8") as summary:
        summary.write("\n".join(_table(records)) + "\n")


def _table(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"### {TITLE}\n"
    yield _cells(HEADINGS)
    yield _cells(["---"] * len(HEADINGS))
    for record in records:
        names = (record["workload"], record["environment"], record["blas"] or "-")
        figures = (estimate(record["cores"]), estimate(record["useful_cores"]), figure(record["speedup"], "x"))
        yield _cells((*names, threads(record), *figures, record["outcome"]))
    yield ""
    for record in records:
        for warning in record["warnings"]:
            yield f"- warning: {_cell(record['workload'])}: {_cell(warning)}"
        if record["outcome"] not in ("passed", "measured"):
            yield f"- {record['outcome']}: {_cell(_summary(record))}"


def _summary(record: Mapping[str, Any]) -> str:
    """The measurement's workload, and its reason or causes."""
    if record["outcome"] != "failed":
        return f"{record['workload']}: {record['reason']}"
    missed = [
        f"{verdict['quantity']}={verdict['limit']:g} missed: {figure(verdict['interval'])}"
        for verdict in record["verdicts"]
        if verdict["outcome"] == "failed"
    ]
    why = [
        f"{'why' if cause['proven'] else 'suspected, not proven'}: "
        f"{cause['evidence']} [{cause['key']}]; {cause['remedy']}"
        for cause in record["causes"][:1]
    ]
    return "\n".join([f"{record['workload']}: {'; '.join(missed)}", *why])


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
