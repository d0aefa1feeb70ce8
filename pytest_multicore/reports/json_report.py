"""The JSON report: schema number 1, described by results.schema.json beside this file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_multicore.measurement.machine import Machine, this_machine

SCHEMA = 1
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")


def report(records: list[dict[str, Any]], machine: Machine) -> dict[str, Any]:
    """The whole report as data."""
    return {"schema": SCHEMA, "machine": machine_record(machine, records), "results": records}


def machine_record(machine: Machine, records: list[dict[str, Any]]) -> dict[str, Any]:
    """The report's ``machine``; what it attains is the most that any measurement saw."""
    attained = [
        one["attained_speedup"]["estimate"] * one["baseline"] for one in records if one["attained_speedup"] is not None
    ]
    return {
        **asdict(machine),
        "cores_granted": machine.cores_granted,
        "cores_attainable": max(attained, default=None),
    }


def write(file: Path, records: list[dict[str, Any]]) -> None:
    """Write the report; a file that cannot be written is an error with its name, and the tests' outcomes stand."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report(records, this_machine()), indent=1, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")
