"""What is claimed of each library, and how each claim is tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.threaded_libraries import LIBRARIES, ThreadedLibrary

PROGRAMS = Path(__file__).with_name("programs")


@dataclass(frozen=True, slots=True)
class Case:
    """One library, or one build of it, with a program that uses its pool.

    Attributes:
        name: of the case, in the record and in the reference.
        library: its name in threaded_libraries.LIBRARIES.
        program: its file in programs/, without suffix.
        requires: what its environment holds; the first is the library.
        variables: what sizes its pool, strongest first, where that differs from the library's entry.
        blas: see Environment.
        python: the interpreter's version.
        at_rest: cores that it keeps busy where nothing is set.
        setting: "both" where the library's own knob wins over the variables, "down" where it may only lower them, ""
            where the program has none.
        values: by variable, what its value looks like in place of the plain number.
        env: variables of the environment, under each claim.
        caps: variables that it takes no more threads than.
        pins: whether it pins its threads to CPUs beyond those that it was given, unless its own setting is used.
    """

    name: str
    library: str
    program: str
    requires: tuple[str, ...]
    variables: tuple[str, ...] | None = None
    blas: str | None = None
    python: str = "3.11"
    at_rest: int = 2
    setting: str = "both"
    values: dict[str, str] = field(default_factory=dict, hash=False)
    env: dict[str, str] = field(default_factory=dict, hash=False)
    caps: tuple[str, ...] = ()
    pins: bool = False

    @property
    def entry(self) -> ThreadedLibrary:
        return next(one for one in LIBRARIES if one.name == self.library)

    @property
    def order(self) -> tuple[str, ...]:
        """Its variables, strongest first."""
        return self.entry.variables if self.variables is None else self.variables

    @property
    def environment(self) -> Environment:
        return Environment(self.name, python=(self.python,), requires=self.requires, blas=self.blas, env=self.env)

    def claims(self) -> dict[str, Claim]:
        """All that is claimed of it, by what is claimed."""
        return dict(_claims(self))


@dataclass(frozen=True, slots=True)
class Claim:
    """How many cores are busy under some settings.

    Attributes:
        cores: 1 or 2.
        threads: what the plugin is told; None: it sets no variable.
        env: variables on top.
        setting: the number that the library's own knob is given; None: it is left alone.
        one_cpu: whether the process may run on one CPU only.
    """

    cores: int
    threads: int | None = None
    env: dict[str, str] = field(default_factory=dict)
    setting: int | None = None
    one_cpu: bool = False


def _claims(case: Case) -> Iterator[tuple[str, Claim]]:
    order = case.order
    yield "nothing set", Claim(case.at_rest)
    if order:
        yield "threads=1", Claim(1, threads=1)
        yield "threads=2", Claim(2, threads=2)
    else:
        yield "threads=1 changes nothing", Claim(2, threads=1)
        if case.pins:
            yield "one CPU is left", Claim(2, one_cpu=True)
        yield "one CPU", Claim(1, one_cpu=True, setting=2 if case.pins else None)
    for name in case.caps:
        yield f"{name}=1 as a cap", Claim(1, env=_values(case, **{name: 1}))
    for name in order:
        yield f"{name}=1 alone", Claim(1, env=_values(case, **{name: 1}))
        yield f"{name}=2 alone", Claim(2, env=_values(case, **{name: 2}))
    for strong, weak in pairwise(order):
        yield f"{strong}=1 over {weak}=2", Claim(1, env=_values(case, **{strong: 1, weak: 2}))
        yield f"{strong}=2 over {weak}=1", Claim(2, env=_values(case, **{strong: 2, weak: 1}))
    if case.setting:
        yield "its own setting of 1", Claim(1, threads=2, setting=1)
    if case.setting == "both":
        yield "its own setting of 2", Claim(2, threads=1, setting=2)


def _values(case: Case, **counts: int) -> dict[str, str]:
    return {name: case.values.get(name, "{}").format(count) for name, count in counts.items()}


NUMPY = "numpy==2.4.6"
SCIKIT_LEARN = ("scikit-learn==1.9.1", "joblib==1.6.0", NUMPY, "scipy==1.17.1")
LIGHTGBM = ("lightgbm==4.7.0", *SCIKIT_LEARN)
ON_TBB = {"MKL_THREADING_LAYER": "TBB"}

CASES: tuple[Case, ...] = (
    Case("OpenBLAS of NumPy's wheel", "OpenBLAS", "numpy_openblas", (NUMPY, "threadpoolctl==3.8.0")),
    Case(
        "OpenBLAS of Debian, pthreads",
        "OpenBLAS",
        "system_blas",
        (NUMPY,),
        # OPENBLAS_DEFAULT_NUM_THREADS came with 0.3.22, and Debian 12 has 0.3.21.
        variables=("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"),
        blas="openblas-pthread",
        setting="",
    ),
    Case(
        "OpenBLAS of Debian, OpenMP",
        "OpenBLAS",
        "system_blas",
        (NUMPY,),
        variables=("OMP_NUM_THREADS",),
        blas="openblas-openmp",
        setting="",
    ),
    Case(
        "BLIS of Debian",
        "BLIS",
        "system_blas",
        (NUMPY,),
        variables=("BLIS_JC_NT", "BLIS_NUM_THREADS", "OMP_NUM_THREADS"),
        blas="blis",
        at_rest=1,
        setting="",
    ),
    Case(
        "MKL", "MKL", "mkl_product", ("mkl==2026.2.0", NUMPY), values={"MKL_DOMAIN_NUM_THREADS": "MKL_DOMAIN_BLAS={}"}
    ),
    Case("libgomp, by scikit-learn", "scikit-learn", "scikit_learn", SCIKIT_LEARN),
    Case("MKL on TBB", "TBB", "mkl_product", ("mkl==2026.2.0", NUMPY), blas="mkl", setting="", env=ON_TBB),
    Case("PyTorch", "PyTorch", "torch_product", ("torch==2.15.0", NUMPY), python="3.13"),
    Case("PyTorch 1", "PyTorch", "torch_product", ("torch==1.12.1", "numpy==1.26.4"), python="3.10"),
    Case("TensorFlow", "TensorFlow", "tensorflow_product", ("tensorflow-cpu==2.21.0",)),
    Case("JAX", "XLA", "jax_product", ("jax==0.10.2", "jaxlib==0.10.2", NUMPY), setting=""),
    Case("Numba", "Numba", "numba_parallel", ("numba==0.68.1", NUMPY), setting="down"),
    Case(
        "NumExpr",
        "NumExpr",
        "numexpr_sine",
        ("numexpr==2.14.2", NUMPY),
        setting="down",
        caps=("NUMEXPR_MAX_THREADS",),
    ),
    Case("Polars", "Polars", "polars_group", ("polars==2.1.0", NUMPY), setting=""),
    Case("tokenizers (Rayon)", "tokenizers", "tokenizers_batch", ("tokenizers==0.23.3",), setting=""),
    Case("PyArrow", "Arrow", "pyarrow_group", ("pyarrow==26.0.1", NUMPY)),
    Case("DuckDB", "DuckDB", "duckdb_group", ("duckdb==2.0.1",)),
    Case(
        "ONNX Runtime",
        "ONNX Runtime",
        "onnxruntime_product",
        ("onnxruntime==1.32.0", "onnx==1.23.2", NUMPY),
        pins=True,
    ),
    Case("OpenCV", "OpenCV", "opencv_filter", ("opencv-python-headless==5.0.0.93", NUMPY)),
    Case("joblib's loky, n_jobs=-1", "joblib", "joblib_loky", ("joblib==1.6.0",)),
    Case("scikit-learn, n_jobs=-1", "joblib", "scikit_learn_jobs", SCIKIT_LEARN),
    Case("LightGBM", "LightGBM", "lightgbm_train", LIGHTGBM),
    Case("LightGBM's scikit-learn interface", "joblib", "lightgbm_scikit_learn", LIGHTGBM),
    Case("XGBoost", "XGBoost", "xgboost_train", ("xgboost==3.2.0", NUMPY), setting="down"),
    Case("Blosc", "Blosc", "blosc_compress", ("blosc==1.11.4", NUMPY), setting=""),
    Case("Blosc of numcodecs", "Blosc", "blosc_numcodecs", ("numcodecs==0.16.6", NUMPY), setting=""),
    Case("Blosc2", "Blosc2", "blosc2_compress", ("blosc2==4.14.1", NUMPY), setting=""),
    Case("Python's process pools, from 3.13 on", "CPython", "process_pool", (), python="3.13"),
)
"""Each library once, and once more where another build or interface reads other variables."""
