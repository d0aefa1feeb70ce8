"""Labelled programs for benchmarks/verdicts.py: each function is a set-up that returns the region to measure.

The thread count is that of OMP_NUM_THREADS, as a program of the field would read it. Work that must run beside Python
is done by NumPy and hashlib, which let go of the interpreter's lock.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy

Region = Callable[[], object]
THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
BLOCK = bytes(12_000_000)


def scales() -> Region:
    """A product of 1000 x 1000 by the BLAS that NumPy carries."""
    matrix = numpy.random.default_rng(0).random((1000, 1000))
    return lambda: matrix @ matrix


def serial() -> Region:
    """A loop in Python."""
    return lambda: sum(number * number for number in range(400_000))


def busy_waits() -> Region:
    """One thread works, the others keep a core busy for as long."""
    pool = ThreadPoolExecutor(THREADS)
    return lambda: list(pool.map(_hash, [BLOCK] * THREADS))


def memory_bound() -> Region:
    """A sum over arrays that no cache holds, split over the threads."""
    ones, sums = numpy.ones(8_000_000), numpy.zeros(8_000_000)
    parts = list(zip(numpy.array_split(ones, THREADS), numpy.array_split(sums, THREADS), strict=True))
    pool = ThreadPoolExecutor(THREADS)

    def add(part: tuple[numpy.ndarray, numpy.ndarray]) -> None:
        numpy.add(*part, out=part[1])

    return lambda: list(pool.map(add, parts))


def half_serial() -> Region:
    """Half of the work is split over the threads."""
    pool = ThreadPoolExecutor(THREADS)
    parts = [BLOCK[: len(BLOCK) // THREADS]] * THREADS

    def region() -> None:
        _hash(BLOCK)
        list(pool.map(_hash, parts))

    return region


def starts_serial() -> Region:
    """Its first forty calls run on one thread: a pool that is filled late, a compiler that waits for a hot loop."""
    pool = ThreadPoolExecutor(THREADS)
    parts = [BLOCK[: len(BLOCK) // THREADS]] * THREADS
    calls: list[None] = []

    def region() -> None:
        calls.append(None)
        if len(calls) > 40:
            list(pool.map(_hash, parts))
        else:
            list(map(_hash, parts))

    return region


def wins_in_large_calls() -> Region:
    """Many small calls, which stay on one thread, and a large one, which is split."""
    pool = ThreadPoolExecutor(THREADS)
    small, parts = BLOCK[:20_000], [BLOCK[: len(BLOCK) // 3 // THREADS]] * THREADS

    def region() -> None:
        for _ in range(400):
            _hash(small)
        list(pool.map(_hash, parts))

    return region


def pool_per_call() -> Region:
    """A pool that is made and closed in each call: its threads take what the system knows of their waits along."""
    parts = [BLOCK[: len(BLOCK) // THREADS]] * THREADS

    def region() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(_hash, parts))

    return region


def _hash(block: bytes) -> bytes:
    return hashlib.sha256(block).digest()


CASES = (scales, serial, busy_waits, memory_bound, half_serial, starts_serial, wins_in_large_calls, pool_per_call)
