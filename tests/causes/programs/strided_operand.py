"""Every other row and column of a matrix: NumPy's own loop, or a copy on one thread, comes before the product."""

from __future__ import annotations

from collections.abc import Callable

import numpy


def suffers(rows: int = 4000, columns: int = 2000) -> Callable[[], object]:
    every_other = numpy.random.default_rng(0).random((2 * rows, 2 * columns))[::2, ::2]
    right = numpy.ones((columns, 8))
    return lambda: every_other @ right


def healthy(rows: int = 4000, columns: int = 2000) -> Callable[[], object]:
    every_other = numpy.ascontiguousarray(numpy.random.default_rng(0).random((2 * rows, 2 * columns))[::2, ::2])
    right = numpy.ones((columns, 8))
    return lambda: every_other @ right
