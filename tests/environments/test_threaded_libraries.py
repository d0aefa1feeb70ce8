"""The table of the libraries that start threads, against paths of running programs."""

from __future__ import annotations

import pytest

from pytest_multicore.environments.threaded_libraries import LIBRARIES, libraries_in

#: Read from /proc/PID/maps of programs that used them on CPython 3.11, below site-packages where not absolute.
MAPPED = {
    "OpenBLAS": "numpy.libs/libscipy_openblas64_-ff651d7f.so",
    "MKL": "/env/lib/libmkl_rt.so.3",
    "BLIS": "/usr/lib/x86_64-linux-gnu/blis-pthread/libblas.so.3",
    "OpenMP": "scikit_learn.libs/libgomp-e985bcbb.so.1.0.0",
    "TBB": "/env/lib/libtbb.so.12.20",
    "PyTorch": "torch/lib/libtorch_cpu.so",
    "TensorFlow": "tensorflow/libtensorflow_framework.so.2",
    "XLA": "jaxlib/libjax_common.so",
    "Numba": "numba/np/ufunc/omppool.cpython-311-x86_64-linux-gnu.so",
    "NumExpr": "numexpr/interpreter.cpython-311-x86_64-linux-gnu.so",
    "Polars": "_polars_runtime_32/_polars_runtime.abi3.so",
    "tokenizers": "tokenizers/tokenizers.abi3.so",
    "Arrow": "pyarrow/libarrow.so.2600",
    "DuckDB": "_duckdb.cpython-311-x86_64-linux-gnu.so",
    "ONNX Runtime": "onnxruntime/capi/onnxruntime_pybind11_state.cpython-311-x86_64-linux-gnu.so",
    "OpenCV": "cv2/cv2.abi3.so",
    "LightGBM": "lightgbm/lib/lib_lightgbm.so",
    "XGBoost": "xgboost/lib/libxgboost.so",
    "scikit-learn": "sklearn/utils/_openmp_helpers.cpython-311-x86_64-linux-gnu.so",
    "Blosc": "blosc/blosc_extension.cpython-311-x86_64-linux-gnu.so",
    "Blosc2": "blosc2/blosc2_ext.abi3.so",
}


@pytest.mark.parametrize("name", MAPPED)
def test_a_library_is_told_by_its_file_and_no_other_is(name: str) -> None:
    assert [one.name for one in libraries_in([f"/site-packages/{MAPPED[name]}".replace("//", "/")])] == [name]


def test_each_library_with_a_file_is_held_against_one() -> None:
    assert set(MAPPED) == {one.name for one in LIBRARIES if one.files}


def test_files_that_hold_no_pool_tell_of_none() -> None:
    mapped = ["/usr/lib/libblas/libblas.so.3", "numpy/_core/_multiarray_umath.so", "numba/_helperlib.so"]
    assert libraries_in(mapped) == []


def test_what_no_variable_sizes_is_held_by_cores() -> None:
    by_cores = {one.name for one in LIBRARIES if one.vary == "cores"}
    assert by_cores == {"TBB", "DuckDB", "ONNX Runtime"}
