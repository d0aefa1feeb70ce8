"""Compiled functions that are known to stay on one thread, each with what threads it: one row a library.

A row is found by the library in which the time is, or by the Python name of the function that the line calls. Sources:
each project's documentation; the rows with a case in tests/causes/ were tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: What a caller can do with any function that lets go of the interpreter's lock.
PARTS = "give each thread of a ThreadPoolExecutor a part of the data: it lets go of the interpreter's lock"


@dataclass(frozen=True, slots=True)
class Known:
    """One row.

    Attributes:
        library: pattern of the library's path, or of the Python module's; empty: any.
        function: pattern of the Python name, or of the library's function; empty: any.
        what: what it is, for the report.
        remedy: what threads it.
    """

    library: str
    function: str
    what: str
    remedy: str

    def fits(self, library: str, names: str) -> bool:
        """Whether a function is the row's, by its library or the module of its Python name, and by its names."""
        by_library = not self.library or re.search(self.library, f"{library} {names.replace('.', '/')}")
        return bool(by_library and (not self.function or re.search(self.function, names)))


KNOWN = (
    Known(
        r"numpy/.*_multiarray_umath",
        r"sort|partition|unique|median|percentile|quantile",
        "NumPy sorts on one thread",
        f"sort parts in threads and merge them ({PARTS}), or numpy.partition where the order within is of no use",
    ),
    Known(
        r"numpy/fft",
        "",
        "numpy.fft has no threads",
        "scipy.fft with workers=N, which divides transforms along the other axes; pyfftw for a single long one",
    ),
    Known(
        r"scipy/fft|pypocketfft",
        "",
        "scipy.fft uses one thread unless it is told otherwise",
        "workers=N, or with scipy.fft.set_workers(N); it divides transforms along the other axes",
    ),
    Known(
        r"numpy/random",
        "",
        "NumPy's generators use one thread",
        "a Generator a thread, from SeedSequence.spawn, each filling a part (out=)",
    ),
    Known(
        r"numpy/.*_multiarray_umath",
        r"searchsorted|bincount|histogram|take|concatenate|repeat|where|astype|copy",
        "NumPy does this on one thread",
        PARTS,
    ),
    Known(r"_ckdtree", "", "SciPy's k-d tree uses one thread unless it is told otherwise", "query(..., workers=-1)"),
    Known(r"scipy/ndimage", "", "scipy.ndimage has no threads", PARTS),
    Known(
        r"scipy/sparse", "", "scipy.sparse has no threads", f"{PARTS}; or a library with threads, like sparse_dot_mkl"
    ),
    Known(
        r"scipy/spatial/_distance",
        "",
        "scipy.spatial.distance has no threads",
        "sklearn.metrics.pairwise_distances(n_jobs=N), or parts of the rows in threads",
    ),
    Known(
        r"sklearn/(tree|ensemble|neighbors|svm|linear_model)",
        "",
        "scikit-learn's estimator fits on one thread",
        "n_jobs=N of the estimator, where it has one (forests, neighbours, cross_val_score); n_jobs=None means 1",
    ),
    Known(r"sklearn/", "", "this part of scikit-learn stays on one thread", "n_jobs=N, where the estimator has one"),
    Known(
        r"tokenizers",
        "",
        "a tokenizer encodes a single text on one thread",
        "encode_batch(texts), which uses all threads unless TOKENIZERS_PARALLELISM=false (RAYON_NUM_THREADS)",
    ),
    Known(
        "",
        r"^numcodecs\.blosc",
        "numcodecs gives Blosc threads on the main thread only",
        "call it on the main thread, or numcodecs.blosc.use_threads = True where one thread at a time calls it "
        "(BLOSC_NTHREADS sets their number)",
    ),
    Known(r"blosc", "", "Blosc was left at one thread", "blosc.set_nthreads(N), or BLOSC_NTHREADS=N"),
    Known(
        r"libarrow|pyarrow",
        "",
        "a compute function of Arrow runs on the thread that calls it",
        f"slices of the array in threads ({PARTS}), or a plan that Acero divides (Table.group_by, Dataset.to_table)",
    ),
    Known(r"pandas/_libs", "", "pandas has no threads", 'engine="numba" with parallel=True where there is one; Polars'),
    Known(
        r"libcrypto|_hashopenssl|_(sha|md5|blake)",
        "",
        "a hash uses one thread",
        f"hash blocks in threads: above 2,047 bytes it lets go of the interpreter's lock ({PARTS})",
    ),
    Known(
        r"(^|/)(zlib|_bz2|bz2|_lzma|lzma|libz|liblzma|libbz2|libzstd)|(zlib|bz2|lzma)",
        "",
        "it compresses on one thread",
        f"blocks in threads ({PARTS}); zstandard with threads=N",
    ),
    Known(
        r"_json|orjson|msgpack|_pickle",
        "",
        "it reads or writes on one thread and holds the interpreter's lock",
        "processes, or fewer and larger files for a reader with threads (pyarrow.json)",
    ),
    Known(r"PIL/|_imaging", "", "Pillow has no threads", f"images in threads: {PARTS}"),
    Known(
        r"onnxruntime",
        "",
        "ONNX Runtime's session has one thread",
        "SessionOptions.intra_op_num_threads; it reads no variable",
    ),
    Known(r"cv2|opencv", "", "OpenCV was left at one thread", "cv2.setNumThreads(N), or OPENCV_FOR_THREADS_NUM=N"),
    Known(r"xgboost|lightgbm", "", "boosting was left at one thread", "n_jobs=N (nthread, num_threads)"),
    Known(r"duckdb", "", "DuckDB was left at one thread", "SET threads = N; small tables are scanned by one thread"),
    Known(
        r"polars", "", "Polars was left at one thread, or this step has none", "POLARS_MAX_THREADS=N before the import"
    ),
    Known(
        r"libtorch",
        "",
        "PyTorch stays on one thread",
        "torch.set_num_threads(N); operations below 32,768 elements are not divided: larger batches",
    ),
    Known(
        r"numba",
        "",
        "Numba compiles loops for one thread unless it is told otherwise",
        "@njit(parallel=True) with prange",
    ),
)


def known(library: str, names: str) -> Known | None:
    """The first row that a function fits."""
    return next((row for row in KNOWN if row.fits(library, names)), None)
