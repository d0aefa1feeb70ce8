"""The table of causes, each at its boundary, on literal evidence: one side suspects, its twin by a hair does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_multicore.diagnosis.causes import catalogue
from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.verdicts.limits import Outcome

from .literals import idle, library, line, observed, operand, seen, task
from .suffering import (
    amdahl,
    anothers,
    beside,
    burning,
    calling,
    capped,
    crowded,
    elementwise,
    exported,
    forked,
    gemm,
    handed_over,
    inherited,
    keys,
    late,
    lock,
    lowered,
    masked,
    memory,
    on_mkl,
    product,
    python_threads,
    quota,
    resting,
    stacks,
    stepping,
    theano,
    unread,
    workers,
)

#: A line of threading.Condition.wait.
CONDITION = {"file": "/usr/lib/python3.11/threading.py", "function": "wait"}
TABLE = [
    ("gemm-too-small", gemm(1000), gemm(1001), "at the threshold"),
    ("gemm-too-small", gemm(1000), gemm(1000, threads=1), "a pool of one has no threshold"),
    ("gemm-too-small", gemm(1000, seconds=0.0101), gemm(1000, seconds=0.0099), "no word where there are next to none"),
    ("ignores-setting", exported("1"), exported("2"), "of the environment, where a test sets none"),
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
    ("elementwise-serial", elementwise(1.0, 1, 1.9), elementwise(1.0, 2, 1.9), "threads share it already"),
    ("elementwise-serial", elementwise(1.0, 2, 1.69), elementwise(1.0, 2, 1.71), "and keep the cores busy"),
    ("elementwise-serial", unread(0.3), unread(0.29), "of operands that a call returns"),
    ("elementwise-serial", theano(openmp=False), theano(openmp=True), "Theano"),
    ("memory-bound", memory(500_000), memory(499_999), "more than a cache holds"),
    ("memory-bound", memory(500_000), memory(500_000, threads=1), "NumPy threads no such operation by itself"),
    ("interpreter-bound", python_threads(0.2), lock(), "no other lock is waited for"),
    ("waiting", lock(), lock(samples=20), "often at a lock"),
    ("waiting", lock("if lock.acquire(timeout=1):"), lock("blocks.acquired()"), "a lock by its name"),
    (
        "waiting",
        lock("waiter.acquire()", **CONDITION, called_from=line("with semaphore:")),
        lock("waiter.acquire()", **CONDITION, called_from=line("while (item := queue.get()) is not None:")),
        "a condition says nothing of a lock, unless the user's line does",
    ),
    ("waiting", lock(), lock(thread="MainThread"), "the main thread waits for its workers"),
    (
        "waiting",
        idle(0.84, thread_samples=seen(task(S=1.0))),
        idle(0.86, thread_samples=seen(task(S=1.0))),
        "less than a core",
    ),
    ("waiting", beside(0.84), beside(0.86), "threads that were ready to run rested not"),
    ("interpreter-bound", beside(0.71), beside(0.69), "or would have been, had a core been free"),
    ("serial-native", idle(facts=observed(line()), native=stacks(0.5)), idle(native=stacks(0.49)), "by native stacks"),
    (
        "interpreter-bound",
        idle(facts=observed(line()), native=stacks(0.5)),
        idle(facts=observed(line()), native=stacks(0.51)),
        "by native stacks",
    ),
    ("serial-native", calling(0.5), calling(0.49), "by lines alone"),
    ("serial-native", calling(1.0, 1.29), calling(1.0, 1.31), "by the lines of one thread alone"),
    ("small-steps", stepping(0.0029), stepping(0.0031), "of at most a few milliseconds"),
    ("small-steps", stepping(0.001, 0.5), stepping(0.001, 0.49), "of a framework that has the time"),
    ("oversubscribed", crowded(2.5), crowded(2.49), "a quarter more than there is"),
    ("busy-waiting", burning(1.31), burning(1.29), "CPU time over the baseline's"),
    ("after-fork", forked(after_pool=True), forked(after_pool=False), ""),
    ("hand-over", handed_over(0.31), handed_over(0.29), "the parent's share of all CPU time"),
    ("set-too-late", late("1"), late("2"), ""),
    (
        "overridden-variable",
        inherited("openblas", OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="2"),
        inherited("openblas", OMP_NUM_THREADS="1", OPENBLAS_DEFAULT_NUM_THREADS="1"),
        "they have to disagree",
    ),
    (
        "overridden-variable",
        inherited("openblas", OPENBLAS_DEFAULT_NUM_THREADS="1", OMP_NUM_THREADS="2"),
        inherited("openblas", OPENBLAS_DEFAULT_NUM_THREADS="2", OMP_NUM_THREADS="1"),
        "the stronger one has to allow less",
    ),
    (
        "overridden-variable",
        inherited("mkl", MKL_NUM_THREADS="1", OMP_NUM_THREADS="2"),
        inherited("mkl", MKL_DOMAIN_NUM_THREADS="MKL_DOMAIN_BLAS=2", MKL_NUM_THREADS="2"),
        "a number for each domain is none for all",
    ),
    (
        "overridden-variable",
        inherited("openblas", OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="2"),
        inherited("openblas", "openmp", OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="2"),
        "a build for OpenMP does not read it",
    ),
    ("thread-limit", capped(OMP_THREAD_LIMIT="1"), capped(OMP_THREAD_LIMIT="2"), ""),
    ("thread-limit", capped(OMP_DYNAMIC="TRUE"), capped(OMP_DYNAMIC="FALSE"), "OMP_DYNAMIC"),
    ("thread-limit", capped(OMP_THREAD_LIMIT="1,1"), capped(OMP_THREAD_LIMIT="2,1"), ""),
    ("thread-limit", capped(OMP_DYNAMIC="1"), capped(OMP_DYNAMIC="0"), "OMP_DYNAMIC"),
    ("thread-limit", capped(MKL_DYNAMIC="TRUE"), capped(MKL_DYNAMIC="FALSE"), "MKL_DYNAMIC"),
    ("thread-limit", on_mkl(dynamic=True), on_mkl(dynamic=False), "on, unless it is told otherwise"),
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
    (
        "reference-blas",
        idle(blas="OpenBLAS 0.3.31 pthreads, 2 threads + reference BLAS sequential, 1 thread"),
        idle(blas="OpenBLAS 0.3.31 pthreads, 2 threads"),
        "whichever of those that are mapped is in use",
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
    ("serial-fraction", amdahl(1.2), idle(1.05, 1.08), "by more cores"),
    ("serial-fraction", resting(1.89), resting(1.91), "and not nearly all that there is to gain"),
]


@pytest.mark.parametrize(("key", "suffers", "_twin", "_why"), TABLE, ids=[f"{row[0]} {row[3]}" for row in TABLE])
def test_the_evidence_of_a_cause_suggests_it(key: str, suffers: Evidence, _twin: Evidence, _why: str) -> None:
    (suspicion,) = (one for one in catalogue.ranked_suspicions(suffers) if one.key == key)

    assert suspicion.evidence
    assert suspicion.remedy
    assert 0 < suspicion.strength <= 1


@pytest.mark.parametrize(("key", "_suffers", "twin", "_why"), TABLE, ids=[f"{row[0]} {row[3]}" for row in TABLE])
def test_that_of_its_twin_does_not(key: str, _suffers: Evidence, twin: Evidence, _why: str) -> None:
    assert key not in keys(twin)


@pytest.mark.parametrize("key", sorted({row[0] for row in TABLE} - {"memory-bound", "cpu-quota", "serial-fraction"}))
def test_cores_that_are_all_of_use_have_no_such_cause(key: str) -> None:
    """The same evidence where every limit was met: nothing that is seen beside can make a cause of it."""
    (suffers, *_) = (row[1] for row in TABLE if row[0] == key)
    met = replace(suffers.result, verdicts=(), outcome=Outcome.PASSED)

    assert key not in keys(replace(suffers, result=met))


def test_the_documentation_has_a_table_of_every_key() -> None:
    """It is made from the catalogue when the documentation is built; a cause without a first line has no row."""
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "causes.md").read_text(encoding="utf-8")
    assert "{multicore-table} causes" in page
    assert [detector for detector in catalogue.DETECTORS if not (detector.__doc__ or "").strip()] == []
