"""A loop over tiny matrices: with jaxlib 0.4.33 it takes longer than with 0.4.31, on one thread as on two.

See jax-ml/jax#26145 and jax-ml/jax#36799.
"""

from collections.abc import Callable

import pytest


@pytest.fixture
def loop() -> Callable[[], None]:
    import jax

    jax.config.update("jax_enable_x64", True)
    step = jax.numpy.eye(3) * 0.999

    @jax.jit
    def scan(state: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda carry, _: (step @ carry @ step, None), state, length=2000)[0]

    return lambda: scan(jax.numpy.ones((3, 3))).block_until_ready()


@pytest.mark.multicore(threads=2, environment="present", against="jax==0.4.31")
def test_scan(loop: Callable[[], None]) -> None:
    loop()
