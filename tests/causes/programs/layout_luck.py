"""A program that is fast in some processes and slow in others, by an address: layouts do so, if not always as much."""

from __future__ import annotations

from collections.abc import Callable

import numpy


def luck() -> Callable[[], object]:
    """Twice the work where a block of the heap lies in every second piece of 256 bytes."""
    block, numbers = numpy.ones(2000), numpy.ones(400_000)
    times = 12 if block.ctypes.data >> 8 & 1 else 6

    def region() -> None:
        for _ in range(times):
            numpy.sin(numbers)

    return region
