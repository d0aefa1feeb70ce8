"""The committed record of what was measured of each library: the reference's table is made from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .busy_cores import Figures
from .cases import Case

RECORD = Path(__file__).with_name("record.json")
#: Set to 1 to write what is measured into the record. Otherwise a measurement only has to agree with what is claimed.
WRITE_VARIABLE = "PYTEST_MULTICORE_WRITE_RECORD"


def read() -> dict[str, dict[str, Any]]:
    """The record, by the names of the cases."""
    content: dict[str, dict[str, Any]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return content


def write(case: Case, versions: Mapping[str, str], figures: Mapping[str, Figures]) -> None:
    """Put one case's figures into the record."""
    entries = read() if RECORD.exists() else {}
    entries[case.name] = {
        "library": case.library,
        "versions": dict(versions),
        "variables": list(case.order),
        "caps": list(case.caps),
        "setting": case.entry.setting if case.setting else "",
        "busy_cores": {claim: figure.busy and round(figure.busy, 2) for claim, figure in figures.items()},
    }
    text = json.dumps(dict(sorted(entries.items(), key=lambda entry: entry[0].lower())), indent=1)
    RECORD.write_text(text + "\n", encoding="utf-8")
