"""A stack of small matrices times one matrix: NumPy asks its BLAS for each product by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy


def suffers() -> Callable[[], object]:
    stack, shared = operands()
    return lambda: stack @ shared


def healthy() -> Callable[[], object]:
    stack, shared = operands()
    rows = stack.reshape(-1, stack.shape[-1])
    return lambda: (rows @ shared).reshape(stack.shape)


def operands() -> tuple[numpy.ndarray, numpy.ndarray]:
    random = numpy.random.default_rng(0)
    return random.random((1000, 48, 48)), random.random((48, 48))


def einsum(optimize: bool) -> Callable[[], object]:
    """The same by einsum, which loops by itself unless it may look for a product in it."""
    stack, shared = operands()
    return lambda: numpy.einsum("bij,jk->bik", stack, shared, optimize=optimize)
