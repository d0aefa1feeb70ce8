"""Causes in variables that were set before or within the program. Each function is a detector of one key."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial
from pytest_multicore.environments.threads import THREAD_VARIABLES

#: What a library reads, strongest first (docs/explanation/causes.md names the sources). OpenBLAS built for OpenMP reads
#: OMP_NUM_THREADS alone.
PRECEDENCE = {
    "openblas": (
        "OPENBLAS_NUM_THREADS",
        "GOTO_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_DEFAULT_NUM_THREADS",
    ),
    "mkl": ("MKL_DOMAIN_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"),
    "blis": ("BLIS_JC_NT", "BLIS_IC_NT", "BLIS_JR_NT", "BLIS_IR_NT", "BLIS_NUM_THREADS", "OMP_NUM_THREADS"),
}
#: Variables that cap a thread count without setting it; an OpenMP runtime obeys the first two.
CAP_VARIABLES = ("OMP_THREAD_LIMIT", "OMP_DYNAMIC", "MKL_DYNAMIC", "OPENBLAS_DEFAULT_NUM_THREADS")


def set_too_late(evidence: Evidence) -> Suspicion | None:
    """A variable that the program sets after the library has read it."""
    pool_size = max(evidence.pool_sizes("opened"), default=0)
    late = {
        name: value
        for name, value in evidence.variables.items()
        if name in THREAD_VARIABLES
        and value != evidence.variables_at_start.get(name)
        and thread_count(value) > pool_size
    }
    if not (evidence.has_idle_cores and late):
        return None
    name, value = next(iter(late.items()))
    before = evidence.variables_at_start.get(name)
    change = f"{name}={value} within the program, but {'unset' if before is None else before} when it started"
    module = importer(evidence, f"variable {name}")
    by = f" (set by the import of {module})" if module else ""
    return Suspicion(
        key="set-too-late",
        strength=0.95,
        evidence=f"{change}: the library had read it by then, and its pool has {pool_size:.0f}{by}",
        remedy=f"set {name}={value} before the interpreter starts, or before the first import that loads the library",
        trials=[Trial(f"{assignments(late)} from the start", Effect.MORE_CORES, Change(variables=dict(late)))],
    )


def overridden_variable(evidence: Evidence) -> Suspicion | None:
    """Two variables disagree, and the library follows the one that allows less."""
    if not evidence.has_idle_cores:
        return None
    start = evidence.variables_at_start
    for kind, order in PRECEDENCE.items():
        counts = [(name, thread_count(start[name])) for name in order if name in start]
        if not _reads_own_variables(evidence, kind) or not counts:
            continue
        stronger, count = counts[0]
        weaker = next((name for name, value in counts[1:] if value > count), None)
        if weaker and count < evidence.usable_cores:
            return Suspicion(
                key="overridden-variable",
                strength=0.9,
                evidence=f"{stronger}={start[stronger]} wins over {weaker}={start[weaker]}",
                remedy=f"unset {stronger}, or set it to the same",
                trials=[Trial(f"{stronger} unset", Effect.MORE_CORES, Change(variables={stronger: None}))],
            )
    return None


def thread_limit(evidence: Evidence) -> Suspicion | None:
    """A cap below the thread count that was asked for; where none was asked for, a low count itself."""
    if not evidence.has_idle_cores:
        return None
    start = evidence.variables_at_start
    counts = THREAD_VARIABLES if evidence.inherits_variables else ()
    caps = {
        name: start[name]
        for name in (*CAP_VARIABLES, *counts)
        if name in start and _is_cap(name, start[name], evidence.usable_cores)
    }
    if not caps:
        return _mkl_dynamic(evidence)
    obeyed = bool(evidence.libraries_of_kind("openmp", "mkl") or counts)
    # MKL_DYNAMIC is TRUE by default: to unset it changes nothing.
    change = {name: "FALSE" if name == "MKL_DYNAMIC" else None for name in caps}
    knobs = [f"{name} unset" if value is None else f"{name}={value}" for name, value in change.items()]
    remedies = [
        f"unset {name}, or raise it" if value is None else f"set {name}={value}" for name, value in change.items()
    ]
    return Suspicion(
        key="thread-limit",
        strength=0.85 if obeyed else 0.2,
        evidence=f"{assignments(caps)} in the environment, and {evidence.usable_cores:g} cores could be used",
        remedy="; ".join(remedies),
        trials=[Trial(" and ".join(knobs), Effect.MORE_CORES, Change(variables=change))],
    )


def _mkl_dynamic(evidence: Evidence) -> Suspicion | None:
    """MKL may take fewer threads than it is told to, because MKL_DYNAMIC is TRUE by default."""
    pools = evidence.observed.get("pools", {}).get("region", ())
    dynamic = any(pool["api"] == "mkl" and pool.get("dynamic") for pool in pools)
    if "MKL_DYNAMIC" in evidence.variables_at_start or not dynamic:
        return None
    return Suspicion(
        key="thread-limit",
        strength=0.3,
        evidence="MKL may take fewer threads than it is told, which it does unless MKL_DYNAMIC is FALSE",
        remedy="set MKL_DYNAMIC=FALSE",
        trials=[Trial("MKL_DYNAMIC=FALSE", Effect.MORE_CORES, Change(variables={"MKL_DYNAMIC": "FALSE"}))],
    )


def importer(evidence: Evidence, what: str) -> str | None:
    """The module whose import changed something; None where it was changed outside of any import."""
    changes = evidence.observed.get("imports", ())
    return next((change["module"] for change in changes if change["what"] == what and change["module"]), None)


def thread_count(text: str) -> float:
    """The number in a variable's value, of a list for nested regions the first; 0 where it is none."""
    try:
        return float(text.partition(",")[0])
    except ValueError:
        return 0.0


def assignments(variables: Mapping[str, str]) -> str:
    """Variables with their values, for the report: ``A=1, B=2``."""
    return ", ".join(f"{name}={value}" for name, value in variables.items())


def _reads_own_variables(evidence: Evidence, kind: str) -> bool:
    """Whether a library of this kind is mapped that reads its own variables."""
    libraries = evidence.libraries_of_kind(kind)
    return any(library.get("layer") != "openmp" or kind != "openblas" for library in libraries)


def _is_cap(name: str, value: str, cores: float) -> bool:
    """Whether a variable keeps a pool from so many cores."""
    if name.endswith("_DYNAMIC"):
        return value.strip().lower() in ("true", "1", "yes")
    return 0 < thread_count(value) < cores


DETECTORS = (set_too_late, overridden_variable, thread_limit)
