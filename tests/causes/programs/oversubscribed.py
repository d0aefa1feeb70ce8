"""Python threads as many as cores and more, each of which starts OpenMP threads of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import openmp


def suffers() -> Callable[[], object]:
    return loops(workers=4)


def healthy() -> Callable[[], object]:
    return loops(workers=1)


def loops(workers: int, count: int = 400, steps: int = 3_000) -> Callable[[], object]:
    waves = openmp.loops().waves
    pool = ThreadPoolExecutor(workers)

    def work(own: int) -> None:
        for _ in range(own):
            waves(steps)

    return lambda: list(pool.map(work, [count // workers] * workers))
