"""Where a library's thread count comes from, by the libraries' own rules."""

import pytest

from pytest_multicore.diagnosis.thread_sources import Grant, number_of, thread_source

FOUR = Grant(4, cores_real=2)


def source(kind: str, layer: str | None, threads: int | None, **variables: str) -> tuple[str | None, str]:
    found = thread_source({"kind": kind, "layer": layer, "threads": threads}, variables, FOUR)
    return found.source, found.text


@pytest.mark.parametrize(
    ("kind", "layer", "threads", "variables", "expected"),
    [
        ("openblas", "pthreads", 4, {}, "affinity"),
        ("openblas", "pthreads", 2, {"OMP_NUM_THREADS": "2"}, "OMP_NUM_THREADS"),
        ("openblas", "pthreads", 3, {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "3"}, "OPENBLAS_NUM_THREADS"),
        ("openblas", "pthreads", 1, {"OMP_NUM_THREADS": "2", "GOTO_NUM_THREADS": "1"}, "GOTO_NUM_THREADS"),
        ("openblas", "pthreads", 1, {"OPENBLAS_DEFAULT_NUM_THREADS": "1"}, "OPENBLAS_DEFAULT_NUM_THREADS"),
        (
            *("openblas", "pthreads", 1),
            {"OPENBLAS_DEFAULT_NUM_THREADS": "1", "GOTO_NUM_THREADS": "3", "OMP_NUM_THREADS": "2"},
            "OPENBLAS_DEFAULT_NUM_THREADS",
        ),
        ("openblas", "pthreads", 4, {"OMP_NUM_THREADS": "8"}, "OMP_NUM_THREADS"),
        ("openblas", "pthreads", 4, {"OMP_NUM_THREADS": "0"}, "affinity"),
        ("openblas", "openmp", 4, {"OPENBLAS_NUM_THREADS": "1"}, "affinity"),
        ("openblas", "openmp", 8, {"OMP_NUM_THREADS": "8"}, "OMP_NUM_THREADS"),
        ("openblas", "sequential", 1, {"OMP_NUM_THREADS": "2"}, "always"),
        ("openmp", "gnu", 3, {"OMP_NUM_THREADS": "3,2"}, "OMP_NUM_THREADS"),
        ("mkl", "intel", 2, {}, "affinity"),
        ("mkl", "gnu", 1, {"OMP_NUM_THREADS": "4", "MKL_NUM_THREADS": "1"}, "MKL_NUM_THREADS"),
        ("mkl", "sequential", 1, {"MKL_NUM_THREADS": "4"}, "always"),
        ("blis", "pthreads", 1, {}, "default"),
        ("blis", "openmp", 2, {"OMP_NUM_THREADS": "2"}, "OMP_NUM_THREADS"),
        ("blis", "openmp", 6, {"BLIS_NUM_THREADS": "2", "BLIS_JC_NT": "2", "BLIS_IC_NT": "3"}, "BLIS_*_NT"),
        ("reference", "sequential", 1, {}, "always"),
        ("atlas", None, None, {}, None),
        ("openblas", "pthreads", 1, {}, "code"),
        ("openmp", "gnu", 1, {"OMP_NUM_THREADS": "4"}, "code"),
    ],
)
def test_the_source(
    kind: str, layer: str | None, threads: int | None, variables: dict[str, str], expected: str | None
) -> None:
    assert source(kind, layer, threads, **variables)[0] == expected


def test_a_clamped_count_says_so() -> None:
    _, text = source("openblas", "pthreads", 4, OMP_NUM_THREADS="8")
    assert text == "OMP_NUM_THREADS=8, of which it takes as many as CPUs in the affinity mask"


def test_a_count_that_no_rule_gives_says_what_would_be() -> None:
    _, text = source("openblas", "pthreads", 1, OMP_NUM_THREADS="2")
    assert text == "set by code: OMP_NUM_THREADS=2 would be 2"


def test_a_variable_counts_from_the_version_on_that_reads_it() -> None:
    library = {"kind": "openblas", "layer": "pthreads", "threads": 2, "version": "0.3.21"}
    variables = {"OPENBLAS_DEFAULT_NUM_THREADS": "1", "OMP_NUM_THREADS": "2"}
    assert thread_source(library, variables, FOUR).source == "OMP_NUM_THREADS"
    assert thread_source({**library, "threads": 1, "version": "0.3.31.188.0"}, variables, FOUR).text == (
        "OPENBLAS_DEFAULT_NUM_THREADS=1"
    )


def test_openblas_has_the_most_threads_of_its_build_on_a_larger_machine() -> None:
    library = {"kind": "openblas", "layer": "pthreads", "threads": 64}
    assert thread_source(library, {}, Grant(96)).source == "affinity"
    assert thread_source({**library, "threads": 32}, {}, Grant(96)).source == "code"


@pytest.mark.parametrize(
    ("value", "count"), [("4", 4), (" 4", 4), ("4,2", 4), ("0", 0), ("", 0), ("all", 0), ("-1", 0)]
)
def test_the_number_of_a_value(value: str, count: int) -> None:
    assert number_of(value) == count
