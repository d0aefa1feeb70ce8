"""Pools at work, by literal evidence: who calls them, whose threads they are, and what is tried."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_multicore.diagnosis.causes import catalogue
from pytest_multicore.diagnosis.evidence import BlasCalls, Evidence
from pytest_multicore.diagnosis.suspicions import Suspicion
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.limits import Limits
from tests.rounds import look, made

from .literals import COUNT, evidence, idle, library, line, observed, operand, seen, task
from .suffering import keys

CALL = BlasCalls("dgemm", 100, 100, 100, 10, 0.01)
PYTHON = [100, 101]


def against(contender: Round, baseline_s: float, cores: float = 1.0) -> list[tuple[Round, Round]]:
    return [(contender, made(baseline_s, cores, threads=1, control=look(1)))] * COUNT


def pools(*tasks: Any, demand: float = 2.07, python: int = 2, **told: Any) -> Evidence:
    """Two cores busy for the work of one."""
    taken = against(made(0.1, 1.9, demand=demand, control=look(2)), 0.1)
    facts = {
        **observed(line(), python_threads=python, python_ids=PYTHON),
        "libraries": [library("openblas")],
        **told.pop("facts", {}),
    }
    return evidence(taken, facts=facts, thread_samples=seen(*tasks), **{"calls": (CALL,), **told})


def found(key: str, inside: Evidence) -> Suspicion:
    return next(one for one in catalogue.ranked_suspicions(inside) if one.key == key)


TEAMS = (task(), task(101), task(102), task(103))


def test_two_callers_with_a_team_each_are_too_many_for_two_cores() -> None:
    """They take turns: demanded are hardly more cores than there are."""
    suspicion = found("oversubscribed", pools(*TEAMS))

    assert "4 threads want 2.1 cores where 2 are granted, 2 of which call a pool that has its own" in suspicion.evidence
    assert [(one.knob, one.min_cores > 1) for one in suspicion.trials] == [("OPENBLAS_NUM_THREADS=1", True)]
    assert suspicion.trials[0].remedy.startswith("set OPENBLAS_NUM_THREADS=1")


@pytest.mark.parametrize(
    "inside",
    [
        pools(task(), task(101)),
        pools(*TEAMS, python=1),
        pools(task(), task(101, cpu_s=0.1), task(102), python=4),
        pools(task(), task(101), task(102, cpu_s=0.1)),
    ],
    ids=["no pool", "one caller", "a caller now and then", "a pool at rest"],
)
def test_no_teams_within_callers(inside: Evidence) -> None:
    assert "oversubscribed" not in keys(inside)


@pytest.mark.parametrize(
    ("told", "variables"),
    [
        ({"frameworks": {"numpy": "2", "jax": "0.4"}}, ["PJRT_NPROC=1", "OPENBLAS_NUM_THREADS=1"]),
        ({"libraries": [library("openblas", "openmp"), library("openmp", None)]}, ["OMP_NUM_THREADS=1"]),
        ({"libraries": [library("openmp", None)]}, ["OMP_NUM_THREADS=1"]),
        ({"libraries": [library("mkl")]}, ["MKL_NUM_THREADS=1"]),
    ],
    ids=["a framework's own", "OpenBLAS on OpenMP", "OpenMP", "MKL"],
)
def test_each_pool_is_tried_by_the_variable_that_it_reads(told: dict[str, Any], variables: list[str]) -> None:
    assert [one.knob for one in found("oversubscribed", pools(*TEAMS, facts=told)).trials] == variables


def test_a_library_that_is_loaded_and_not_called_is_not_tried() -> None:
    unused = pools(*TEAMS, calls=(), facts={"libraries": [library("openblas"), library("openmp", None)]})

    assert [one.knob for one in found("oversubscribed", unused).trials] == ["OMP_NUM_THREADS=1"]
    assert [one.knob for one in found("busy-waiting", unused).trials] == ["OMP_WAIT_POLICY=PASSIVE"]


def test_lapack_calls_its_products_by_itself() -> None:
    facts = observed(line("numpy.linalg.svd(a)", "linalg", operand([9, 9])), python_threads=1, python_ids=[100])
    svd = pools(task(), task(102), calls=(), facts=facts)

    assert [one.knob for one in found("busy-waiting", svd).trials] == ["OPENBLAS_THREAD_TIMEOUT=4"]


def test_the_pool_of_mkl_is_tried_before_that_of_numpys_openblas() -> None:
    facts = {"libraries": [library("openblas"), library("mkl", "intel"), library("openmp", None)]}
    knobs = [one.knob for one in found("busy-waiting", pools(task(), task(102), facts=facts)).trials]
    assert knobs == ["OMP_WAIT_POLICY=PASSIVE", "OPENBLAS_THREAD_TIMEOUT=4"]


OF_OPENBLAS = task(102, library="/numpy.libs/libscipy_openblas64_-32a4b2a6.so")
OF_OPENMP = task(103, library="/usr/lib/libgomp.so.1.0.0")
OF_NUMEXPR = task(104, library="/numexpr/interpreter.cpython-311-x86_64-linux-gnu.so")
UNKNOWN = task(105)
EVERYTHING = {
    "libraries": [library("openblas"), library("openmp", None)],
    "frameworks": {"numpy": "2", "numexpr": "2.14", "numba": "0.67"},
}


@pytest.mark.parametrize(
    ("threads", "variables", "knobs"),
    [
        ([OF_OPENBLAS], ["OPENBLAS_NUM_THREADS=1"], ["OPENBLAS_THREAD_TIMEOUT=4"]),
        ([OF_NUMEXPR], ["NUMEXPR_NUM_THREADS=1"], []),
        ([OF_OPENMP], ["NUMBA_NUM_THREADS=1", "OMP_NUM_THREADS=1"], ["OMP_WAIT_POLICY=PASSIVE"]),
        (
            [OF_OPENBLAS, UNKNOWN],
            ["OPENBLAS_NUM_THREADS=1", "NUMBA_NUM_THREADS=1"],
            ["OPENBLAS_THREAD_TIMEOUT=4", "OMP_WAIT_POLICY=PASSIVE"],
        ),
        ([task(106, library="/duckdb/_duckdb.so")], [], []),
    ],
    ids=["OpenBLAS", "NumExpr", "OpenMP, which may be Numba's", "OpenBLAS and an unknown one", "DuckDB"],
)
def test_only_pools_that_may_have_been_at_work_are_tried(
    threads: list[Any], variables: list[str], knobs: list[str]
) -> None:
    """NumExpr and Numba are imported, and a BLAS is called: that alone tries none of their knobs."""
    inside = pools(task(), task(101), *threads, facts=EVERYTHING)

    assert [one.knob for one in found("oversubscribed", inside).trials] == variables
    assert [one.knob for one in found("busy-waiting", inside).trials] == knobs


def test_the_pool_that_is_at_work_is_named() -> None:
    inside = pools(task(), task(101), OF_OPENBLAS, OF_NUMEXPR, facts=EVERYTHING)

    assert "call a pool that has its own (NumExpr, OpenBLAS)" in found("oversubscribed", inside).evidence
    assert found("busy-waiting", inside).evidence.endswith("a pool's threads are at work (NumExpr, OpenBLAS)")


def test_scipys_lapack_is_seen_by_the_threads_of_its_openblas() -> None:
    """No product of it is recorded, and no line names it."""
    facts = observed(line("scipy.linalg.svd(a)"), python_threads=1, python_ids=[100])
    svd = pools(task(), OF_OPENBLAS, calls=(), facts=facts)

    assert [one.knob for one in found("busy-waiting", svd).trials] == ["OPENBLAS_THREAD_TIMEOUT=4"]


def test_a_setting_is_ignored_by_the_library_whose_threads_work() -> None:
    """Numba and NumExpr are imported; NumExpr's pool is the one of two threads."""

    def remedy(*threads: Any) -> str:
        taken = [(made(0.1, 1.9, threads=1, os_threads=2, control=look(2)), made(0.2, 1.0, control=look(1)))] * COUNT
        facts = {**observed(line(), python_threads=1, python_ids=[100]), **EVERYTHING}
        limits = Limits(max_cores=1.2)
        inside = evidence(taken, facts=facts, thread_samples=seen(*threads), threads=1, limits=limits)
        return found("ignores-setting", inside).remedy

    assert remedy(task(), OF_NUMEXPR) == "set NUMEXPR_NUM_THREADS=1"
    assert remedy(task(), OF_OPENMP) == "set NUMBA_NUM_THREADS=1"


def test_cores_that_are_busy_with_python_threads_alone_do_not_spin() -> None:
    """Two threads that do ``part += row``: the pool that is loaded never woke up, and its knob moves memory at most."""
    assert "busy-waiting" not in keys(pools(task(), task(101)))
    assert "busy-waiting" not in keys(pools(task(), task(101), task(102, cpu_s=0.1))), "it sleeps, or watches"
    assert "busy-waiting" in keys(pools(task(), task(101), task(102, cpu_s=0.2)))


def test_where_no_thread_is_known_a_pool_may_spin() -> None:
    assert "busy-waiting" in keys(pools())


def test_threads_of_a_child_process_may_be_of_a_pool() -> None:
    assert "busy-waiting" in keys(pools(task(200, 200), task(201, 200)))
    assert "busy-waiting" not in keys(pools(task(200, 200), task(300, 300)))
    assert "busy-waiting" not in keys(pools(task(200, 200), task(201, 200, library="/lib/libpython3.11.so.1.0")))


def test_what_the_measurement_has_run_is_the_remedy() -> None:
    remedy = found("busy-waiting", pools(*TEAMS)).remedy
    assert remedy == "1 thread for this work: 1.00x as fast for 0.53x the CPU time, as measured"


def test_a_pool_that_pins_each_worker_narrows_nothing() -> None:
    """As ONNX Runtime's does: a CPU for each, and all of them together."""

    def pinned(*masks: str) -> Evidence:
        tasks = (task(100 + number, affinity=mask) for number, mask in enumerate(masks))
        return idle(facts={"affinity_at_start": [0, 1], "affinity": [0, 1]}, thread_samples=seen(*tasks))

    assert "affinity-narrowed" not in keys(pinned("0-1", "1"))
    assert "affinity-narrowed" not in keys(pinned("0", "1"))
    assert "affinity-narrowed" in keys(pinned("0", "0"))


@pytest.mark.parametrize(("busy", "cores", "told"), [(1.6, 1.37, False), (1.2, 1.0, True)])
def test_amdahls_law_is_about_a_baseline_of_one_thread(busy: float, cores: float, told: bool) -> None:
    taken = against(made(0.1, busy, control=look(2)), 0.12, cores)
    assert ("serial-fraction" in keys(evidence(taken, limits=Limits(min_speedup=1.5)))) is told


@pytest.mark.parametrize(
    ("busy", "baseline_busy", "told"), [(0.03, 0.02, []), (0.9, 0.6, [False]), (1.45, 0.95, [True])]
)
def test_what_one_thread_waited_for_proves_no_serial_part(busy: float, baseline_busy: float, told: list[bool]) -> None:
    """Half of its sleep under a lock: no core would split it, and Amdahl's two threads are none of its eight."""
    contender = made(0.1, busy, threads=8, os_threads=8, cores_online=2, control=look(2))
    taken = [(contender, made(0.15, baseline_busy, threads=1, cores_online=2, control=look(1)))] * 20
    found = catalogue.ranked_suspicions(evidence(taken, limits=Limits(min_speedup=1.9), threads=8))
    assert [one.conclusive for one in found if one.key == "serial-fraction"] == told
