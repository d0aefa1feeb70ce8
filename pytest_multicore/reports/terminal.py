"""The terminal section: a row for each measurement, and below it why something could not be decided."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_multicore.diagnosis.evidence_record import blas_call_lines

from .against import against_line
from .matrix import matrix_lines
from .scaling import series_line
from .table import GAP, names_of_tests, table
from .visible import visible_line, visible_lines

COLOURS = {
    "passed": {"green": True},
    "measured": {},
    "failed": {"red": True},
    "inconclusive": {"yellow": True},
    "error": {"red": True},
}
#: Outcomes of what was asked to decide something.
GATE_OUTCOMES = ("passed", "failed", "inconclusive")
#: Tests that are named before a note.
MAX_NAMES = 3


def write(
    reporter: pytest.TerminalReporter, records: Sequence[Mapping[str, Any]], host: str = "", *, strict: bool = False
) -> None:
    """The section ``multicore``.

    Args:
        reporter: where it is written.
        records: the results.
        host: where they were measured, for the heading; empty: here.
        strict: whether what is undecided has failed its test.
    """

    def show(text: str, **markup: bool) -> None:
        reporter.write(visible_lines(text), **markup)

    reporter.section(visible_line(f"multicore: {host}" if host else "multicore"))
    rows, left_out = table(records, _width(reporter))
    for row, record in zip(rows, [None, *records], strict=True):
        *cells, outcome = row
        show(GAP.join([*cells, ""]))
        show(outcome.rstrip() + "\n", **(COLOURS[record["outcome"]] if record else {}))
    if left_out:
        show(f"no room for: {', '.join(left_out)}; a wider terminal shows them (COLUMNS=180)\n")
    shown = _shown_by_pytest(reporter)
    for reason, tests in _undecided([one for one in records if not _is_in(shown, one["reason"])]).items():
        show(f"{', '.join(tests)}: {reason}\n")
    named = list(zip(names_of_tests(records), records, strict=True))
    for name, record in named:
        for warning in record["warnings"]:
            show(f"warning: {name}: {warning}\n", yellow=True)
    for scaling in matrix_lines(records):
        show(f"matrix: {scaling}\n")
    for name, record in named:
        if base := against_line(record):
            show(f"{name}: {base}\n")
    for name, record in named:
        if line := series_line(record):
            show(f"scaling: {name}: {line}\n")
    for name, record in named:
        if record["evidence"] and record["outcome"] != "failed":
            for line in blas_call_lines(record["evidence"]):
                show(f"{name}: {line}\n")
    for note, of in _notes(named).items():
        show(f"note: {of}{note}\n")
    if told := _undecided_gates(records, strict=strict):
        show(f"{told}\n", yellow=True)


def _notes(named: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Each note once, and before it whose it is; nobody's name where it is everybody's."""
    names: dict[str, list[str]] = {}
    for name, record in named:
        for note in dict.fromkeys(record["notes"]):
            names.setdefault(note, []).append(name)
    return {note: "" if len(of) == len(named) else f"{_list(of)}: " for note, of in names.items()}


def _list(names: Sequence[str]) -> str:
    different = list(dict.fromkeys(names))
    more = len(different) - MAX_NAMES
    return ", ".join(different[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def _width(reporter: pytest.TerminalReporter) -> int:
    """Characters of a line; a log has no end of its lines, unless COLUMNS says so."""
    is_bounded = reporter._tw._file.isatty() or "COLUMNS" in os.environ
    return reporter._tw.fullwidth - 1 if is_bounded else sys.maxsize


def _undecided_gates(records: Sequence[Mapping[str, Any]], *, strict: bool) -> str:
    """How many gates decided nothing: pytest's summary shows them as skipped, and is green."""
    outcomes = [record["outcome"] for record in records if record["outcome"] in GATE_OUTCOMES]
    undecided = outcomes.count("inconclusive")
    if not undecided:
        return ""
    gates, reasons = "gate" if len(outcomes) == 1 else "gates", "reason" if undecided == 1 else "reasons"
    advice = "" if strict else f" (--multicore-strict fails {'it' if undecided == 1 else 'them'})"
    return f"{undecided} of {len(outcomes)} {gates} decided nothing: see the {reasons} above{advice}"


def _shown_by_pytest(reporter: pytest.TerminalReporter) -> list[str]:
    """Why tests were skipped, or failed, as pytest itself says in its own sections."""
    skipped = reporter.stats.get("skipped", ()) if reporter.hasopt("skipped") else ()
    failed = reporter.stats.get("failed", ()) if reporter.config.option.tbstyle not in ("no", "line") else ()
    return [str(report.longrepr) for report in (*skipped, *failed)]


def _is_in(texts: Sequence[str], reason: str) -> bool:
    return any(reason in text for text in texts)


def _undecided(records: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The tests of inconclusive measurements by their reason: a missing environment is reported once."""
    reasons: dict[str, list[str]] = {}
    for record in records:
        if record["outcome"] == "inconclusive":
            tests = reasons.setdefault(record["reason"], [])
            if record["nodeid"] not in tests:
                tests.append(record["nodeid"])
    return reasons
