"""A compiled loop of many small kernels in JAX, slower since its CPU runtime of 0.4.32 by no fault of any thread's.

jax-ml/jax#26145: what a kernel takes to be started is what the time is for, on one thread before and after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

STEPS, LEAVES = 2000, 16


def suffers() -> Callable[[], object]:
    """The gradient through a loop whose steps change some numbers, each by itself."""
    import jax
    import jax.numpy

    wait: Any = jax.block_until_ready

    def step(carry: Any, _: Any) -> Any:
        return [
            jax.numpy.tanh(one + 0.1 * other) for one, other in zip(carry, carry[1:] + carry[:1], strict=True)
        ], None

    def total(start: Any) -> Any:
        return sum(jax.lax.scan(step, start, None, length=STEPS)[0])

    gradient = jax.jit(jax.grad(total))
    start = [jax.numpy.float32(number) for number in range(LEAVES)]
    return lambda: wait(gradient(start))


def healthy() -> Callable[[], object]:
    """One kernel that is worth threads."""
    import jax
    import jax.numpy

    wait: Any = jax.block_until_ready
    matrix = jax.numpy.ones((1500, 1500), dtype=jax.numpy.float32)
    product = jax.jit(lambda matrix: matrix @ matrix)
    return lambda: wait(product(matrix))
