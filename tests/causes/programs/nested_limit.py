"""Work within a pool of workers: each gets a share of the cores, and the threads in it no more."""

from __future__ import annotations

from collections.abc import Callable

import numpy

MATRIX = numpy.random.default_rng(0).random((1000, 1000))


def suffers() -> Callable[[], object]:
    """One task for joblib's pool of two: the other worker has nothing to do."""
    import joblib

    pool = joblib.Parallel(n_jobs=2)
    return lambda: pool([joblib.delayed(products)(4), joblib.delayed(products)(0)])


def healthy() -> Callable[[], object]:
    return lambda: products(4)


def openmp_inside() -> Callable[[], object]:
    """OpenMP within OpenMP: one level of parallel regions is active unless OMP_MAX_ACTIVE_LEVELS says otherwise."""
    import openmp

    waves = openmp.loops().waves_inside
    return lambda: waves(4_000_000)


def openmp_outside() -> Callable[[], object]:
    import openmp

    waves = openmp.loops().waves
    return lambda: waves(4_000_000)


def products(count: int) -> None:
    for _ in range(count):
        MATRIX @ MATRIX
