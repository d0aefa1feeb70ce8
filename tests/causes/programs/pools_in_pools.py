"""Callers as many as threads are asked for: each calls a BLAS that has as many, and does other work between."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
ROWS = 2000


def suffers() -> Callable[[], object]:
    return distances()


def healthy() -> Callable[[], object]:
    import threadpoolctl

    threadpoolctl.threadpool_limits(1, user_api="blas")
    return distances()


def distances() -> Callable[[], object]:
    """Distances of all pairs of rows, a part of the rows for each task: a product, then NumPy's own loops."""
    rows = numpy.random.default_rng(0).normal(size=(ROWS, 200))
    parts, squares = numpy.array_split(rows, 8), (rows * rows).sum(1)
    pool = ThreadPoolExecutor(THREADS)

    def distances_of(part: numpy.ndarray) -> None:
        products = part @ rows.T
        products *= -2.0
        products += squares
        numpy.maximum(products, 0.0, out=products)
        numpy.sqrt(products, out=products)

    return lambda: list(pool.map(distances_of, parts))
