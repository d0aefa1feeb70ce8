"""Compiled functions that are known to stay on one thread, each with what threads it: one row a library.

A row is found by the library in which the time is, or by the Python name of the function that the line calls. Each row
names its source: what the project itself says. The rows with a case in tests/causes/ were tried as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: What a caller can do with any function that lets go of the interpreter's lock, and with any other.
PARTS = "give each thread of a ThreadPoolExecutor a part of the data: it lets go of the interpreter's lock"
PARTS_IN_PROCESSES = "give each of several processes a part of the data: it holds the interpreter's lock"


@dataclass(frozen=True, slots=True)
class KnownFunction:
    """One row.

    Attributes:
        library: pattern of the library's path, or of the Python module's; empty: any.
        function: pattern of the Python name, or of the library's function; empty: any.
        what: what it is, for the report.
        remedy: what threads it.
        source: where the project says so.
    """

    library: str
    function: str
    what: str
    remedy: str
    source: str

    def fits(self, library: str, names: str) -> bool:
        """Whether a function is the row's, by its library or the module of its Python name, and by its names."""
        by_library = not self.library or re.search(self.library, f"{library} {names.replace('.', '/')}")
        return bool(by_library and (not self.function or re.search(self.function, names)))

    def advice(self, held: bool) -> str:
        """The remedy, where the function was seen to hold the interpreter's lock or to let go of it."""
        return self.remedy.replace(PARTS, PARTS_IN_PROCESSES) if held else self.remedy


SKLEARN = "scikit-learn's page 'Parallelism', and n_jobs in its glossary"
SEVERAL_FITS = "n_jobs=N of cross_val_score, GridSearchCV, OneVsRestClassifier or MultiOutputRegressor"
SCIPY = "SciPy's page 'Parallel execution support': one thread, unless a function has workers="

KNOWN_FUNCTIONS = (
    KnownFunction(
        r"numpy/.*_multiarray_umath",
        r"sort|partition|unique|median|percentile|quantile",
        "NumPy sorts on one thread, unless it was built with OpenMP",
        f"sort parts and merge them ({PARTS}), or numpy.partition where the order within is of no use",
        "release notes of NumPy 2.3.0",
    ),
    KnownFunction(
        r"numpy/fft",
        "",
        "numpy.fft has no threads",
        "scipy.fft with workers=N, which divides transforms along the other axes; pyfftw with threads=N",
        "numpy/fft/_pocketfft_umath.cpp defines POCKETFFT_NO_MULTITHREADING; pyFFTW's page on PyPI",
    ),
    KnownFunction(
        r"scipy/fft|pypocketfft",
        "",
        "scipy.fft uses one thread unless it is told otherwise",
        "workers=N, or with scipy.fft.set_workers(N); it divides transforms along the other axes",
        "scipy.fft.fft, Notes; scipy.fft.get_workers",
    ),
    KnownFunction(
        r"numpy/random",
        "",
        "NumPy's generators use one thread",
        "a Generator a thread, from SeedSequence.spawn, each filling a part (out=)",
        "NumPy's page 'Multithreaded generation'",
    ),
    KnownFunction(
        r"numpy/.*_multiarray_umath",
        r"searchsorted|bincount|histogram|take|concatenate|repeat|where|astype|copy|correlate",
        "NumPy does this on one thread",
        PARTS,
        "NumPy's sources start no threads, but for sorting; its page 'Thread safety'",
    ),
    KnownFunction(
        r"_ckdtree",
        "",
        "SciPy's k-d tree uses one thread unless it is told otherwise",
        "query(..., workers=-1)",
        "scipy.spatial.cKDTree.query",
    ),
    KnownFunction(r"scipy/ndimage", "", "scipy.ndimage has no threads", PARTS, SCIPY),
    KnownFunction(
        r"scipy/sparse",
        "",
        "scipy.sparse has no threads",
        f"{PARTS}; or a library with threads, like sparse_dot_mkl",
        f"{SCIPY}; sparse_dot_mkl's page on PyPI",
    ),
    KnownFunction(
        r"scipy/spatial/_distance",
        "",
        "scipy.spatial.distance has no threads",
        f"sklearn.metrics.pairwise_distances(n_jobs=N); or {PARTS}",
        f"{SCIPY}; sklearn.metrics.pairwise_distances",
    ),
    KnownFunction(
        r"sklearn/ensemble/_hist_gradient_boosting",
        "",
        "scikit-learn's histogram gradient boosting was left at one thread",
        "OMP_NUM_THREADS=N, and no threadpool_limits(1) around it: it has OpenMP's threads, and no n_jobs",
        "scikit-learn's page 'Parallelism': Lower-level parallelism with OpenMP",
    ),
    KnownFunction(
        r"sklearn/(tree|ensemble)",
        "",
        "scikit-learn grows a tree on one thread",
        "n_jobs=N of a forest or of BaggingClassifier, which grow several at once, and None means 1; for a tree or "
        "GradientBoosting, which have no n_jobs: HistGradientBoosting, which has OpenMP's threads",
        f"{SKLEARN}; the parameters of each class in its reference",
    ),
    KnownFunction(
        r"sklearn/neighbors",
        "",
        "scikit-learn's neighbours are searched on one thread",
        "n_jobs=N of the estimator: None means 1",
        f"{SKLEARN}; the parameters of KNeighborsClassifier",
    ),
    KnownFunction(
        r"sklearn/",
        "",
        "this part of scikit-learn runs on one thread",
        f"several fits at once: {SEVERAL_FITS}; None means 1",
        f"{SKLEARN}; the parameters of each class in its reference",
    ),
    KnownFunction(
        r"tokenizers",
        "",
        "a tokenizer encodes a single text on one thread",
        "encode_batch(texts), which uses all threads unless TOKENIZERS_PARALLELISM=false (RAYON_NUM_THREADS)",
        "tokenizers/src/tokenizer/mod.rs and utils/parallelism.rs; RAYON_NUM_THREADS as measured",
    ),
    KnownFunction(
        "",
        r"^numcodecs\.blosc",
        "numcodecs gives Blosc threads on the main thread only",
        "call it on the main thread, or numcodecs.blosc.use_threads = True where one thread at a time calls it "
        "(BLOSC_NTHREADS sets their number)",
        "_get_use_threads in numcodecs/blosc.pyx; c-blosc's blosc.h",
    ),
    KnownFunction(
        r"blosc",
        "",
        "Blosc was left at one thread",
        "blosc.set_nthreads(N), or BLOSC_NTHREADS=N",
        "c-blosc's blosc.h: one thread where nothing sets it",
    ),
    KnownFunction(
        r"libarrow|pyarrow",
        "",
        "a compute function of Arrow runs on the thread that calls it",
        f"slices of the array ({PARTS}), or a plan that Acero divides (Table.group_by, Dataset.to_table)",
        "arrow/compute/exec.h: set_use_threads 'is not yet used'; use_threads of Table.group_by and Dataset.to_table",
    ),
    KnownFunction(
        r"pandas/_libs",
        "",
        "this part of pandas runs on one thread",
        'engine="numba" with engine_kwargs={"parallel": True}, where a method has it (rolling windows); Polars',
        "pandas' page on Rolling.apply",
    ),
    KnownFunction(
        r"libcrypto|_hashopenssl|_(sha|md5|blake)",
        "",
        "a hash uses one thread",
        f"hash several blocks at a time, each of more than 2,047 bytes, since smaller ones hold the lock; {PARTS}",
        "Python's page on hashlib",
    ),
    KnownFunction(
        r"(^|/)(zlib|_bz2|bz2|_lzma|lzma|libz|liblzma|libbz2|libzstd)|(zlib|bz2|lzma)",
        "",
        "it compresses on one thread",
        f"blocks of their own ({PARTS}); zstandard.ZstdCompressor(threads=N)",
        "python-zstandard's page 'Compression APIs'",
    ),
    KnownFunction(
        r"_json|orjson|msgpack|_pickle",
        "",
        "it reads or writes on one thread",
        "processes, or a reader with threads (pyarrow.json)",
        "orjson's README: the lock is held for the duration of a call; Arrow's page on reading JSON",
    ),
    KnownFunction(
        r"PIL/|_imaging",
        "",
        "Pillow works on an image on one thread",
        f"{PARTS}: images",
        "Pillow's page 'Thread safety'",
    ),
    KnownFunction(
        r"onnxruntime",
        "",
        "ONNX Runtime's session has one thread",
        "SessionOptions.intra_op_num_threads; no thread variable reaches it",
        "ONNX Runtime's page 'Thread management'",
    ),
    KnownFunction(
        r"cv2|opencv",
        "",
        "OpenCV was left at one thread, or this function has none",
        "cv2.setNumThreads(N), or OPENCV_FOR_THREADS_NUM=N",
        "as measured: tests/libraries",
    ),
    KnownFunction(
        r"xgboost|lightgbm",
        "",
        "boosting was left at one thread",
        "n_jobs=N (nthread, num_threads), and OMP_NUM_THREADS no lower than that",
        "OmpGetNumThreads in XGBoost's threading_utils.cc; LightGBM as measured: tests/libraries",
    ),
    KnownFunction(
        r"duckdb",
        "",
        "DuckDB was left at one thread, or the table is small",
        "SET threads = N; each thread needs 122,880 rows, the default size of a row group",
        "DuckDB's page 'Tuning workloads'",
    ),
    KnownFunction(
        r"polars",
        "",
        "Polars was left at one thread, or this step has none",
        "POLARS_MAX_THREADS=N before the import",
        "as measured: tests/libraries",
    ),
    KnownFunction(
        r"libtorch",
        "",
        "PyTorch stays on one thread",
        "torch.set_num_threads(N); elementwise work on fewer than 32,768 elements is not divided: larger batches",
        "at::internal::GRAIN_SIZE in PyTorch's ATen/TensorIterator.h",
    ),
    KnownFunction(
        r"numba",
        "",
        "Numba compiles loops for one thread unless it is told otherwise",
        "@njit(parallel=True) with prange",
        "Numba's page 'Automatic parallelization'; tried in tests/libraries",
    ),
    KnownFunction(
        r"openblas|lapack|mkl_|libblis",
        "",
        "the library did this on one thread: each matrix is small, or this function of LAPACK has no threads",
        f"larger matrices; or {PARTS}",
        "OpenBLAS's interface/lapack: it threads a few factorizations and solvers, the rest is LAPACK's own code",
    ),
)


def known(library: str, names: str) -> KnownFunction | None:
    """The first row that a function fits."""
    return next((row for row in KNOWN_FUNCTIONS if row.fits(library, names)), None)
