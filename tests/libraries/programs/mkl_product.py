"""A product by the MKL of PyPI, called as Fortran code calls it."""

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy

SIZE = 900


def prepare(setting: int | None = None) -> Callable[[], object]:
    (library,) = Path(sys.prefix, "lib").glob("libmkl_rt.so.?")
    mkl = ctypes.CDLL(os.fspath(library))
    if setting:
        mkl.MKL_Set_Num_Threads(setting)
    a, b, c = (numpy.ones((SIZE, SIZE)) for _ in range(3))
    pointers = [ctypes.c_void_p(matrix.ctypes.data) for matrix in (a, b, c)]
    plain, size = ctypes.c_char_p(b"N"), ctypes.byref(ctypes.c_int64(SIZE))
    one, none = ctypes.byref(ctypes.c_double(1.0)), ctypes.byref(ctypes.c_double(0.0))
    product = (plain, plain, size, size, size, one, pointers[0], size, pointers[1], size, none, pointers[2], size)
    return lambda: (mkl.dgemm_(*product), a, b, c)
