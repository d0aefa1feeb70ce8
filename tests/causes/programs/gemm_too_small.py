"""Products of 50 x 50: each is too small for OpenBLAS to split."""

from __future__ import annotations

from collections.abc import Callable

import numpy


def suffers() -> Callable[[], object]:
    return products(50)


def healthy() -> Callable[[], object]:
    return products(1000)


def products(size: int) -> Callable[[], object]:
    matrix = numpy.random.default_rng(0).random((size, size))
    out = numpy.empty_like(matrix)

    def region() -> None:
        for _ in range(max(1, 200 // size) ** 3):
            numpy.matmul(matrix, matrix, out=out)

    return region
