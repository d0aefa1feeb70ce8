"""Loops of OpenMP (libgomp) in C, compiled when asked for: what OpenMP's variables govern, whatever NumPy carries."""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile


def loops() -> ctypes.CDLL:
    """Compile and load openmp_loop.c."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "openmp_loop.c")
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "openmp_loop.so")
        subprocess.run(["cc", "-O2", "-fopenmp", "-shared", "-fPIC", "-o", library, source, "-lm"], check=True)
        loaded = ctypes.CDLL(library)
    for function in (
        *(loaded.waves, loaded.waves_inside, loaded.waves_on_two),
        *(loaded.triangle, loaded.triangle_from_the_longest),
    ):
        function.argtypes, function.restype = [ctypes.c_long], ctypes.c_double
    return loaded
