"""Evidence of programs that suffer from a cause, and of their twins that by a hair do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.diagnosis.causes import catalogue
from pytest_multicore.diagnosis.evidence import BlasCalls, Evidence, Steps
from pytest_multicore.interpreters.native_stacks import NativeFunction, NativeStacks
from pytest_multicore.verdicts.limits import Limits
from tests.rounds import look, made, rows

from .literals import COUNT, evidence, idle, library, line, observed, operand, pool, seen, task

AT_ONE = Limits(max_threads=1)
LARGE = operand([500_000])


def product(*operands: Mapping[str, Any], **told: Any) -> Evidence:
    """A hot product of such operands."""
    return idle(facts=observed(line("a @ b", "matmul", *operands, **told)))


def gemm(work: int, threads: int = 2, seconds: float = 0.1) -> Evidence:
    facts = observed(pools={"opened": pool(threads)})
    return idle(facts=facts, calls=(BlasCalls("dgemm", 1, 1, work, 10, seconds),), threshold=1000)


def elementwise(share: float, threads: int = 1, cores: float = 1.0) -> Evidence:
    facts = observed(line("numpy.exp(a)", "elementwise", LARGE, share=share), python_threads=threads)
    return idle(cores, facts=facts)


def unread(share: float) -> Evidence:
    return idle(facts=observed(line("numpy.exp(load())", "elementwise", share=share)))


def anothers(**told: object) -> dict[str, Any]:
    """An array of a package that threads its operations otherwise than NumPy, and may not say where they lie."""
    return {**operand([5, 9, 9], "float16"), "type": "torch.Tensor", **told}


def memory(elements: int, threads: int = 2) -> Evidence:
    facts = observed(line("numpy.negative(a)", "elementwise", operand([elements])), python_threads=threads)
    return idle(1.9, 1.1, facts=facts)


def python_threads(late_s: float) -> Evidence:
    return idle(facts=observed(line(), python_threads=2, late_s=late_s))


def stacks(
    compiled: float, library: str = "libwork.so", *, held: float | None = 0.0, thread: str = "MainThread"
) -> NativeStacks:
    """Native stacks with a share in one library, and the others in the interpreter."""
    function = NativeFunction(library, "outer", "inner", compiled)
    return NativeStacks(100, 1 - compiled, (function,) if compiled else (), {thread: 1.0}, held)


def calling(share: float, cores: float = 1.0) -> Evidence:
    """A line that calls compiled code, where nobody can look at native stacks."""
    nothing = NativeStacks(0, 0.0, (), {}, missing="py-spy is not installed")
    return idle(cores, facts=observed(line("work(x)", called="package.work", share=share)), native=nothing)


def stepping(step_s: float, share: float = 1.0, **told: Any) -> Evidence:
    """A framework's steps, in rounds of 0.1 s; the framework has a share of the native stacks."""
    calling = line("weights = step(weights, samples)")
    facts = {**observed(calling), "frameworks": {"jax": "0.9"}}
    native = stacks(share, "jaxlib/libjax_common.so")
    return idle(1.2, facts=facts, native=native, steps=Steps(0.1 / step_s, calling), **told)


def lock(source: str = "with self.lock:", **told: Any) -> Evidence:
    at_lock = line(source, share=0.0, **{"thread": "Thread-#", "samples": 50, **told})
    return idle(facts=observed(line(), at_lock, python_threads=2), thread_samples=seen(task()))


def crowded(demand: float) -> Evidence:
    taken = [(made(0.1, 1.9, demand=demand, control=look(2)), made(0.1, 1.0, threads=1, control=look(1)))] * COUNT
    return evidence(taken, thread_samples=seen(task(), task(101), task(102)))


def beside(demand: float) -> Evidence:
    """One thread of Python that got half a core, for a neighbour had the rest of the time that it was ready to run."""
    taken = [(made(0.1, 0.5, demand=demand), made(0.1, 0.5, threads=1))] * COUNT
    return evidence(taken, facts=observed(line()), thread_samples=seen(task(R=0.9, S=0.1)))


def burning(inflation: float) -> Evidence:
    return evidence([(made(0.1, 1.9), made(0.1, 1.9 / inflation, threads=1))] * COUNT)


def forked(after_pool: bool) -> Evidence:
    fork = {"how": "fork", "after_pool": after_pool, "in_region": False, "count": 1}
    return idle(facts=observed(line(), forks=[fork]), thread_samples=seen(task(200, 200), task()))


def handed_over(parent_s: float) -> Evidence:
    """Two children at work, and a parent whose time goes to their pipes."""
    sending = line("n = write(self._handle, buf)", file="/usr/lib/python3.11/multiprocessing/connection.py")
    children = (task(pid, pid, cpu_s=(1 - parent_s) / 2) for pid in (200, 300))
    return idle(facts=observed(sending), thread_samples=seen(task(cpu_s=parent_s), *children))


def late(at_start: str) -> Evidence:
    facts = {**observed(pools={"opened": pool(1)}), "variables": {"OPENBLAS_NUM_THREADS": "2"}}
    return idle(facts=facts, variables_at_start={"OPENBLAS_NUM_THREADS": at_start})


def inherited(kind: str, layer: str = "pthreads", **variables: str) -> Evidence:
    """A library of a kind, and variables that no thread count was set beside."""
    return idle(facts={"libraries": [library(kind, layer)]}, variables_at_start=variables, threads=None)


def exported(count: str) -> Evidence:
    """Two threads of a program whose variables are the user's."""
    taken = [(made(0.1, 2.0, os_threads=2), made(0.19, 1.0, threads=1))] * COUNT
    facts = {"frameworks": {"numba": "0.66"}}
    given = {"OMP_NUM_THREADS": count}
    return evidence(taken, limits=Limits(max_cores=1.3), threads=None, facts=facts, variables_at_start=given)


def capped(**variables: str) -> Evidence:
    return idle(facts={"libraries": [library("openmp", None)]}, variables_at_start=variables)


def masked(affinity: str) -> Evidence:
    return idle(facts={"affinity_at_start": [0, 1], "affinity": [0, 1]}, thread_samples=seen(task(affinity=affinity)))


def on_mkl(*, dynamic: bool) -> Evidence:
    return idle(facts=observed(pools={"region": [{**pool(2, "mkl")[0], "dynamic": dynamic}]}))


def lowered(inside: int) -> Evidence:
    return idle(facts=observed(pools={"opened": pool(2), "region": pool(inside)}))


def workers(given: str) -> Evidence:
    return idle(thread_samples=seen(task(200, 200), variables={200: {"OMP_NUM_THREADS": given}}), threads=None)


def theano(**config: object) -> Evidence:
    return idle(facts={"theano": {"cxx": "g++", "openmp": True, "device": "cpu", **config}})


def quota(cores: float | None) -> Evidence:
    return idle(1.2, quota=cores)


def amdahl(speedup: float) -> Evidence:
    return idle(1.2, speedup)


def resting(speedup: float) -> Evidence:
    """Threads that share the work, and the waiting: few cores are busy."""
    return evidence(rows(COUNT, speedup, cores=1.2), limits=Limits(min_cores=1.5))


def keys(found: Evidence) -> list[str]:
    """What the evidence suggests, the likeliest first."""
    return [one.key for one in catalogue.ranked_suspicions(found)]
