"""Work that is split into parts of unlike size: the threads with the small ones wait for the one with the large."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import openmp

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
BLOCK = bytes(96_000_000)


def suffers() -> Callable[[], object]:
    """One part is three times as large as each of the others."""
    return hashes([3] + [1] * (THREADS - 1))


def healthy() -> Callable[[], object]:
    return hashes([1] * THREADS)


def hashes(weights: list[int]) -> Callable[[], object]:
    pool = ThreadPoolExecutor(THREADS)
    parts = [BLOCK[: len(BLOCK) * weight // sum(weights)] for weight in weights]
    return lambda: list(pool.map(digest, parts))


def digest(block: bytes) -> bytes:
    return hashlib.sha256(block).digest()


def triangle() -> Callable[[], object]:
    """OpenMP gives each thread as many rows, and the last one the longest: of two, the second has three quarters."""
    work = openmp.loops().triangle
    return lambda: work(2_000)
