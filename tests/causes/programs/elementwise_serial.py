"""Exponentials of a large array: NumPy's ufuncs stay on the thread that calls them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))


def suffers() -> Callable[[], object]:
    values = numpy.random.default_rng(0).random(2_000_000)
    out = numpy.empty_like(values)
    return lambda: numpy.exp(values, out=out)


def healthy() -> Callable[[], object]:
    """The same, a part for each thread."""
    values = numpy.random.default_rng(0).random(2_000_000)
    parts = numpy.array_split(values, THREADS)
    outs = numpy.array_split(numpy.empty_like(values), THREADS)
    pool = ThreadPoolExecutor(THREADS)
    return lambda: list(pool.map(numpy.exp, parts, outs))


def of_an_item() -> Callable[[], object]:
    """The same on an operand that no name stands for."""
    table = {"values": numpy.random.default_rng(0).random(2_000_000)}
    return lambda: numpy.exp(table["values"])


def of_a_call() -> Callable[[], object]:
    """The same on an operand that nobody can know before the call."""
    values = numpy.random.default_rng(0).random(2_000_000)
    return lambda: numpy.exp(values.view(numpy.ndarray))
