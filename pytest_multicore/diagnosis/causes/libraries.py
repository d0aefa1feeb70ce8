"""Causes in the libraries that a program loads: which BLAS, which threading layer, whether there is a compiler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.pools_at_work import OPENMP, TBB, knobs_of_pools_at_work, pool_is_at_work
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial
from pytest_multicore.environments.threaded_libraries import libraries_in
from pytest_multicore.verdicts.words import cores_in_words

from .run_time_limits import cpus_in
from .settings import OWN_VARIABLE

#: A BLAS to try in place of the reference BLAS, best first.
BLAS_TO_TRY = ("openblas-pthread", "scipy", "mkl", "blis")
#: By a library's own variable, whose threads its pool's are.
OWN_POOLS = {
    "BLOSC_NTHREADS": ("Blosc", "Blosc2"),
    "OPENCV_FOR_THREADS_NUM": ("OpenCV", OPENMP, TBB),
    "NUMBA_NUM_THREADS": ("Numba", OPENMP, TBB),
    "NUMEXPR_NUM_THREADS": ("NumExpr",),
    "POLARS_MAX_THREADS": ("Polars",),
}


def sequential_layer(evidence: Evidence) -> Suspicion | None:
    """MKL's threading layer keeps it on one thread."""
    sequential = any(library.get("layer") == "sequential" for library in evidence.libraries_of_kind("mkl"))
    if not (evidence.has_idle_cores and sequential):
        return None
    name = "MKL_THREADING_LAYER"
    layer = evidence.variables_at_start.get(name) or evidence.variables.get(name, "")
    by = f"{name}={layer}" if layer else "the library as it was linked"
    return Suspicion(
        key="sequential-layer",
        strength=0.95,
        evidence=f"MKL's threading layer is sequential, by {by}",
        remedy="set MKL_THREADING_LAYER=GNU (or INTEL, where its runtime is installed), or link another threading "
        "layer",
        trials=[
            Trial(f"{name}={value}", Effect.MORE_CORES, Change(variables={name: value})) for value in ("GNU", "INTEL")
        ],
    )


def reference_blas(evidence: Evidence) -> Suspicion | None:
    """The reference BLAS is in use, which has no threads; where another BLAS is mapped too, it may be in use."""
    reference = evidence.libraries_of_kind("reference")
    alone = reference and not evidence.libraries_of_kind("openblas", "mkl", "blis", "accelerate")
    used = [name.strip().startswith("reference BLAS") for name in (evidence.result.blas or "").split("+")]
    certain = alone or used == [True]
    if not (evidence.has_idle_cores and (certain or any(used))):
        return None
    path = reference[0]["path"] if reference else "its library"
    return Suspicion(
        key="reference-blas",
        strength=0.95 if certain else 0.7,
        evidence=f"{path} is the reference BLAS: it has no threads"
        + ("" if certain else " (another BLAS is mapped beside it)"),
        remedy="install or link OpenBLAS, MKL or BLIS (Debian: libopenblas0-pthread), or set blas.ldflags or "
        "LD_LIBRARY_PATH",
        trials=[Trial(f"BLAS {name}", Effect.MORE_CORES, Change(blas=name)) for name in BLAS_TO_TRY],
    )


def no_compiler(evidence: Evidence) -> Suspicion | None:
    """Theano or PyTensor without a C++ compiler runs Python code in place of its own."""
    if not evidence.has_idle_cores:
        return None
    for name in ("theano", "pytensor"):
        config: Mapping[str, Any] | None = evidence.facts.get(name)
        if config is not None and config.get("cxx") == "":
            return Suspicion(
                key="no-compiler",
                strength=0.9,
                evidence=f"{name}.config.cxx is empty: what would be compiled runs in Python",
                remedy="install g++ and its headers, or set cxx to where it is",
                trials=[
                    Trial(f"cxx={compiler}", Effect.MORE_CORES, Change(theano_flags={"cxx": compiler}))
                    for compiler in evidence.compilers[:1]
                ],
            )
    return None


def ignores_setting(evidence: Evidence) -> Suspicion | None:
    """More threads work than were asked for."""
    measurement, count = evidence.result.measurement, evidence.result.threads or _exported_count(evidence)
    if count is None or measurement is None or measurement.threads_seen.estimate <= count:
        return None
    if not {"max_threads", "max_cores"} & set(evidence.missed_limits):
        return None
    if evidence.working_threads and len(evidence.working_threads) <= count:  # another thread feeds these
        return None
    loaded = {
        variable: OWN_POOLS[variable]
        for name, variable in OWN_VARIABLE.items()
        if name in evidence.facts.get("frameworks", {}) and evidence.variables_at_start.get(variable) != str(count)
    }
    variables = knobs_of_pools_at_work(evidence, loaded)
    python_threads = evidence.observed_figure("python_threads")
    where = f"where {count} were asked for by every known variable"
    if evidence.result.threads is None:
        where = f"where OMP_NUM_THREADS={count} is in the environment"
    elif evidence.inherits_variables:
        where = f"on {cores_in_words(count)}: no affinity sizes its pool"
    return Suspicion(
        key="ignores-setting",
        strength=0.8,
        evidence=f"{measurement.threads_seen.estimate:.0f} threads got CPU time {where}"
        + (f"; {python_threads:.0f} are Python's" if python_threads > 1 else "")
        + _pinned_elsewhere(evidence),
        remedy=f"set {variables[0]}={count}" if variables else _own_settings(evidence),
        trials=[
            Trial(f"{variable}={count}", Effect.FEWER_THREADS, Change(variables={variable: str(count)}))
            for variable in variables
        ],
    )


def _pinned_elsewhere(evidence: Evidence) -> str:
    """That threads left the CPUs that the process was given, in words: some pools pin theirs by number."""
    given = set(evidence.facts.get("affinity") or ())
    masks = [cpus_in(thread.affinity) for thread in evidence.working_threads if thread.affinity]
    left = [mask for mask in masks if not mask <= given]
    if not (given and left):
        return ""
    beyond = set().union(*left) - given
    return f"; {len(left)} of them may run on {_cpus(beyond)}, beyond the affinity of the process ({_cpus(given)})"


def _cpus(numbers: set[int]) -> str:
    return f"CPU{'' if len(numbers) == 1 else 's'} {', '.join(map(str, sorted(numbers)))}"


def _own_settings(evidence: Evidence) -> str:
    """What sizes the pools of the mapped libraries that read no variable, by each library's own setting."""
    found = [
        one
        for one in libraries_in(evidence.mapped_files)
        if one.setting and not one.variables and pool_is_at_work(evidence, (one.name,)) is not False
    ]
    settings = "; ".join(f"{one.name}: {one.setting}" for one in found)
    return settings or "find its pool, and give it its count by name"


def _exported_count(evidence: Evidence) -> int | None:
    """The count in OMP_NUM_THREADS, which most libraries read, where the program's variables are the user's."""
    value = evidence.variables_at_start.get("OMP_NUM_THREADS", "")
    return int(value) if value.isdigit() else None


DETECTORS = (sequential_layer, reference_blas, no_compiler, ignores_setting)
