"""Small parallel steps between longer ones of Python: the other thread spins from one to the next."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import openmp


def suffers() -> Callable[[], object]:
    return products(size=128)


def healthy() -> Callable[[], object]:
    return products(size=1000)


def products(size: int, steps: int = 100_000) -> Callable[[], object]:
    matrix = numpy.random.default_rng(0).random((size, size))

    def region() -> None:
        for _ in range(4):
            matrix @ matrix
            sum(range(steps))

    return region


def openmp_suffers() -> Callable[[], object]:
    return loops(steps=5_000)


def openmp_healthy() -> Callable[[], object]:
    return loops(steps=5_000_000)


def loops(steps: int, serial: int = 100_000) -> Callable[[], object]:
    """The same by OpenMP; how long its threads spin is OMP_WAIT_POLICY's to say."""
    waves = openmp.loops().waves

    def region() -> None:
        for _ in range(4):
            waves(steps)
            sum(range(serial))

    return region


def no_setting_reaches(steps: int) -> Callable[[], object]:
    """A pool of two whatever is asked for, which spins through the loop of Python after it."""
    waves = openmp.loops().waves_on_two

    def region() -> None:
        for _ in range(4):
            waves(steps)
            sum(range(100_000))

    return region


def tiny_regions() -> Callable[[], object]:
    """Regions one after the other, each too short to be worth a second thread: boosting on few rows, for one."""
    waves = openmp.loops().waves

    def region() -> None:
        for _ in range(5_000):
            waves(20)

    return region
