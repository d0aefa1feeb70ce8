"""The table of causes, each at its boundary, on literal evidence: one side suspects, its twin by a hair does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_multicore.diagnosis import catalogue
from pytest_multicore.diagnosis.evidence import Calls, Evidence
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.verdicts.limits import Limits, Outcome
from tests.rounds import made, rows

from .literals import COUNT, TWO_CORES, evidence, idle, library, line, observed, operand, pool, seen, task

AT_ONE = Limits(max_threads=1)
LARGE = operand([500_000])


def product(*operands, **told):  # type: ignore[no-untyped-def]
    """A hot product of such operands."""
    return idle(facts=observed(line("a @ b", "matmul", *operands, **told)))


def gemm(work: int, threads: int = 2, seconds: float = 0.1) -> Evidence:
    facts = observed(pools={"opened": pool(threads)})
    return idle(facts=facts, calls=(Calls("dgemm", 1, 1, work, 10, seconds),), threshold=1000)


def elementwise(share: float) -> Evidence:
    return idle(facts=observed(line("numpy.exp(a)", "elementwise", LARGE, share=share)))


def anothers(**told: object):  # type: ignore[no-untyped-def]
    """An array of a package that threads its operations otherwise than NumPy, and may not say where they lie."""
    return {**operand([5, 9, 9], "float16"), "type": "torch.Tensor", **told}


def memory(elements: int, threads: int = 2) -> Evidence:
    facts = observed(line("numpy.negative(a)", "elementwise", operand([elements])), python_threads=threads)
    return idle(1.9, 1.1, facts=facts)


def python_threads(late_s: float) -> Evidence:
    return idle(facts=observed(line(), python_threads=2, late_s=late_s))


def lock(source: str = "with self.lock:", **told: object) -> Evidence:
    at_lock = line(source, share=0.0, **{"thread": "Thread-#", "samples": 50, **told})
    return idle(facts=observed(line(), at_lock, python_threads=2), seen=seen(task()))


def crowded(demand: float) -> Evidence:
    taken = [(made(0.1, 1.9, demand=demand), made(0.1, 1.0, threads=1))] * COUNT
    return evidence(taken, seen=seen(task(), task(101), task(102)))


def burning(inflation: float) -> Evidence:
    return evidence([(made(0.1, 1.9), made(0.1, 1.9 / inflation, threads=1))] * COUNT)


def forked(after_pool: bool) -> Evidence:
    fork = {"how": "fork", "after_pool": after_pool, "in_region": False, "count": 1}
    return idle(facts=observed(line(), forks=[fork]), seen=seen(task(200, 200), task()))


def late(at_start: str) -> Evidence:
    facts = {**observed(pools={"opened": pool(1)}), "variables": {"OPENBLAS_NUM_THREADS": "2"}}
    return idle(facts=facts, started_with={"OPENBLAS_NUM_THREADS": at_start})


def inherited(kind: str, layer: str = "pthreads", **variables: str) -> Evidence:
    """A library of a kind, and variables that no thread count was set beside."""
    return idle(facts={"libraries": [library(kind, layer)]}, started_with=variables, threads=None)


def capped(**variables: str) -> Evidence:
    return idle(facts={"libraries": [library("openmp", None)]}, started_with=variables)


def masked(affinity: str) -> Evidence:
    return idle(facts={"affinity_at_start": [0, 1], "affinity": [0, 1]}, seen=seen(task(affinity=affinity)))


def lowered(inside: int) -> Evidence:
    return idle(facts=observed(pools={"opened": pool(2), "region": pool(inside)}))


def workers(given: str) -> Evidence:
    return idle(seen=seen(task(200, 200), variables={200: {"OMP_NUM_THREADS": given}}), threads=None)


def theano(**config: object) -> Evidence:
    return idle(facts={"theano": {"cxx": "g++", "openmp": True, "device": "cpu", **config}})


def quota(cores: float | None) -> Evidence:
    return idle(1.2, quota=cores)


def amdahl(speedup: float) -> Evidence:
    return idle(1.2, speedup)


TABLE = [
    ("gemm-too-small", gemm(1000), gemm(1001), "at the threshold"),
    ("gemm-too-small", gemm(1000), gemm(1000, threads=1), "a pool of one has no threshold"),
    (
        "non-blas-dtype",
        product(operand([9, 9], "int64"), operand([9, 9]), share=0.3),
        product(operand([9, 9], "int64"), operand([9, 9]), share=0.29),
        "much of the time",
    ),
    (
        "non-blas-dtype",
        product(operand([9, 9], "int64"), operand([9, 9])),
        product(operand([9, 9]), operand([9, 9])),
        "",
    ),
    (
        "strided-operand",
        product(operand([9, 9], strides=[144, 16]), operand([9, 9])),
        product(operand([9, 9], strides=[8, 72]), operand([9, 9])),
        "columns one after the other are fine",
    ),
    (
        "batched-one-by-one",
        product(operand([5, 9, 9]), operand([9, 9])),
        product(operand([45, 9]), operand([9, 9])),
        "",
    ),
    (
        "batched-one-by-one",
        product(operand([5, 9, 9]), operand([9, 9])),
        product(operand([5, 600, 600]), operand([600, 600])),
        "each large enough by itself",
    ),
    (
        "batched-one-by-one",
        product(operand([5, 9, 9]), operand([9, 9])),
        product(anothers(), anothers()),
        "of NumPy's arrays",
    ),
    (
        "strided-operand",
        product(operand([9, 9], strides=[144, 16]), operand([9, 9])),
        product(anothers(strides=None, dtype="float32"), anothers(strides=None, dtype="float32")),
        "where they are known",
    ),
    ("elementwise-serial", elementwise(0.3), elementwise(0.29), "much of the time"),
    ("elementwise-serial", theano(openmp=False), theano(openmp=True), "Theano"),
    ("memory-bound", memory(500_000), memory(499_999), "more than a cache holds"),
    ("memory-bound", memory(500_000), memory(500_000, threads=1), "NumPy threads no such operation by itself"),
    ("interpreter-bound", python_threads(0.2), lock(), "no other lock is waited for"),
    ("waiting", lock(), lock(samples=20), "often at a lock"),
    ("waiting", lock("if lock.acquire(timeout=1):"), lock("blocks.acquired()"), "a lock by its name"),
    ("waiting", lock(), lock(thread="MainThread"), "the main thread waits for its workers"),
    ("waiting", idle(0.84, seen=seen(task(S=1.0))), idle(0.86, seen=seen(task(S=1.0))), "less than a core"),
    ("oversubscribed", crowded(2.5), crowded(2.49), "a quarter more than there is"),
    ("busy-waiting", burning(1.31), burning(1.29), "CPU time over the baseline's"),
    ("after-fork", forked(after_pool=True), forked(after_pool=False), ""),
    ("set-too-late", late("1"), late("2"), ""),
    (
        "overridden-variable",
        inherited("openblas", OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="2"),
        inherited("openblas", OMP_NUM_THREADS="1", OPENBLAS_DEFAULT_NUM_THREADS="1"),
        "they have to disagree",
    ),
    (
        "overridden-variable",
        inherited("openblas", OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="2"),
        inherited("openblas", "openmp", OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="2"),
        "a build for OpenMP does not read it",
    ),
    ("thread-limit", capped(OMP_THREAD_LIMIT="1"), capped(OMP_THREAD_LIMIT="2"), ""),
    ("thread-limit", capped(OMP_DYNAMIC="TRUE"), capped(OMP_DYNAMIC="FALSE"), "OMP_DYNAMIC"),
    ("affinity-narrowed", masked("0"), masked("0-1"), ""),
    ("limited-at-runtime", lowered(1), lowered(2), ""),
    ("nested-limit", workers("1"), workers("2"), "workers"),
    ("nested-limit", capped(), capped(OMP_MAX_ACTIVE_LEVELS="2"), "OpenMP in OpenMP"),
    (
        "reference-blas",
        idle(facts={"libraries": [library("reference", None)]}),
        idle(facts={"libraries": [library("reference", None), library("openblas")]}),
        "no other is loaded",
    ),
    ("no-compiler", theano(cxx=""), theano(cxx="g++"), ""),
    (
        "sequential-layer",
        idle(facts={"libraries": [library("mkl", "sequential")]}),
        idle(facts={"libraries": [library("mkl", "gnu")]}),
        "",
    ),
    ("cpu-quota", quota(1.9), quota(2.0), "of the program's own group"),
    ("gpu-device", theano(device="cuda0"), theano(device="cpu"), ""),
    ("serial-fraction", amdahl(1.2), amdahl(1.04), "something is gained"),
]


def keys(found: Evidence) -> list[str]:
    return [one.key for one in catalogue.ranked(found)]


@pytest.mark.parametrize(("key", "suffers", "_twin", "_why"), TABLE, ids=[f"{row[0]} {row[3]}" for row in TABLE])
def test_the_evidence_of_a_cause_suggests_it(key: str, suffers: Evidence, _twin: Evidence, _why: str) -> None:
    (suspicion,) = (one for one in catalogue.ranked(suffers) if one.key == key)

    assert suspicion.evidence
    assert suspicion.remedy
    assert 0 < suspicion.weight <= 1


@pytest.mark.parametrize(("key", "_suffers", "twin", "_why"), TABLE, ids=[f"{row[0]} {row[3]}" for row in TABLE])
def test_that_of_its_twin_does_not(key: str, _suffers: Evidence, twin: Evidence, _why: str) -> None:
    assert key not in keys(twin)


@pytest.mark.parametrize("key", sorted({row[0] for row in TABLE} - {"memory-bound", "cpu-quota", "serial-fraction"}))
def test_cores_that_are_all_of_use_have_no_such_cause(key: str) -> None:
    """The same evidence where every limit was met: nothing that is seen beside can make a cause of it."""
    (suffers, *_) = (row[1] for row in TABLE if row[0] == key)
    met = replace(suffers.result, verdicts=(), outcome=Outcome.PASSED)

    assert key not in keys(replace(suffers, result=met))


def test_more_threads_than_were_asked_for_are_told_with_their_variable() -> None:
    facts = {"frameworks": {"numpy": "2.0", "numba": "0.60"}}
    found = evidence([(made(os_threads=2), made())] * COUNT, limits=AT_ONE, threads=1, facts=facts)
    (suspicion,) = catalogue.ranked(found)

    assert (suspicion.key, suspicion.trials[0].knob) == ("ignores-setting", "NUMBA_NUM_THREADS=1")
    assert keys(evidence([(made(os_threads=2), made())] * COUNT, limits=AT_ONE, threads=2)) == []


def test_a_variable_that_has_the_count_already_is_not_tried() -> None:
    facts = {"frameworks": {"numexpr": "2.10"}}
    told = {"limits": AT_ONE, "threads": 1, "facts": facts, "started_with": {"NUMEXPR_NUM_THREADS": "1"}}
    (suspicion,) = catalogue.ranked(evidence([(made(os_threads=2), made())] * COUNT, **told))

    assert suspicion.trials == []
    assert "NUMEXPR" not in suspicion.remedy


@pytest.mark.parametrize(("slept_s", "trials"), [(0.31, 1), (0.29, 0)])
def test_sleep_is_left_out_where_it_is_much_of_the_time(slept_s: float, trials: int) -> None:
    """Where it is little, a program that waits for something else would be none the faster."""
    found = idle(0.5, facts=observed(line(), slept_s=slept_s), seen=seen(task(S=1.0)))
    (suspicion,) = (one for one in catalogue.ranked(found) if one.key == "waiting")

    assert len(suspicion.trials) == trials


def test_calls_of_several_threads_are_no_larger_part_of_the_time() -> None:
    facts = observed(python_threads=4, pools={"opened": pool(2)})
    found = idle(facts=facts, calls=(Calls("dgemm", 1, 1, 1000, 10, 0.1),), threshold=1000)
    (suspicion,) = (one for one in catalogue.ranked(found) if one.key == "gemm-too-small")

    assert "25% of the time" in suspicion.evidence


def test_a_blas_that_splits_everything_has_no_small_products() -> None:
    assert "gemm-too-small" not in keys(replace(gemm(1000), threshold=0))


@pytest.mark.parametrize("reason", ["min_cores=8 cannot be reached: 2 cores are granted", "the budget ran out"])
def test_too_few_cores_is_what_the_gate_said(reason: str) -> None:
    nothing = replace(idle().result, outcome=Outcome.INCONCLUSIVE, reason=reason, measurement=None, comparison=None)

    assert keys(Evidence(nothing, "", TWO_CORES)) == (["too-few-cores"] if "cannot be reached" in reason else [])


@pytest.mark.parametrize(("disturbed", "told"), [(11, ["machine-busy"]), (10, [])])
def test_the_machine_is_busy_where_most_rounds_were_disturbed(disturbed: int, told: list[str]) -> None:
    found = evidence(rows(COUNT, 1.0, disturbed=disturbed))
    undecided = replace(found.result, outcome=Outcome.INCONCLUSIVE, verdicts=())

    assert keys(replace(found, result=undecided)) == told


def test_the_tightest_quota_counts() -> None:
    machine = Machine(2, (0, 1), 1.5, 2, "a processor", "Linux")
    (suspicion,) = (one for one in catalogue.ranked(idle(1.2, machine=machine, quota=1.2)) if one.key == "cpu-quota")

    assert "1.2 cores" in suspicion.evidence


def test_a_part_that_is_serial_is_told_by_amdahls_law() -> None:
    """1.5x on two cores: a third of the time is serial."""
    (suspicion,) = (one for one in catalogue.ranked(idle(1.33, 1.5, limits=Limits(min_speedup=1.6))) if one.shown)

    assert (suspicion.key, "33%" in suspicion.evidence) == ("serial-fraction", True)


@pytest.mark.parametrize(("seconds", "trials"), [(0.031, 1), (0.029, 0)])
def test_a_product_alone_is_tried_where_much_of_the_time_is_in_products(seconds: float, trials: int) -> None:
    """A larger one keeps more cores busy in any program."""
    (suspicion,) = (one for one in catalogue.ranked(gemm(1000, seconds=seconds)) if one.key == "gemm-too-small")

    assert len(suspicion.trials) == trials


def test_a_build_that_can_do_without_the_lock_is_told_to() -> None:
    facts = {**python_threads(0.5).facts, "gil": True, "free_threaded": True}
    (suspicion,) = (one for one in catalogue.ranked(idle(facts=facts)) if one.key == "interpreter-bound")

    assert suspicion.trials[0].change.variables == {"PYTHON_GIL": "0"}
    assert "interpreter-bound" not in keys(idle(facts={**facts, "gil": False}))


@pytest.mark.parametrize(("late_s", "weight"), [(0.2, 0.85), (0.19, 0.55)])
def test_who_looks_waits_for_the_interpreters_lock_too(late_s: float, weight: float) -> None:
    (suspicion,) = (one for one in catalogue.ranked(python_threads(late_s)) if one.key == "interpreter-bound")

    assert suspicion.weight == weight


def test_the_likeliest_is_tried_first() -> None:
    weights = [one.weight for one in catalogue.ranked(capped(OMP_THREAD_LIMIT="1", OMP_PROC_BIND="TRUE"))]

    assert len(weights) > 1
    assert weights == sorted(weights, reverse=True)
