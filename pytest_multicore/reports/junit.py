"""Figures as properties of a test in pytest's JUnit file (``--junitxml``), for what reads only that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .formats.results import test_name
from .visible import visible_line
from .words import estimate

#: What the names of all our properties begin with.
PREFIX = "multicore_"


def properties(record: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Name and value of each: ``multicore_speedup``, or ``multicore_speedup[dot]`` of a workload with its own name."""
    label = "" if record["workload"] == test_name(record) else visible_line(f"[{record['workload']}]")
    cause = next(iter(record["causes"]), None)
    against = record.get("against") or {}
    values = {
        "outcome": record["outcome"],
        "threads": "inherit" if record["threads"] is None else record["threads"],
        "busy_cores": _figure(record["cores"]),
        "useful_cores": _figure(record["useful_cores"]),
        "speedup": _figure(record["measured_speedup"]),
        "attained_speedup": _figure(record["attained_speedup"]),
        "base": against.get("base"),
        "base_verdict": against.get("change"),
        "loss": _figure(against.get("measured_loss")),
        "cause": cause and (cause["key"] if cause["proven"] else f"{cause['key']} (not proven)"),
    }
    for name, value in values.items():
        if value is not None:
            yield f"{PREFIX}{name}{label}", value


def _figure(figure: Any) -> str | None:
    return None if figure is None else estimate(figure)
