"""The terminal section: a row for each measurement, and below it why something could not be decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_multicore.diagnosis.evidence_record import blas_call_lines

from .against import against_line
from .scaling import series_line
from .words import estimate, figure, threads

HEADINGS = (
    *("measurement", "environment", "BLAS", "threads", "busy", "demanded", "useful", "speed-up", "attained"),
    "outcome",
)
COLOURS = {
    "passed": {"green": True},
    "measured": {},
    "failed": {"red": True},
    "inconclusive": {"yellow": True},
    "error": {"red": True},
}


def write(reporter: pytest.TerminalReporter, records: Sequence[Mapping[str, Any]]) -> None:
    """The section ``multicore``."""
    reporter.section("multicore")
    rows = [HEADINGS, *map(_row, records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row, record in zip(rows, [None, *records], strict=True):
        *cells, outcome = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        reporter.write("  ".join(cells) + "  ")
        reporter.write(outcome.rstrip() + "\n", **(COLOURS[record["outcome"]] if record else {}))
    for reason, tests in _undecided(records).items():
        reporter.write(f"{', '.join(tests)}: {reason}\n")
    for record in records:
        for warning in record["warnings"]:
            reporter.write(f"warning: {record['workload']}: {warning}\n", yellow=True)
    for record in records:
        if base := against_line(record):
            reporter.write(f"{record['workload']}: {base}\n")
    for record in records:
        if line := series_line(record):
            reporter.write(f"scaling: {record['workload']}: {line}\n")
    for record in records:
        if record["evidence"] and record["outcome"] != "failed":
            for line in blas_call_lines(record["evidence"]):
                reporter.write(f"{record['workload']}: {line}\n")
    for note in dict.fromkeys(note for record in records for note in record["notes"]):
        reporter.write(f"note: {note}\n")


def _undecided(records: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The tests of inconclusive measurements by their reason: a missing environment is reported once."""
    reasons: dict[str, list[str]] = {}
    for record in records:
        if record["outcome"] == "inconclusive":
            tests = reasons.setdefault(record["reason"], [])
            if record["nodeid"] not in tests:
                tests.append(record["nodeid"])
    return reasons


def _row(record: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        record["workload"],
        record["environment"],
        record["blas"] or "-",
        threads(record),
        estimate(record["cores"]),
        estimate(record["demand"]),
        estimate(record["useful_cores"]),
        figure(record["measured_speedup"], "x"),
        estimate(record["attained_speedup"], "x"),
        record["outcome"],
    )
