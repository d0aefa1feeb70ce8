"""A product by the libblas.so.3 that the loader finds, called as Fortran code calls it."""

import ctypes
from collections.abc import Callable

import numpy

SIZE = 900


def prepare(setting: int | None = None) -> Callable[[], object]:
    blas = ctypes.CDLL("libblas.so.3")
    a, b, c = (numpy.ones((SIZE, SIZE)) for _ in range(3))
    pointers = [ctypes.c_void_p(matrix.ctypes.data) for matrix in (a, b, c)]
    plain, size = ctypes.c_char_p(b"N"), ctypes.byref(ctypes.c_int(SIZE))
    one, none = ctypes.byref(ctypes.c_double(1.0)), ctypes.byref(ctypes.c_double(0.0))
    product = (plain, plain, size, size, size, one, pointers[0], size, pointers[1], size, none, pointers[2], size)
    return lambda: (blas.dgemm_(*product), a, b, c)
