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
#: A missed limit blocks; what was not decided, or passed and is wrong all the same, somebody should look at.
COMMANDS = {"failed": "error", "error": "error", "inconclusive": "notice"}
HEADINGS = ("measurement", "environment", "BLAS", "threads", "busy", "useful", "speed-up", "outcome")


@dataclass(frozen=True)
class Places:
    """Where tests stand.

    Attributes:
        root: pytest's root folder.
        of: file, from there on, and line (None: unknown) by node id.
    """

    root: Path
    of: Mapping[str, tuple[str, int | None]]

    def properties(self, nodeid: str) -> str:
        """``file=...,line=...``, from the checkout's folder on, as GitHub counts; empty for an unknown test."""
        if nodeid not in self.of:
            return ""
        name, line = self.of[nodeid]
        file = (self.root / name).resolve()
        checkout = Path(os.environ.get("GITHUB_WORKSPACE", self.root)).resolve()
        told = file.relative_to(checkout) if file.is_relative_to(checkout) else file
        return f"file={_property(told.as_posix())}," + ("" if line is None else f"line={line},")


def commands(records: Sequence[Mapping[str, Any]], places: Places, *, failures_too: bool) -> Iterator[str]:
    """A workflow command for each measurement that did not simply pass.

    Args:
        records: all results.
        places: of their tests.
        failures_too: those that failed, too; False where another plugin annotates every failed test.
    """
    for told in records:
        where = places.properties(told["nodeid"])
        command = COMMANDS.get(told["outcome"])
        if command and (failures_too or command != "error"):
            yield f"::{command} {where}title={TITLE}::{_data(_what(told))}"
        for warning in told["warnings"]:
            yield f"::warning {where}title={TITLE}::{_data(told['workload'] + ': ' + warning)}"


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
    for told in records:
        figures = (estimate(told["cores"]), estimate(told["useful_cores"]), figure(told["speedup"], "x"))
        yield _cells(
            (told["workload"], told["environment"], told["blas"] or "-", threads(told), *figures, told["outcome"])
        )
    yield ""
    for told in records:
        for warning in told["warnings"]:
            yield f"- warning: {_cell(told['workload'])}: {_cell(warning)}"
        if told["outcome"] not in ("passed", "measured"):
            yield f"- {told['outcome']}: {_cell(_what(told))}"


def _what(told: Mapping[str, Any]) -> str:
    """The measurement's workload and what is said of it."""
    if told["outcome"] != "failed":
        return f"{told['workload']}: {told['reason']}"
    missed = [
        f"{one['quantity']}={one['limit']:g} missed: {figure(one['interval'])}"
        for one in told["verdicts"]
        if one["outcome"] == "failed"
    ]
    why = [
        f"{'why' if cause['proven'] else 'suspected, not proven'}: "
        f"{cause['evidence']} [{cause['key']}]; {cause['remedy']}"
        for cause in told["causes"][:1]
    ]
    return "\n".join([f"{told['workload']}: {'; '.join(missed)}", *why])


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
