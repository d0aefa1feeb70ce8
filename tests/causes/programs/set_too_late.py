"""A program that sets its threads after NumPy has loaded its BLAS."""

from __future__ import annotations

import os
from collections.abc import Callable


def suffers() -> Callable[[], object]:
    import numpy

    os.environ["OPENBLAS_NUM_THREADS"] = "2"
    matrix = numpy.random.default_rng(0).random((1000, 1000))
    return lambda: matrix @ matrix


def healthy() -> Callable[[], object]:
    os.environ["OPENBLAS_NUM_THREADS"] = "2"
    import numpy

    matrix = numpy.random.default_rng(0).random((1000, 1000))
    return lambda: matrix @ matrix
