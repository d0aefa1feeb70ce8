"""Half of the work is split over the threads, half is not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
BLOCK = bytes(12_000_000)


def suffers() -> Callable[[], object]:
    return hashes(serial=BLOCK, split=BLOCK)


def healthy() -> Callable[[], object]:
    return hashes(serial=b"", split=BLOCK + BLOCK)


def hashes(serial: bytes, split: bytes) -> Callable[[], object]:
    pool = ThreadPoolExecutor(THREADS)
    parts = [split[: len(split) // THREADS]] * THREADS

    def region() -> None:
        digest(serial)
        list(pool.map(digest, parts))

    return region


def digest(block: bytes) -> bytes:
    return hashlib.sha256(block).digest()
