"""Which of several mapped BLAS libraries does the work. The facts are recorded ones, paths shortened."""

import pytest

from pytest_multicore.interpreters.blas_in_use import blas_in_use, describe


def library(path: str, kind: str = "openblas", version: str = "0.3.18", threads: int | None = 2) -> dict[str, object]:
    return {"path": path, "kind": kind, "version": version, "layer": "pthreads", "threads": threads}


NUMPYS = library("/env/lib/python3.9/site-packages/numpy.libs/libopenblasp-r0-2d23e62b.3.17.so", version="0.3.17")
SCIPYS = library("/env/lib/python3.9/site-packages/scipy.libs/libopenblasp-r0-41284840.3.18.so")
MKLS = library("/env/lib/libmkl_rt.so.3", "mkl", "2026.2")
DEBIANS = library("/usr/lib/openblas-pthread/libopenblasp-r0.3.21.so", version="0.3.21")
OPENMP = library("/usr/lib/libgomp.so.1", "openmp", "4.5")


@pytest.mark.parametrize(
    ("target", "ldflags", "mapped", "expected"),
    [
        ("builtin:dot_numpy", None, [NUMPYS, OPENMP], "OpenBLAS 0.3.17"),
        ("builtin:dot_numpy", "-L/env/lib -l:libmkl_rt.so.3", [MKLS, NUMPYS], "OpenBLAS 0.3.17"),
        ("builtin:dot_theano", "-L/env/lib -l:libmkl_rt.so.3", [MKLS, SCIPYS, NUMPYS], "MKL 2026.2"),
        ("builtin:fit_keras", "-lblas -lgfortran", [DEBIANS, NUMPYS], "OpenBLAS 0.3.21"),
        ("builtin:dot_pytensor", "", [NUMPYS, SCIPYS], "OpenBLAS 0.3.18"),
    ],
)
def test_the_blas_in_use(target: str, ldflags: str | None, mapped: list[object], expected: str) -> None:
    told = None if ldflags is None else {"blas.ldflags": ldflags}
    facts = {"libraries": mapped, "theano": told, "pytensor": told}
    assert blas_in_use(target, facts) == f"{expected} pthreads, 2 threads"


@pytest.mark.parametrize("target", ["work:go", "work:sum_numpy"])
def test_a_users_own_workload_names_all(target: str) -> None:
    facts = {"libraries": [NUMPYS, SCIPYS, OPENMP], "theano": None}
    assert blas_in_use(target, facts) == ("OpenBLAS 0.3.17 pthreads, 2 threads + OpenBLAS 0.3.18 pthreads, 2 threads")


@pytest.mark.parametrize(("called", "named"), [(None, False), (True, True), (False, False)])
def test_numpys_blas_is_not_named_beside_a_framework_with_products_of_its_own(called: bool | None, named: bool) -> None:
    facts = {"frameworks": {"numpy": "2.4", "jax": "0.9"}, "libraries": [NUMPYS]}
    assert (blas_in_use("work:go", facts, called=called) is not None) is named
    assert blas_in_use("work:go", {**facts, "libraries": [DEBIANS]}) is not None, "the program chose it"


def test_a_blas_that_was_never_called_is_not_named() -> None:
    facts = {"frameworks": {"numpy": "2.4"}, "libraries": [NUMPYS]}
    assert blas_in_use("work:go", facts) is not None
    assert blas_in_use("work:go", facts, called=False) is None


def test_no_blas_is_none() -> None:
    assert blas_in_use("work:go", {"libraries": [OPENMP]}) is None
    assert blas_in_use("work:go", {}) is None


def test_words_leave_out_what_is_unknown() -> None:
    assert describe(library("/usr/lib/libblas.so.3", "blis", "0.9.0", None)) == "BLIS 0.9.0 pthreads"
    assert describe({"kind": "reference", "threads": 1}) == "reference BLAS, 1 thread"
