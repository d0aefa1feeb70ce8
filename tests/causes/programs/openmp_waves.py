"""A loop that OpenMP splits: healthy unless OpenMP's variables are against it."""

from __future__ import annotations

from collections.abc import Callable

import openmp


def region(steps: int = 4_000_000) -> Callable[[], object]:
    waves = openmp.loops().waves
    return lambda: waves(steps)
