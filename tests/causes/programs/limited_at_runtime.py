"""A product within a block that limits the BLAS to one thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import threadpoolctl

MATRIX = numpy.random.default_rng(0).random((1000, 1000))


def suffers() -> Callable[[], object]:
    def region() -> None:
        with threadpoolctl.threadpool_limits(1):
            MATRIX @ MATRIX

    return region


def healthy() -> Callable[[], object]:
    def region() -> None:
        MATRIX @ MATRIX

    return region
