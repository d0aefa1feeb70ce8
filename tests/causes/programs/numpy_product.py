"""A product of 1000 x 1000 by the BLAS that NumPy carries: healthy unless the world is against it."""

from __future__ import annotations

from collections.abc import Callable

import numpy


def product(size: int = 1000) -> Callable[[], object]:
    matrix = numpy.random.default_rng(0).random((size, size))
    return lambda: matrix @ matrix
