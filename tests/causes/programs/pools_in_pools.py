"""Callers as many as threads are asked for, each of which calls a BLAS that has as many: more threads are slower."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))


def suffers() -> Callable[[], object]:
    return products(callers=THREADS, size=300)


def healthy() -> Callable[[], object]:
    return products(callers=1, size=1000)


def products(callers: int, size: int, multiply_adds: int = 2_000_000_000) -> Callable[[], object]:
    """As many products as do the same work, whatever their size."""
    matrix = numpy.random.default_rng(0).random((size, size))
    pool, count = ThreadPoolExecutor(callers), max(callers, multiply_adds // size**3)

    def work(own: int) -> None:
        for _ in range(own):
            matrix @ matrix

    return lambda: list(pool.map(work, [count // callers] * callers))
