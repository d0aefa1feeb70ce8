"""What a matrix says of each test: how many threads are as fast as any, and where more of them hurt."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .words import figure, side

Record = Mapping[str, Any]


def matrix_lines(records: Sequence[Record]) -> Iterator[str]:
    """A line for each test, environment and BLAS that was measured at several thread counts.

    Args:
        records: the JSON report's results.
    """
    groups: dict[tuple[str, str], dict[int, Record]] = {}
    for record in records:
        cell = record.get("matrix")
        if cell and isinstance(record["threads"], int) and record["wall_s"] and _is_compared(record):
            where = [record["environment"], *([f"BLAS {cell['blas']}"] if cell["blas"] else [])]
            label = cell["test"] if cell["whole_test"] else f"{cell['test']}: {record['workload']}"
            groups.setdefault((label, " with ".join(where)), {})[record["threads"]] = record
    for (label, place), group in groups.items():
        if len(group) > 1:
            yield f"{label} in {place}: {_scaling(dict(sorted(group.items())))}"


def _is_compared(record: Record) -> bool:
    """Whether it has a speed-up, or is what others have theirs over."""
    return record["measured_speedup"] is not None or record["threads"] == (record["baseline"] or 1)


def _scaling(group: Mapping[int, Record]) -> str:
    """``1 thread 1x, 2 threads 1.85x [1.80, 1.91] (0.93 each); as fast as any: 2 threads``."""
    counts = ", ".join(f"{side(threads, record)} {_gain(threads, record)}" for threads, record in group.items())
    bounds = {threads: _bounds(record) for threads, record in group.items()}
    best_low = max(low for low, _ in bounds.values())
    fewest = next(threads for threads, (_, high) in bounds.items() if high >= best_low)
    slower = [threads for threads, (_, high) in bounds.items() if threads > fewest and high < best_low]
    harm = f"; {side(slower[0], group[fewest])} are slower" if slower else ""
    return f"{counts}; as fast as any: {side(fewest, group[fewest])}{harm}"


def _gain(threads: int, record: Record) -> str:
    """The speed-up, and what each thread adds to it."""
    speedup = record["measured_speedup"]
    if speedup is None:
        return "1x"
    return f"{figure(speedup, 'x')} ({speedup['estimate'] * (record['baseline'] or 1) / threads:.2f} each)"


def _bounds(record: Record) -> tuple[float, float]:
    """Of the speed-up on a machine that gives all cores; the baseline's own is 1."""
    speedup = record["speedup"] or {"low": 1.0, "high": 1.0}
    return (
        -math.inf if speedup["low"] is None else speedup["low"],
        math.inf if speedup["high"] is None else speedup["high"],
    )
