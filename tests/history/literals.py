"""Entries of a history, made of literals."""

from __future__ import annotations

from typing import Any

from pytest_multicore.reports.history.entry import KEPT_FIELDS, Entry
from pytest_multicore.reports.origin import Origin

Bounds = tuple[float | None, float, float | None]


def bounds(low: float | None, estimate: float, high: float | None) -> dict[str, float | None]:
    """An interval as reports hold it."""
    return {"low": low, "estimate": estimate, "high": high}


def around(estimate: float, share: float = 0.02) -> dict[str, float | None]:
    """An interval of some percent on either side."""
    return bounds(estimate * (1 - share), estimate, estimate * (1 + share))


def entry(
    speedup: float | dict[str, float | None] | None = 1.9,
    *,
    test: str = "test_a.py::test_it",
    workload: str = "test_it",
    attained: float | None = 1.95,
    cpu: str = "EPYC",
    date: str | None = "2026-11-01T10:00:00Z",
    commit: str | None = "1a2b3c4d5e6f",
    number: int = 1,
    lost: bool = False,
    **fields: Any,
) -> Entry:
    """The result of a test at 2 threads and 1, on NumPy."""
    interval = around(speedup) if isinstance(speedup, float) else speedup
    result = {
        **dict.fromkeys(KEPT_FIELDS),
        "nodeid": test,
        "workload": workload,
        "arguments": {},
        "environment": "current",
        "python": "3.13.2",
        "threads": 2,
        "baseline": 1,
        "vary": "threads",
        "outcome": "passed",
        "confidence": 0.99,
        "wall_s": around(0.1),
        "cores": around(1.98),
        "speedup": interval,
        "attained_speedup": None if attained is None else around(attained),
        "frameworks": {"numpy": "2.4.6"},
        "libraries": [{"kind": "openblas", "version": "0.3.31", "layer": "pthreads"}],
        "variables": {"OMP_NUM_THREADS": "2"},
        **fields,
    }
    return Entry(Origin(date, "0.1.0", commit, None if commit is None else True), cpu, result, number, lost)


def series(*speedups: float | dict[str, float | None], **fields: Any) -> list[Entry]:
    """A run a day."""
    return [
        entry(one, date=f"2026-11-{day:02}T10:00:00Z", commit=f"{day:07}", **fields)
        for day, one in enumerate(speedups, start=1)
    ]
