"""Work that waits: for a sleep, or for a lock that all threads share."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
BLOCK = bytes(2_000_000)


def suffers() -> Callable[[], object]:
    return region(pause_s=0.01)


def healthy() -> Callable[[], object]:
    return region(pause_s=0.0)


def region(pause_s: float) -> Callable[[], object]:
    pool = ThreadPoolExecutor(THREADS)

    def fetch_and_hash(block: bytes) -> bytes:
        if pause_s:
            time.sleep(pause_s)  # as a request would take
        return hashlib.sha256(block).digest()

    return lambda: list(pool.map(fetch_and_hash, [BLOCK] * 4))


def one_lock() -> Callable[[], object]:
    return locked([threading.Lock()] * 4)


def own_locks() -> Callable[[], object]:
    return locked([threading.Lock() for _ in range(4)])


def locked(locks: list[threading.Lock]) -> Callable[[], object]:
    pool = ThreadPoolExecutor(THREADS)

    def hash_alone(lock: threading.Lock) -> bytes:
        with lock:
            return hashlib.sha256(BLOCK).digest()

    return lambda: list(pool.map(hash_alone, locks))


def asleep_under_one_lock() -> Callable[[], object]:
    return asleep([threading.Lock()] * 8)


def asleep_under_own_locks() -> Callable[[], object]:
    return asleep([threading.Lock() for _ in range(8)])


def asleep(locks: list[threading.Lock]) -> Callable[[], object]:
    """Whoever has the lock waits for something else: without that it would be much faster, and have one lock still."""
    pool = ThreadPoolExecutor(THREADS)

    def ask_alone(lock: threading.Lock) -> None:
        with lock:
            time.sleep(0.01)

    return lambda: list(pool.map(ask_alone, locks))
