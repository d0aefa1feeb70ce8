"""The variables that set N threads, which numeric libraries read when they are loaded.

Sources: the libraries' own documentation and source; tests/libraries measures them. The values are plain integers:
Theano fails on ``OMP_NUM_THREADS=4,2``, and libgomp refuses 0.
"""

from __future__ import annotations

from pytest_multicore.errors import UsageError

THREAD_VARIABLES: tuple[str, ...] = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "PJRT_NPROC",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "BLOSC_NTHREADS",
    "OPENCV_FOR_THREADS_NUM",
    # Counts of cores, by which programs size pools of their own: n_jobs=-1, and os.cpu_count() from Python 3.13 on.
    "LOKY_MAX_CPU_COUNT",
    "PYTHON_CPU_COUNT",
)
"""Every variable that is set to N when N threads are asked for. Nothing else is set, and none is removed."""

SUSPECT_VARIABLES: tuple[str, ...] = (
    # OpenMP, whichever runtime
    "OMP_DYNAMIC",
    "OMP_THREAD_LIMIT",
    "OMP_PROC_BIND",
    "OMP_PLACES",
    "OMP_WAIT_POLICY",
    "OMP_NESTED",
    "OMP_MAX_ACTIVE_LEVELS",
    "OMP_SCHEDULE",
    "GOMP_CPU_AFFINITY",
    "GOMP_SPINCOUNT",
    "KMP_AFFINITY",
    "KMP_BLOCKTIME",
    "KMP_DUPLICATE_LIB_OK",
    "KMP_HW_SUBSET",
    # BLAS
    "OPENBLAS_DEFAULT_NUM_THREADS",
    "OPENBLAS_THREAD_TIMEOUT",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_MAIN_FREE",
    "MKL_DOMAIN_NUM_THREADS",
    "MKL_DYNAMIC",
    "MKL_THREADING_LAYER",
    "MKL_INTERFACE_LAYER",
    "BLIS_JC_NT",
    "BLIS_IC_NT",
    "BLIS_JR_NT",
    "BLIS_IR_NT",
    # frameworks
    "THEANO_FLAGS",
    "PYTENSOR_FLAGS",
    "KERAS_BACKEND",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",
    "NUMBA_THREADING_LAYER",
    "TOKENIZERS_PARALLELISM",
    "ARROW_IO_THREADS",
    # which library is loaded at all, and the interpreter's own
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "LD_PRELOAD",
    "PYTHON_GIL",
)
"""Left as the user has them: a limit that CI exports is measured, not hidden."""

REPORTED_VARIABLES: tuple[str, ...] = THREAD_VARIABLES + SUSPECT_VARIABLES
"""The only variables whose values a report may print: others may be secrets."""


def for_threads(threads: int | None) -> dict[str, str]:
    """Return the variables that set a number of threads.

    Args:
        threads: at least 1; None: none is set, the child inherits the user's.

    Raises:
        UsageError: fewer than 1, or not a whole number.
    """
    if threads is None:
        return {}
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise UsageError(
            f"threads: found {threads!r}, expected a whole number of at least 1, or 'inherit' to set no thread variable"
        )
    return dict.fromkeys(THREAD_VARIABLES, str(threads))
