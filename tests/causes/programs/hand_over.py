"""Tasks for a pool of processes: so small, or with so much data, that handing over takes longer than doing them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy


def suffers() -> Callable[[], object]:
    """A task for each number."""
    pool = ProcessPoolExecutor(2)
    return lambda: list(pool.map(square, range(1000), chunksize=1))


def large_arrays() -> Callable[[], object]:
    """50 MB for each task."""
    pool, parts = ProcessPoolExecutor(2), [numpy.ones(50_000_000 // 8) for _ in range(4)]
    return lambda: list(pool.map(total, parts))


def healthy() -> Callable[[], object]:
    """As many numbers as milliseconds of work, a tenth of them in a task."""
    pool = ProcessPoolExecutor(2)
    return lambda: list(pool.map(loop, [50_000] * 200, chunksize=10))


def square(number: int) -> int:
    return number * number


def total(part: numpy.ndarray) -> float:
    return float(part.sum())


def loop(steps: int) -> int:
    return sum(range(steps))
