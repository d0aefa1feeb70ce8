"""A loop over tiny matrices: jaxlib 0.4.33 takes many times as long as 0.4.31, on one thread as on two
(jax-ml/jax#26145, jax-ml/jax#36799)."""

import jax
import pytest

jax.config.update("jax_enable_x64", True)
STEP = jax.numpy.eye(3) * 0.999


@jax.jit
def loop(state: jax.Array) -> jax.Array:
    return jax.lax.scan(lambda carry, _: (STEP @ carry @ STEP, None), state, length=2000)[0]


@pytest.mark.multicore(threads=2, environment="present", against="jax==0.4.31")
def test_scan() -> None:
    loop(jax.numpy.ones((3, 3))).block_until_ready()
