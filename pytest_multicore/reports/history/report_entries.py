"""The entries of a JSON report, as a history would keep them."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.json_report import SCHEMA
from pytest_multicore.reports.origin import Origin

from .entry import Entry, checked, entries_of

EXPECTED = "expected a file of --multicore-json"


def entries_of_report(file: Path) -> list[Entry]:
    """The measurements of a report; results without figures are left out.

    Raises:
        UsageError: the file cannot be read, or is no report of this schema.
    """
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}; {EXPECTED}") from None
    except ValueError:
        raise UsageError(f"{file} is not a report of pytest-multicore: it is no JSON; {EXPECTED}") from None
    if not isinstance(report, dict) or not {"schema", "machine", "results"} <= report.keys():
        raise UsageError(f"{file} is not a report of pytest-multicore; {EXPECTED}")
    if report["schema"] != SCHEMA:
        raise UsageError(f"{file}: a report of schema {report['schema']!r}; this version reads schema {SCHEMA}")
    try:
        # Files from before these fields were written lack them.
        origin = Origin(**{name: report.get(name) for name in ("date", "version", "commit", "clean")})
        machines = {machine["host"]: machine for machine in report.get("machines") or ()}
        entries = entries_of(report["results"], report["machine"]["cpu"], origin, machines)
        return [checked(one) for one in entries]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{file}: its results do not hold what schema {SCHEMA} says ({type(error).__name__}: {error}); {EXPECTED} "
            "as this version writes it"
        ) from None
