"""Causes in thread pools that are at work: too many threads for the cores, and threads that spin."""

from __future__ import annotations

import re

from pytest_multicore.diagnosis.evidence import MAX_CORES_OF_ONE_THREAD, MIN_CPU_INFLATION, Evidence
from pytest_multicore.diagnosis.openmp_settings import Harm, openmp_setting
from pytest_multicore.diagnosis.pools_at_work import (
    OPENMP,
    TBB,
    knobs_of_pools_at_work,
    pool_is_at_work,
    pools_in_words,
)
from pytest_multicore.diagnosis.start_changes import StartChange
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial
from pytest_multicore.verdicts.words import duration_in_words, threads_in_words

from .settings import assignments, kept_from, listed, openmp_changes, who_set

#: Cores demanded over cores granted: from here on there are too many threads, whoever they are.
MIN_OVERLOAD_RATIO = 1.25
#: By imported module, the variable of a pool that it brings along, and whose threads the pool's are.
POOL_VARIABLES = {
    "jax": ("PJRT_NPROC", ("XLA",)),
    "tensorflow": ("TF_NUM_INTRAOP_THREADS", ("TensorFlow",)),
    "numba": ("NUMBA_NUM_THREADS", ("Numba", OPENMP, TBB)),
    "polars": ("POLARS_MAX_THREADS", ("Polars",)),
    "numexpr": ("NUMEXPR_NUM_THREADS", ("NumExpr",)),
}
#: The same by kind of a BLAS with threads of its own.
BLAS_VARIABLES = {
    "openblas": ("OPENBLAS_NUM_THREADS", ("OpenBLAS",)),
    "mkl": ("MKL_NUM_THREADS", ("MKL", OPENMP, TBB)),
    "blis": ("BLIS_NUM_THREADS", ("BLIS", OPENMP)),
}
OF_OPENMP = ("OMP_NUM_THREADS", (OPENMP,))
#: The file of a library with a BLAS or LAPACK.
BLAS_FILE = re.compile(r"blas|lapack|mkl|blis|atlas|Accelerate", re.IGNORECASE)
#: Of a pool's threads together. A wake-up takes some 5 to 50 us, which is next to nothing beside more work.
MIN_WAKES, MAX_CPU_OF_A_WAKE_S = 100, 200e-6
#: Inner pools that are tried at one thread, one after the other: each trial takes seconds.
MAX_POOL_TRIALS = 2


def oversubscribed(evidence: Evidence) -> Suspicion | None:
    """More threads want to run than there are cores, and they displace each other."""
    if not evidence.minimum_missed or not evidence.result.measurement or not evidence.thread_samples.tasks:
        return None
    granted, threads = evidence.machine.cores_granted, evidence.working_threads
    overloaded = evidence.demanded_cores >= MIN_OVERLOAD_RATIO * granted
    if len(threads) <= granted or not (overloaded or _pools_in_pools(evidence)):
        return None
    displaced = sum(thread.involuntary for thread in threads) / max(evidence.thread_samples.wall_s, 1e-9)
    callers, pools = evidence.calling_threads, evidence.pool_threads != []
    of_pools = f", {callers} of which call a pool that has its own{_whose(evidence)}" if callers > 1 and pools else ""
    return Suspicion(
        key="oversubscribed",
        strength=0.8 if overloaded else 0.65,
        evidence=f"{len(threads)} threads want {evidence.demanded_cores:.1f} cores where {granted:g} are granted"
        f"{of_pools}; they were displaced {displaced:.0f} times a second",
        remedy="give the inner pool one thread, or the outer one fewer" if pools else "fewer threads, or processes",
        trials=[_one_thread_inside(name, callers) for name in _inner_pools(evidence)[:MAX_POOL_TRIALS]],
    )


def _pools_in_pools(evidence: Evidence) -> bool:
    """Whether several callers keep a pool at work: each has a team of its own, or waits for the one that there is."""
    return bool(evidence.calling_threads > 1 and evidence.pool_threads)


def _whose(evidence: Evidence) -> str:
    names = pools_in_words(evidence.pool_threads or ())
    return f" ({names})" if names else ""


def _inner_pools(evidence: Evidence) -> list[str]:
    """The variables of the pools that may be the inner ones, those first that were seen at work."""
    frameworks = evidence.facts.get("frameworks", {})
    found = [pool for module, pool in POOL_VARIABLES.items() if module in frameworks]
    if _blas_may_work(evidence):
        found += [
            OF_OPENMP if library.get("layer") == "openmp" else BLAS_VARIABLES[library["kind"]]
            for library in evidence.libraries_of_kind(*BLAS_VARIABLES)
        ]
    if evidence.libraries_of_kind("openmp") or not found:
        found.append(OF_OPENMP)
    return knobs_of_pools_at_work(evidence, dict(found))


def _one_thread_inside(variable: str, callers: int) -> Trial:
    """The pool at one thread. Where several call it they still have to: the same variable may size the outer pool."""
    return Trial(
        f"{variable}=1",
        Effect.FASTER,
        Change(variables={variable: "1"}),
        min_cores=MAX_CORES_OF_ONE_THREAD if callers > 1 else 0.0,
        remedy=f"set {variable}=1, which leaves the cores to the outer pool",
    )


def busy_waiting(evidence: Evidence) -> Suspicion | None:
    """Cores are busy and the work is no faster: a pool's threads spin while they wait."""
    comparison, pool_threads = evidence.result.comparison, evidence.pool_threads
    if not evidence.minimum_missed or comparison is None or evidence.cpu_inflation < MIN_CPU_INFLATION:
        return None
    if pool_threads is not None and not pool_threads:
        return None  # all that is busy is Python's: no pool's thread can have spun
    baseline, told = threads_in_words(evidence.result.baseline), _told_to_spin(evidence)
    return Suspicion(
        key="busy-waiting",
        strength=0.9 if told and told[0].openmp_followed else 0.6,
        evidence=f"{evidence.busy_cores:.2f} cores busy, {comparison.useful_cores:.2f} useful, "
        f"for {evidence.cpu_inflation:.2f}x the CPU time{_pool_in_words(evidence)}"
        + "".join(f"; {who_set(evidence, change)}" for change in told),
        remedy=f"{baseline} for this work: {1 / comparison.ratio.estimate:.2f}x as fast for "
        f"{1 / evidence.cpu_inflation:.2f}x the CPU time, as measured",
        remedy_is_measured=True,
        trials=[*(kept_from(change, Effect.LESS_CPU) for change in told), *_passive_waits(evidence)],
    )


def _told_to_spin(evidence: Evidence) -> list[StartChange]:
    """What the program itself set that has OpenMP's threads spin; nothing where these were not at work."""
    if pool_is_at_work(evidence, (OPENMP,)) is False:
        return []
    return [change for change, _ in openmp_changes(evidence, Harm.SPINS)]


def passive_wait(evidence: Evidence) -> Suspicion | None:
    """OpenMP's threads were told to sleep as soon as they wait, and to wake them takes longer than their work."""
    if not evidence.lacks_useful_cores or pool_is_at_work(evidence, (OPENMP,)) is False:
        return None
    pool_threads = evidence.pool_threads
    if pool_threads is not None and sum(thread.voluntary for thread in pool_threads) < MIN_WAKES:
        return None
    by_program = [change for change, _ in openmp_changes(evidence, Harm.SLEEPS)]
    start = {
        name: value
        for name, value in evidence.variables_at_start.items()
        if (setting := openmp_setting(name, value)) and setting.harm is Harm.SLEEPS
    }
    if not (by_program or start):
        return None
    told = [who_set(evidence, change) for change in by_program]
    told += [f"{assignments(start)} in the environment"] if start else []
    names = listed(list(dict.fromkeys([*(change.variable for change in by_program), *start])))
    keep = tuple(f"keep-variable {change.variable}" for change in by_program)
    who = f"{by_program[0].who} kept from setting {listed([one.variable for one in by_program])}" if by_program else ""
    unset = f"{listed(list(start))} unset" if start else ""
    return Suspicion(
        key="passive-wait",
        strength=0.9 if any(change.openmp_followed for change in by_program) else 0.7,
        evidence=f"{'; '.join(told)}: OpenMP's threads sleep as soon as they wait{_pool_in_words(evidence)}",
        remedy=f"leave {names} alone where parallel regions are short; or fewer, longer regions",
        trials=[
            Trial(
                "; ".join(filter(None, [who, unset])),
                Effect.FASTER,
                Change(variables=dict.fromkeys(start), agent_changes=keep),
            )
        ],
    )


def _pool_in_words(evidence: Evidence) -> str:
    """Whose threads they are, in words, and that they sleep and are woken all the time: each gets too little work."""
    pool_threads = evidence.pool_threads or ()
    wakes, cpu_s = (sum(getattr(thread, figure) for thread in pool_threads) for figure in ("voluntary", "cpu_s"))
    whose = _whose(evidence)
    if wakes < MIN_WAKES or cpu_s > MAX_CPU_OF_A_WAKE_S * wakes:
        return f"; a pool's threads are at work{whose}" if whose else ""
    return f"; the pool's threads{whose} fell asleep after {duration_in_words(cpu_s / wakes)} of work each time"


def _passive_waits(evidence: Evidence) -> list[Trial]:
    """Have the threads of the pools sleep soon, those first that were seen at work."""
    trials, pools = {}, {}
    if evidence.libraries_of_kind("openblas") and _blas_may_work(evidence):
        timeout = Change(variables={"OPENBLAS_THREAD_TIMEOUT": "4"})
        pools["OPENBLAS_THREAD_TIMEOUT=4"], trials["OPENBLAS_THREAD_TIMEOUT=4"] = ("OpenBLAS",), timeout
    if any(library.get("layer") == "openmp" for library in evidence.libraries) or evidence.libraries_of_kind("openmp"):
        policy = Change(variables={"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": None, "KMP_BLOCKTIME": None})
        pools["OMP_WAIT_POLICY=PASSIVE"], trials["OMP_WAIT_POLICY=PASSIVE"] = (OPENMP,), policy
    if evidence.libraries_of_kind("mkl"):
        # Products that go to MKL, as PyTorch's, leave the pool of NumPy's OpenBLAS asleep.
        pools = dict(reversed(pools.items()))
    return [_passive_wait(knob, trials[knob]) for knob in knobs_of_pools_at_work(evidence, pools)]


def _passive_wait(knob: str, change: Change) -> Trial:
    return Trial(knob, Effect.LESS_CPU, change, remedy=f"set {knob}, so that the cores are free for others")


def _blas_may_work(evidence: Evidence) -> bool:
    """Whether a BLAS may have been called, or its threads were seen at work: LAPACK's functions call it from within."""
    return blas_is_used(evidence) or bool(pool_is_at_work(evidence, ("OpenBLAS", "MKL", "BLIS")))


def blas_is_used(evidence: Evidence) -> bool:
    """Whether the BLAS was called, as far as that is known: by its recorded calls, or by the lines of the program.

    Only calls of matrix products and their like are recorded; those of LAPACK's functions stay within the library.
    """
    by_lines = evidence.operation_share("matmul", "einsum", "linalg") > 0
    return evidence.calls is None or bool(evidence.calls) or by_lines


def was_blas_called(evidence: Evidence) -> bool | None:
    """Whether a BLAS did any of the work; None where that is not certain.

    It is not called where no product was recorded, no line has one, and no native stack ends in its library: LAPACK's
    functions call it from within.
    """
    if evidence.calls or evidence.operation_share("matmul", "einsum", "linalg") > 0:
        return True
    if evidence.calls is None or not (evidence.native and evidence.native.samples):
        return None
    return any(BLAS_FILE.search(function.library) for function in evidence.native.functions)


DETECTORS = (oversubscribed, busy_waiting, passive_wait)
