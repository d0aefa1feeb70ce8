"""A product by whatever BLAS the loader finds as libblas.so.3, through ctypes: NumPy carries its own.

Debian's alternatives choose it, or LD_LIBRARY_PATH. The reference BLAS has no threads.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy


def product(size: int = 400) -> Callable[[], object]:
    """Fortran's dgemm: every argument by address, matrices by columns."""
    gemm = ctypes.CDLL("libblas.so.3").dgemm_
    matrix = numpy.random.default_rng(0).random((size, size))
    out = numpy.empty_like(matrix)
    plain, side, one, nought = ctypes.c_char(b"N"), ctypes.c_int(size), ctypes.c_double(1.0), ctypes.c_double(0.0)
    sizes = [ctypes.byref(side)] * 3
    factor = (matrix.ctypes.data_as(ctypes.c_void_p), ctypes.byref(side))  # data_as keeps the array alive
    result = (out.ctypes.data_as(ctypes.c_void_p), ctypes.byref(side))
    as_it_is = [ctypes.byref(plain)] * 2
    return lambda: gemm(*as_it_is, *sizes, ctypes.byref(one), *factor, *factor, ctypes.byref(nought), *result)
