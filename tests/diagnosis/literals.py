"""Evidence made of literals: rounds that missed a limit, and what was seen beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.measurement.thread_sampler import ThreadSample, ThreadSamples
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.limits import Limits, comparison_figures, outcome_of, verdicts_on
from pytest_multicore.verdicts.result import Result
from tests.rounds import rows

TWO_CORES = Machine(2, (0, 1), None, 2, "a processor", "Linux")
ROOT = 100
COUNT = 20


def evidence(
    taken: list[tuple[Round, Round]],
    machine: Machine = TWO_CORES,
    *,
    limits: Limits | None = None,
    threads: int | None = 2,
    target: str = "work.py:work",
    blas: str | None = None,
    **seen: Any,
) -> Evidence:
    """What was seen beside rounds that missed min_speedup=1.5, unless other limits are given."""
    compared = figures.comparison(taken, 0.99)
    verdicts = verdicts_on(limits or Limits(min_speedup=1.5), comparison_figures(compared))
    result = Result(
        test="test_a.py::test_it",
        workload="work",
        arguments={},
        environment="current",
        threads=threads,
        baseline=1,
        outcome=outcome_of(verdicts),
        reason="",
        budget_s=60.0,
        duration_s=5.0,
        confidence=0.99,
        seed=0,
        verdicts=verdicts,
        measurement=compared.contender,
        comparison=compared,
        facts=seen.get("facts", {}),
        blas=blas,
    )
    return Evidence(result, target, machine, **seen)


def idle(cores: float = 1.0, speedup: float = 1.0, **seen: Any) -> Evidence:
    """One of two cores does the work."""
    return evidence(rows(COUNT, speedup, cores=cores), **seen)


def observed(*lines: Mapping[str, Any], **told: Any) -> dict[str, Any]:
    """Facts of a child that was looked on from within: 100 times in a second, if not told otherwise."""
    return {"observed": {"lines": list(lines), "samples": 100, "sampled_s": 1.0, "python_threads": 1, **told}}


def line(
    source: str = "work()", operation: str | None = None, *operands: Mapping[str, Any], **told: Any
) -> dict[str, Any]:
    """A line on which all of the time is spent, if not told otherwise."""
    return {
        "file": "/work.py",
        "line": 7,
        "function": "work",
        "source": source,
        "samples": 100,
        "share": 1.0,
        "thread": "MainThread",
        "operation": operation,
        "function_called": operation,
        "subscripts": None,
        "operands": list(operands),
        "called_from": None,
        **told,
    }


def operand(
    shape: Sequence[int], dtype: str = "float64", strides: Sequence[int] = (), itemsize: int = 8
) -> dict[str, Any]:
    """An array, contiguous if not told otherwise."""
    steps = [itemsize]
    for size in reversed(shape[1:]):
        steps.insert(0, steps[0] * size)
    return {
        "name": "a",
        "type": "numpy.ndarray",
        "dtype": dtype,
        "shape": list(shape),
        "strides": list(strides or steps),
        "itemsize": itemsize,
    }


def seen(*tasks: ThreadSample, variables: Mapping[int, Mapping[str, str]] | None = None) -> ThreadSamples:
    """A tree that was looked on for a second."""
    return ThreadSamples(1.0, tasks, (), variables or {}, ROOT)


def task(
    tid: int = ROOT, pid: int = ROOT, cpu_s: float = 1.0, affinity: str = "0-1", library: str = "", **states: float
) -> ThreadSample:
    """A thread, running all the time if not told otherwise; ``library``: the path of that whose code it runs."""
    return ThreadSample("python", pid, tid, cpu_s, 0.0, states or {"R": 1.0}, 0, 0, affinity, library=library)


def library(kind: str, layer: str | None = "pthreads") -> dict[str, Any]:
    """A mapped library of a kind."""
    return {"kind": kind, "path": f"/lib/lib{kind}.so", "layer": layer}


def pool(threads: int, api: str = "openblas") -> list[dict[str, Any]]:
    """A pool of threads as it is at a moment."""
    return [{"api": api, "path": f"/lib/lib{api}.so", "threads": threads, "layer": None}]
