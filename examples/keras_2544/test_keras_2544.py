"""keras-team/keras#2544 as a test suite: "Multicore working in BLAS, but not in Keras or Theano". Why?

The post's two experiments, with as many threads as this machine has cores against one thread: a product of two
2000 x 2000 matrices, and one epoch of ``fit`` of Dense(100 -> 20) -> Dense(20 -> 1) on 100,000 samples. First on
NumPy in this very interpreter, which needs nothing; then on Theano 1.0.5 and Keras 2.3.1 in an environment of their
own, which the first test builds (it takes Python 3.8 or 3.9; without it those tests are skipped and say so).
"""

import pytest

from pytest_multicore import LimitMissed

stays_on_one_core = pytest.mark.xfail(raises=LimitMissed, strict=True, reason="keras#2544: fit stays on one core")


@pytest.mark.multicore(min_speedup=1.5)
def test_dot_uses_the_cores(dot_product):
    dot_product()


@stays_on_one_core
@pytest.mark.multicore(min_speedup=1.5)
def test_fit_uses_the_cores(keras_fit):
    keras_fit(batch_size=32)


@pytest.mark.multicore(environment="theano", min_speedup=1.5)
def test_dot_uses_the_cores_on_theano(dot_product):
    dot_product()


@stays_on_one_core
@pytest.mark.multicore(environment="theano", min_speedup=1.5)
def test_fit_uses_the_cores_on_theano(keras_fit):
    keras_fit(batch_size=32)


@pytest.mark.multicore(environment="theano", min_cores=1.5, max_speedup=1.5)
def test_fit_with_a_large_batch_is_busy_and_not_fast_on_theano(keras_fit):
    """Busy is not fast: more than one core works, and the epoch takes about as long as on one thread."""
    keras_fit(batch_size=4096)
