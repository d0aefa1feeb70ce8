"""The question of keras#2544, asked of the stacks of today: does ``fit`` use the cores, and does ``dot``?

Each test asks for a speed-up of 1.5 by all cores that this machine grants, against one core. It varies cores, not
threads, since no variable keeps JAX to one core: told to use one thread, Keras on JAX kept 1.7 busy. A miss is expected
(xfail): the table of fit_today.py tells what is so, and why. Each stack is an environment of its own, which its first
test builds. One that cannot be had is skipped, and the table says why.
"""

from collections.abc import Callable

import pytest

from pytest_multicore import Comparison, LimitMissed

DOT = ("current", "theano", "torch", "jax", "tensorflow")
FIT = (
    *("theano", "keras-torch", "keras-jax", "keras-tensorflow"),
    *("current", "scikit-learn", "torch", "jax"),
)
BATCHES = (32, 4096)
#: A fifth of the posted 100,000: an epoch takes a fifth of the steps, and each step is the same. It fills both batches.
SAMPLES = 20_480

pytestmark = pytest.mark.xfail(raises=LimitMissed, strict=False, reason="the table says why")


def asked_of(environment: str) -> object:
    """The parameters of one stack: its environment stands in the marker."""
    return pytest.param(
        marks=pytest.mark.multicore(environment=environment, min_speedup=1.5, vary="cores"), id=environment
    )


@pytest.mark.parametrize((), [asked_of(environment) for environment in DOT])
def test_dot(dot_product: Callable[..., Comparison]) -> None:
    dot_product()


@pytest.mark.parametrize("batch_size", BATCHES)
@pytest.mark.parametrize((), [asked_of(environment) for environment in FIT])
def test_fit(keras_fit: Callable[..., Comparison], batch_size: int) -> None:
    keras_fit(batch_size=batch_size, samples=SAMPLES)
