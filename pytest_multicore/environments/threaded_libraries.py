"""The libraries that start threads: what sizes their pools, and by what a pool is recognised from outside.

Few libraries name their threads: a thread that gets no name has the name of the one that started it. What tells pools
is the file that a program has mapped. Files were read from running programs on Linux; the variables are the libraries'
own, and tests/libraries has a case for each that is set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class ThreadedLibrary:
    """One library with threads of its own.

    Attributes:
        name: as reports write it.
        variables: what sizes its pool, strongest first; empty: no variable does.
        setting: the library's own knob, in the words of a program. It can lower what a variable gives; most can raise
            it, too.
        files: a pattern for the path of a mapped file that holds the pool; empty: it has none of its own.
    """

    name: str
    variables: tuple[str, ...]
    setting: str
    files: str = ""

    @property
    def vary(self) -> str:
        """The axis on which a test can hold it: ``"threads"``, or ``"cores"`` where no variable sizes its pool."""
        return "threads" if self.variables else "cores"


OPENMP = ("OMP_NUM_THREADS",)
OPENBLAS = ("OPENBLAS_NUM_THREADS", "OPENBLAS_DEFAULT_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
MKL = ("MKL_DOMAIN_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
BLIS = ("BLIS_JC_NT", "BLIS_IC_NT", "BLIS_JR_NT", "BLIS_IR_NT", "BLIS_NUM_THREADS", "OMP_NUM_THREADS")

LIBRARIES: tuple[ThreadedLibrary, ...] = (
    ThreadedLibrary("OpenBLAS", OPENBLAS, "threadpool_limits(N)", files=r"openblas[^/]*\.so"),
    ThreadedLibrary("MKL", MKL, "MKL_Set_Num_Threads(N), threadpool_limits(N)", files=r"libmkl_[^/]*\.so"),
    ThreadedLibrary("BLIS", BLIS, "bli_thread_set_num_threads(N)", files=r"libblis[^/]*\.so|blis-[^/]*/libblas\.so"),
    ThreadedLibrary("OpenMP", OPENMP, "threadpool_limits(N)", files=r"lib(gomp|iomp5|omp)\b[^/]*\.so"),
    ThreadedLibrary("TBB", (), "tbb::global_control(max_allowed_parallelism, N)", files=r"libtbb\.so|libtbb-[^/]*\.so"),
    ThreadedLibrary(
        "PyTorch", ("MKL_NUM_THREADS", "OMP_NUM_THREADS"), "torch.set_num_threads(N)", files=r"libtorch_cpu[^/]*\.so"
    ),
    ThreadedLibrary(
        "TensorFlow",
        ("TF_NUM_INTRAOP_THREADS",),
        "tensorflow.config.threading.set_intra_op_parallelism_threads(N)",
        files=r"libtensorflow_(framework|cc)\.so",
    ),
    ThreadedLibrary("XLA", ("PJRT_NPROC", "NPROC"), "", files=r"jaxlib/(libjax_common|xla_extension)\.so"),
    ThreadedLibrary(
        "Numba",
        ("NUMBA_NUM_THREADS",),
        "numba.set_num_threads(N)",
        files=r"numba/np/ufunc/(omppool|tbbpool|workqueue)\.",
    ),
    ThreadedLibrary(
        "NumExpr",
        ("NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS"),
        "numexpr.set_num_threads(N)",
        files=r"numexpr/interpreter\.",
    ),
    ThreadedLibrary("Polars", ("POLARS_MAX_THREADS",), "", files=r"polars[^/]*\.abi3\.so"),
    ThreadedLibrary("tokenizers", ("RAYON_NUM_THREADS",), "", files=r"tokenizers[^/]*\.so"),
    ThreadedLibrary("Arrow", OPENMP, "pyarrow.set_cpu_count(N)", files=r"libarrow(_compute|_acero)?\.so"),
    ThreadedLibrary("DuckDB", (), "SET threads = N", files=r"_?duckdb[^/]*\.so"),
    ThreadedLibrary(
        "ONNX Runtime",
        (),
        "SessionOptions().intra_op_num_threads = N",
        files=r"onnxruntime_pybind11_state|libonnxruntime\.so",
    ),
    ThreadedLibrary("OpenCV", ("OPENCV_FOR_THREADS_NUM",), "cv2.setNumThreads(N)", files=r"cv2[^/]*\.so"),
    ThreadedLibrary("LightGBM", OPENMP, "num_threads=N", files=r"lib_lightgbm[^/]*\.so"),
    ThreadedLibrary("XGBoost", OPENMP, "nthread=N", files=r"libxgboost[^/]*\.so"),
    ThreadedLibrary("scikit-learn", OPENMP, "threadpool_limits(N)", files=r"sklearn/utils/_openmp_helpers\."),
    ThreadedLibrary("CPython", ("PYTHON_CPU_COUNT",), "max_workers=N"),
    ThreadedLibrary("joblib", ("LOKY_MAX_CPU_COUNT",), "n_jobs=N"),
    ThreadedLibrary(
        "Blosc", ("BLOSC_NTHREADS",), "blosc.set_nthreads(N)", files=r"(blosc_extension|numcodecs/blosc)\."
    ),
    ThreadedLibrary("Blosc2", ("BLOSC_NTHREADS",), "blosc2.set_nthreads(N)", files=r"libblosc2[^/]*\.so|blosc2_ext\."),
)
"""The libraries, a runtime before those that use it."""

#: OpenBLAS reads OPENBLAS_DEFAULT_NUM_THREADS since this version (OpenMathLib/OpenBLAS#3773).
DEFAULT_READ_SINCE = (0, 3, 22)


def variables_read(kind: str, layer: str | None = None, version: str | None = None) -> tuple[str, ...]:
    """What a mapped library reads, strongest first, as the agent describes it (agent/dialogue/libraries.py).

    Args:
        kind: "openblas", "mkl", "blis", "openmp"; others read nothing.
        layer: OpenBLAS built for OpenMP leaves all to that.
        version: an unknown one counts as the newest.
    """
    if kind != "openblas":
        return {"mkl": MKL, "blis": BLIS, "openmp": OPENMP}.get(kind, ())
    if layer == "openmp":
        return OPENMP
    numbers = tuple(int(number) for number in re.findall(r"\d+", version or "")[:3])
    is_older = bool(numbers) and numbers < DEFAULT_READ_SINCE
    return tuple(name for name in OPENBLAS if not (is_older and name == "OPENBLAS_DEFAULT_NUM_THREADS"))


def libraries_in(paths: Iterable[str]) -> list[ThreadedLibrary]:
    """The libraries whose files are among those that a program has mapped, in the table's order."""
    mapped = list(paths)
    return [one for one in LIBRARIES if one.files and any(map(_compiled(one.files).search, mapped))]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
