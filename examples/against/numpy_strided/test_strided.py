"""A product of arrays with gaps: NumPy before 2.3 takes one thread and no BLAS for it (numpy/numpy#23588)."""

from typing import Any

import pytest


@pytest.fixture
def gaps() -> Any:
    import numpy

    return numpy.ones((800, 800))[::2, ::2]


@pytest.mark.multicore(threads=2, environment="present", against="numpy==2.4.6")
def test_product(gaps: Any) -> None:
    gaps @ gaps
