"""JSON for github.com/benchmark-action/github-action-benchmark: a list of name, unit, value, range and extra.

Its tools ``customBiggerIsBetter`` and ``customSmallerIsBetter`` take a file each (src/extract.ts): so there are two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pytest_multicore.reports.words import figure

from .results import Record, Report, bounds, figure_of, unique_names

#: What the figure is called, the report's field and the unit.
BIGGER_IS_BETTER = (("speed-up", "measured_speedup", "x"), ("efficiency", "efficiency", "of the attained speed-up"))
SMALLER_IS_BETTER = (
    ("time", "wall_s", "s"),
    ("CPU inflation", "cpu_inflation", "x"),
    ("lost by threading", "against.measured_loss", "of the base's speed-up"),
)


def bigger_is_better(report: Report) -> str:
    """Speed-ups and efficiencies."""
    return _listed(report, BIGGER_IS_BETTER)


def smaller_is_better(report: Report) -> str:
    """Times, how much CPU time more threads cost, and what was lost against a base."""
    return _listed(report, SMALLER_IS_BETTER)


def _listed(report: Report, figures: tuple[tuple[str, str, str], ...]) -> str:
    entries = [
        entry for name, record in unique_names(report["results"]) for entry in _entries(_name(name), record, figures)
    ]
    return json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _entries(name: str, record: Record, figures: tuple[tuple[str, str, str], ...]) -> Iterator[dict[str, Any]]:
    for told, field, unit in figures:
        measured = bounds(figure_of(record, field))
        if measured is None:
            continue
        low, value, high = measured
        entry = {"name": f"{name}: {told}", "unit": unit, "value": value}
        if low is not None and high is not None:
            entry["range"] = f"{low:.4g} to {high:.4g}"
        yield {**entry, "extra": _extra(record)}


def _extra(record: Record) -> str:
    return f"outcome: {_name(str(record['outcome']))}\nbusy cores: {figure(record['cores'])}"


def _name(text: str) -> str:
    """The action puts names between backquotes in a table, as they are."""
    return text.replace("`", "'").replace("|", "/")
