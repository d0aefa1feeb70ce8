"""Sums over arrays that no cache holds, split over the threads: memory is what they wait for."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
TOTAL = 8_000_000


def suffers() -> Callable[[], object]:
    return sums(TOTAL)


def healthy() -> Callable[[], object]:
    return sums(100_000)


def sums(elements: int) -> Callable[[], object]:
    """Add as many numbers whatever the size of the array."""
    ones = numpy.array_split(numpy.ones(elements), THREADS)
    totals = numpy.array_split(numpy.zeros(elements), THREADS)
    pool = ThreadPoolExecutor(THREADS)

    def add(one: numpy.ndarray, total: numpy.ndarray) -> None:
        for _ in range(TOTAL // elements):
            numpy.add(total, one, out=total)

    return lambda: list(pool.map(add, ones, totals))


def rows() -> Callable[[], object]:
    """A row is added to each of many: where it lies in its page decides how fast a thread is, and no pool is used."""
    parts, row = numpy.array_split(numpy.ones((4000, 2000)), THREADS), numpy.ones(2000)
    pool = ThreadPoolExecutor(THREADS)

    def add(part: numpy.ndarray) -> None:
        for _ in range(4):
            part += row

    return lambda: list(pool.map(add, parts))
