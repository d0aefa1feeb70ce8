"""Something loaded before NumPy keeps the process on one core; NumPy's BLAS then starts as many threads as it sees."""

from __future__ import annotations

import ctypes
from collections.abc import Callable


def suffers() -> Callable[[], object]:
    import pinning_library  # noqa: F401

    return product()


def healthy() -> Callable[[], object]:
    return product()


def after_openmp() -> Callable[[], object]:
    """Libgomp binds the thread that loads it to the first core when OMP_PROC_BIND or GOMP_CPU_AFFINITY says so."""
    ctypes.CDLL("libgomp.so.1")
    return product()


def product() -> Callable[[], object]:
    import numpy

    matrix = numpy.random.default_rng(0).random((1000, 1000))
    return lambda: matrix @ matrix
