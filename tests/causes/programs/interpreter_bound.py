"""Loops of Python in threads: one at a time holds the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
STEPS = 3_000_000


def suffers() -> Callable[[], object]:
    pool = ThreadPoolExecutor(THREADS)
    return lambda: list(pool.map(count, [STEPS // THREADS] * THREADS))


def healthy() -> Callable[[], object]:
    """The same in processes."""
    pool = ProcessPoolExecutor(THREADS)
    return lambda: list(pool.map(count, [STEPS // THREADS] * THREADS))


def plain_loop() -> Callable[[], object]:
    """The same with no threads at all."""
    return lambda: count(STEPS)


def count(steps: int) -> int:
    return sum(number * number for number in range(steps))
