"""A parallel loop that Numba compiles."""

from collections.abc import Callable

import numba
import numpy


@numba.njit(parallel=True, fastmath=True)
def total(values: numpy.ndarray) -> float:
    sums = numpy.zeros(values.shape[0])
    for row in numba.prange(values.shape[0]):
        for column in range(values.shape[1]):
            sums[row] += numpy.sin(values[row, column])
    return float(sums.sum())


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        numba.set_num_threads(setting)
    values = numpy.ones((400, 10_000))
    return lambda: total(values)
