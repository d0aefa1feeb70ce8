"""Products on the OpenBLAS of NumPy's wheel."""

from collections.abc import Callable

import numpy


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        from threadpoolctl import threadpool_limits

        threadpool_limits(setting)
    matrix = numpy.ones((900, 900))
    return lambda: matrix @ matrix
