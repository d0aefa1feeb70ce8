"""Work that is split into parts of unlike size: the threads with the small ones wait for the one with the large."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import openmp

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
BLOCK = bytes(96_000_000)
SMALL_BLOCK = bytes(12_000_000)


def suffers() -> Callable[[], object]:
    """One part is three times as large as each of the others."""
    return hashes([3] + [1] * (THREADS - 1))


def changes_hands() -> Callable[[], object]:
    """The same in so short a call that a round has several: now one thread takes the large part, now another."""
    return hashes([3] + [1] * (THREADS - 1), SMALL_BLOCK)


def healthy() -> Callable[[], object]:
    return hashes([1] * THREADS)


def hashes(weights: list[int], block: bytes = BLOCK) -> Callable[[], object]:
    pool = ThreadPoolExecutor(THREADS)
    parts = [block[: len(block) * weight // sum(weights)] for weight in weights]
    return lambda: list(pool.map(digest, parts))


def digest(block: bytes) -> bytes:
    return hashlib.sha256(block).digest()


def triangle() -> Callable[[], object]:
    """OpenMP gives each thread as many rows, and the last one the longest: of two, the second has three quarters."""
    work = openmp.loops().triangle
    return lambda: work(2_000)


def main_thread_has_most() -> Callable[[], object]:
    """The same upside down: of two threads, the main one has three quarters."""
    work = openmp.loops().triangle_from_the_longest
    return lambda: work(2_000)
