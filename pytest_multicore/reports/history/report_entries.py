"""The entries of a JSON report, as a history would keep them."""

from __future__ import annotations

from pathlib import Path

from pytest_multicore.reports.origin import Origin
from pytest_multicore.reports.read_report import checked, read_report

from .entry import Entry, entries_of
from .entry import checked as checked_entry


def entries_of_report(file: Path) -> list[Entry]:
    """The measurements of a report; results without figures are left out.

    Raises:
        UsageError: the file cannot be read, or is no report of this schema.
    """
    report = read_report(file)
    # Files from before these fields were written lack them.
    origin = Origin(**{name: report.get(name) for name in ("date", "version", "commit", "clean")})
    with checked(file, "the report"):
        machines = {machine["host"]: machine for machine in report.get("machines") or ()}
        entries = entries_of(report["results"], report["machine"]["cpu"], origin, machines)
        return [checked_entry(one) for one in entries]
