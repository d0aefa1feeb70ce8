"""A library that goes serial in a forked child, as R's data.table does: the threads of its pool stayed behind."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

import openmp

LOADED: list[Any] = []


def suffers() -> Callable[[], object]:
    return in_worker("fork")


def healthy() -> Callable[[], object]:
    return in_worker("spawn")


def in_worker(method: str) -> Callable[[], object]:
    job(1_000)  # the pool starts
    worker = multiprocessing.get_context(method).Pool(1)
    return lambda: worker.apply(job, [4_000_000])


def job(steps: int) -> float:
    if not LOADED:
        LOADED.append(openmp.loops())
        LOADED[0].serial_after_fork()
    took_s: float = LOADED[0].waves(steps)
    return took_s
