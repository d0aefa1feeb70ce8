"""The JSON report: schema number 1, described by results.schema.json in this folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_multicore.measurement.machine import Machine, this_machine

from .origin import Origin

SCHEMA = 1
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")


def report(records: list[dict[str, Any]], machine: Machine, origin: Origin | None = None) -> dict[str, Any]:
    """The whole report as data."""
    return {
        "schema": SCHEMA,
        **asdict(origin or Origin()),
        "machine": machine_record(machine, records),
        "results": records,
    }


def machine_record(machine: Machine, records: list[dict[str, Any]]) -> dict[str, Any]:
    """The report's ``machine``; the attainable cores are the most that any measurement attained."""
    attained = [
        record["attained_speedup"]["estimate"] * record["baseline"]
        for record in records
        if record["attained_speedup"] is not None
    ]
    return {
        **asdict(machine),
        "cores_granted": machine.cores_granted,
        "cores_attainable": max(attained, default=None),
    }


def write(file: Path, records: list[dict[str, Any]], origin: Origin | None = None) -> None:
    """Write the report.

    Raises:
        OSError: the file cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report(records, this_machine(), origin), indent=1, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")
