"""Bencher Metric Format, JSON: bencher.dev/docs/reference/bencher-metric-format, for ``bencher run --adapter json``.

A benchmark for each result. ``latency`` is Bencher's own measure, in nanoseconds; the others are made when first seen.
"""

from __future__ import annotations

import json
from typing import Any

from .results import Record, Report, bounds, figure_of, unique_names

#: Bencher's name of a measure, the report's field, and what takes the field to the measure's unit.
MEASURES = (
    ("latency", "wall_s", 1e9),
    ("speed-up", "measured_speedup", 1.0),
    ("efficiency", "efficiency", 1.0),
    ("busy-cores", "cores", 1.0),
    ("useful-cores", "useful_cores", 1.0),
    ("loss", "against.measured_loss", 1.0),
)
#: Characters of a benchmark's name, at most.
MAX_NAME = 1024


def bencher(report: Report) -> str:
    """The figures of all results that were measured."""
    benchmarks = {_short(name): _measures(record) for name, record in unique_names(report["results"])}
    told = {name: measures for name, measures in benchmarks.items() if measures}
    return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _measures(record: Record) -> dict[str, Any]:
    return {
        name: {
            key: value * factor
            for key, value in zip(("lower_value", "value", "upper_value"), figure, strict=True)
            if value is not None
        }
        for name, field, factor in MEASURES
        if (figure := bounds(figure_of(record, field)))
    }


def _short(name: str) -> str:
    """The end of a name tells it from others: threads and number stand there."""
    return name if len(name) <= MAX_NAME else f"...{name[3 - MAX_NAME :]}"
