"""A product of whole numbers: no BLAS has one, so NumPy's own loop takes it, on one thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy


def suffers() -> Callable[[], object]:
    return product("int64", 250)


def healthy() -> Callable[[], object]:
    return product("float64", 1000)


def product(dtype: str, size: int) -> Callable[[], object]:
    matrix = numpy.random.default_rng(0).integers(0, 100, (size, size)).astype(dtype)
    return lambda: matrix @ matrix
