"""A product of arrays with gaps: NumPy before 2.3 does it on one thread, without BLAS (numpy/numpy#23588)."""

import numpy
import pytest


@pytest.mark.multicore(threads=2, environment="present", against="numpy==2.4.6")
def test_product_of_every_second_row_and_column() -> None:
    gaps = numpy.ones((800, 800))[::2, ::2]
    gaps @ gaps
