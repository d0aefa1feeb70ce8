"""Loops of OpenMP after the import of a package that set how its threads wait, or how many there are."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import openmp


def spinning(steps: int) -> Callable[[], object]:
    """The other thread spins through the loop of Python that follows each of OpenMP's."""
    importlib.import_module("setting_packages.spinning")
    waves = openmp.loops().waves

    def region() -> None:
        for _ in range(4):
            waves(steps)
            sum(range(100_000))

    return region


def sleeping() -> Callable[[], object]:
    importlib.import_module("setting_packages.sleeping")
    return short_regions()


def short_regions() -> Callable[[], object]:
    """Each takes 22 us with two threads that spin in between, 47 us with two that have to be woken."""
    return regions(steps=5_000, count=400)


def dynamic() -> Callable[[], object]:
    importlib.import_module("setting_packages.dynamic")
    return long_regions()


def long_regions() -> Callable[[], object]:
    return regions(steps=1_000_000, count=2)


def regions(steps: int, count: int) -> Callable[[], object]:
    waves = openmp.loops().waves

    def region() -> None:
        for _ in range(count):
            waves(steps)

    return region
