"""For GitHub Actions: annotations at the tests' lines, and the report in the job's summary."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .against import against_line, is_slower
from .escape import command_data, command_property, plain
from .formats.markdown import TITLE, markdown, missed_limits
from .formats.results import name_on_host
from .hosts import lost_in_words

#: A missed limit blocks. A notice, or the warning of a measurement that passed, only asks for a look.
COMMANDS = {"failed": "error", "error": "error", "inconclusive": "notice"}
#: What GitHub takes as the summary of a step, with a margin: 1 MiB, and a character may take four bytes.
MAX_SUMMARY = 250_000


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
        return f"file={command_property(shown.as_posix())}," + ("" if line is None else f"line={line},")


def commands(
    records: Sequence[Mapping[str, Any]], locations: Locations, *, annotate_failures: bool, strict: bool = False
) -> Iterator[str]:
    """A workflow command for each measurement that did not simply pass.

    Args:
        records: all results.
        locations: of their tests.
        annotate_failures: include failures; False where another plugin annotates every failed test.
        strict: whether what is undecided has failed its test.
    """
    for record in records:
        name, where = name_on_host(record), locations.properties(record["nodeid"])
        command = COMMANDS.get(record["outcome"])
        if strict and record["outcome"] == "inconclusive":
            command = "error"
        if command is None and is_slower(record):
            yield f"::notice {where}title={TITLE}::{command_data(plain(f'{name}: {against_line(record)}'))}"
        if command and (annotate_failures or command != "error"):
            yield f"::{command} {where}title={TITLE}::{command_data(_summary(record))}"
        for warning in record["warnings"]:
            yield f"::warning {where}title={TITLE}::{command_data(f'{name}: {warning}')}"


def lost_hosts(lost: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A workflow command for each host that was lost."""
    for one in lost:
        yield f"::error title={TITLE}::{command_data(lost_in_words(one))}"


def lost_speedups(lost: Sequence[tuple[str, str]], locations: Locations) -> Iterator[str]:
    """A workflow command for each test that lost more of its speed-up than ``--multicore-compare-fail`` allows.

    Its test has passed, so no other plugin annotates it.

    Args:
        lost: of each its node id, and what changed in words.
        locations: of the tests.
    """
    for nodeid, text in lost:
        yield f"::error {locations.properties(nodeid)}title={TITLE}::{command_data(plain(text))}"


def add_summary(file: str, report: Mapping[str, Any]) -> None:
    """Append the report to the job's summary.

    Raises:
        OSError: the file cannot be written.
    """
    with Path(file).open("a", encoding="utf-8") as summary:
        summary.write(markdown(report, MAX_SUMMARY))


def _summary(record: Mapping[str, Any]) -> str:
    """The measurement's name, and its reason, or what it is against its base, and causes."""
    if record["outcome"] != "failed":
        return f"{name_on_host(record)}: {record['reason']}"
    why = [
        f"{'why' if cause['proven'] else 'suspected, not proven'}: "
        f"{cause['evidence']} [{cause['key']}]; {cause['remedy']}"
        for cause in record["causes"][:1]
    ]
    base = [plain(line)] if (line := against_line(record)) else []
    return "\n".join([f"{name_on_host(record)}: {'; '.join(missed_limits(record))}", *base, *why])
