"""The terminal section: a row a measurement, and beneath it why something could not be decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_multicore.diagnosis.evidence_record import blas_call_lines

from .scaling import series
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
    rows = [HEADINGS, *(_row(one) for one in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row, told in zip(rows, [None, *records], strict=True):
        *cells, outcome = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        reporter.write("  ".join(cells) + "  ")
        reporter.write(outcome.rstrip() + "\n", **(COLOURS[told["outcome"]] if told else {}))
    for reason, tests in _undecided(records).items():
        reporter.write(f"{', '.join(tests)}: {reason}\n")
    for told in records:
        for warning in told["warnings"]:
            reporter.write(f"warning: {told['workload']}: {warning}\n", yellow=True)
    for told in records:
        if scaled := series(told):
            reporter.write(f"scaling: {told['workload']}: {scaled}\n")
    for told in records:
        if told["evidence"] and told["outcome"] != "failed":
            for line in blas_call_lines(told["evidence"]):
                reporter.write(f"{told['workload']}: {line}\n")
    for note in dict.fromkeys(note for told in records for note in told["notes"]):
        reporter.write(f"note: {note}\n")


def _undecided(records: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The tests of inconclusive measurements by their reason: one missing environment is told once."""
    reasons: dict[str, list[str]] = {}
    for told in records:
        if told["outcome"] == "inconclusive":
            tests = reasons.setdefault(told["reason"], [])
            if told["nodeid"] not in tests:
                tests.append(told["nodeid"])
    return reasons


def _row(told: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        told["workload"],
        told["environment"],
        told["blas"] or "-",
        threads(told),
        estimate(told["cores"]),
        estimate(told["demand"]),
        estimate(told["useful_cores"]),
        figure(told["measured_speedup"], "x"),
        estimate(told["attained_speedup"], "x"),
        told["outcome"],
    )
