"""Every other row and column of a matrix: NumPy's own loop, or a copy on one thread, comes before the product."""

from __future__ import annotations

from collections.abc import Callable

import numpy


def suffers(rows: int = 4000, columns: int = 2000, width: int = 8) -> Callable[[], object]:
    every_other = numpy.random.default_rng(0).random((2 * rows, 2 * columns))[::2, ::2]
    right = numpy.ones((columns, width))
    return lambda: every_other @ right


def healthy(rows: int = 2000, columns: int = 1000, width: int = 512) -> Callable[[], object]:
    """Of a product of few columns the host's memory says how fast it is: of 8, two threads gained 1.2x to 1.8x; of 64,
    beside other guests, nothing.
    """
    every_other = numpy.ascontiguousarray(numpy.random.default_rng(0).random((2 * rows, 2 * columns))[::2, ::2])
    right = numpy.ones((columns, width))
    return lambda: every_other @ right
