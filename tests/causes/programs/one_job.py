"""A pool of joblib told to give its workers one thread: with one job it has no workers, and the limit is nobody's.

joblib/joblib#1764.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy

MATRIX = numpy.random.default_rng(0).random((1500, 1500))


def suffers() -> Callable[[], object]:
    """Two products by one job."""
    import joblib

    def region() -> object:
        with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
            return joblib.Parallel(n_jobs=1)(joblib.delayed(corner)() for _ in range(2))

    return region


def healthy() -> Callable[[], object]:
    """The same with a limit that holds in this process."""
    import threadpoolctl

    inner = suffers()

    def region() -> object:
        with threadpoolctl.threadpool_limits(1):
            return inner()

    return region


def corner() -> float:
    return float((MATRIX @ MATRIX)[0, 0])
