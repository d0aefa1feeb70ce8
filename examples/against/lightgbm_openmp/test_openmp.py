"""OpenMP code after LightGBM trained on one thread: before 4.2 that left one thread to all others, too.

See microsoft/LightGBM#4705.
"""

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCE = """
double waves(long n) {
    double sum = 0;
    #pragma omp parallel for reduction(+:sum)
    for (long i = 0; i < n; i++) sum += __builtin_sin(i) * __builtin_cos(i);
    return sum;
}
"""


@pytest.fixture
def waves(tmp_path: Path) -> Callable[[int], float]:
    import lightgbm
    import numpy

    (tmp_path / "waves.c").write_text(SOURCE)
    command = ["gcc", "-O2", "-fopenmp", "-shared", "-fPIC", "-o", "waves.so", "waves.c", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    function = ctypes.CDLL(str(tmp_path / "waves.so")).waves
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_long]
    x = numpy.random.default_rng(0).normal(size=(1000, 4))
    lightgbm.train({"num_threads": 1, "verbosity": -1}, lightgbm.Dataset(x, x[:, 0]), 2)
    return function


@pytest.mark.multicore(threads=2, environment="present", against="lightgbm==4.2.0")
def test_what_follows_the_training(waves: Callable[[int], float]) -> None:
    waves(1_000_000)
