"""What the run of its own brings along is not taken for the program's."""

from __future__ import annotations

import shutil
import sys

import pytest

from pytest_multicore.experiment import observe
from pytest_multicore.interpreters import blas_recorder


@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("cc"), reason="calls are recorded on Linux, with a compiler"
)
def test_the_recorder_of_calls_is_no_blas_of_the_programs() -> None:
    """It has a BLAS's symbols, and so it was found among the libraries as a reference BLAS."""
    recorder = {"kind": "reference", "path": str(blas_recorder.compile_recorder())}
    carried = {"kind": "openblas", "path": "/numpy.libs/libscipy_openblas64_.so"}

    assert observe._without_recorder({"gil": True, "libraries": [recorder, carried]}) == {
        "gil": True,
        "libraries": [carried],
    }
