"""A product by XLA on the CPU."""

from collections.abc import Callable

import jax
import jax.numpy


def prepare(setting: int | None = None) -> Callable[[], object]:
    matrix = jax.numpy.ones((900, 900))
    product = jax.jit(lambda: matrix @ matrix)
    return lambda: product().block_until_ready()
