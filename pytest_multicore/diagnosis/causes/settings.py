"""Causes that somebody set: a variable, a limit, a mask. Each function is a detector of one key."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial
from pytest_multicore.environments.threads import THREAD_VARIABLES

#: What a library reads, strongest first (docs/explanation/causes.md names the sources). OpenBLAS built for OpenMP reads
#: OMP_NUM_THREADS alone.
STRENGTH = {
    "openblas": (
        "OPENBLAS_NUM_THREADS",
        "GOTO_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_DEFAULT_NUM_THREADS",
    ),
    "mkl": ("MKL_DOMAIN_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"),
    "blis": ("BLIS_JC_NT", "BLIS_IC_NT", "BLIS_JR_NT", "BLIS_IR_NT", "BLIS_NUM_THREADS", "OMP_NUM_THREADS"),
}
#: Caps beside the counts themselves; an OpenMP runtime obeys the first two.
CAPS = ("OMP_THREAD_LIMIT", "OMP_DYNAMIC", "MKL_DYNAMIC", "OPENBLAS_DEFAULT_NUM_THREADS")
BINDING = ("OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY")


def set_too_late(found: Evidence) -> Suspicion | None:
    """A variable that the program sets after the library has read it."""
    late = {
        name: value
        for name, value in found.variables.items()
        if name in THREAD_VARIABLES and value != found.started_with.get(name) and _number(value) > _most_pooled(found)
    }
    if not (found.idle and late):
        return None
    name, value = next(iter(late.items()))
    before = found.started_with.get(name)
    told = f"{name}={value} within the program, but {'unset' if before is None else before} when it started"
    return Suspicion(
        "set-too-late",
        0.95,
        f"{told}: the library had read it by then, and its pool has {_most_pooled(found):.0f}{_who_set(found, name)}",
        f"set {name}={value} before the interpreter starts, or before the first import that loads the library",
        [Trial(f"{_settings(late)} from the start", Effect.MORE_CORES, Change(variables=dict(late)))],
    )


def overridden_variable(found: Evidence) -> Suspicion | None:
    """Two variables disagree, and the library follows the one that allows less."""
    if not found.idle:
        return None
    for kind, order in STRENGTH.items():
        known = [(name, _number(found.started_with[name])) for name in order if name in found.started_with]
        if not _read_by(found, kind) or not known:
            continue
        stronger, least = known[0]
        weaker = next((name for name, value in known[1:] if value > least), None)
        if weaker and least < found.wanted:
            return Suspicion(
                "overridden-variable",
                0.9,
                f"{stronger}={found.started_with[stronger]} wins over {weaker}={found.started_with[weaker]}",
                f"unset {stronger}, or set it to the same",
                [Trial(f"{stronger} unset", Effect.MORE_CORES, Change(variables={stronger: None}))],
            )
    return None


def thread_limit(found: Evidence) -> Suspicion | None:
    """A cap on threads beside the count that was asked for, or the count itself where none was asked for."""
    if not found.idle:
        return None
    counts = THREAD_VARIABLES if found.result.threads is None else ()
    caps = {
        name: found.started_with[name]
        for name in (*CAPS, *counts)
        if name in found.started_with and _caps(found.started_with[name], found.wanted)
    }
    if not caps:
        return _dynamic_by_itself(found)
    obeyed = bool(found.kinds("openmp", "mkl") or counts)
    # MKL is dynamic unless it is told otherwise: to unset that changes nothing.
    change = {name: "FALSE" if name == "MKL_DYNAMIC" else None for name in caps}
    knobs = [f"{name} unset" if value is None else f"{name}={value}" for name, value in change.items()]
    remedies = [
        f"unset {name}, or raise it" if value is None else f"set {name}={value}" for name, value in change.items()
    ]
    return Suspicion(
        "thread-limit",
        0.85 if obeyed else 0.2,
        f"{_settings(caps)} in the environment, and {found.wanted:g} cores could be used",
        "; ".join(remedies),
        [Trial(" and ".join(knobs), Effect.MORE_CORES, Change(variables=change))],
    )


def _dynamic_by_itself(found: Evidence) -> Suspicion | None:
    """MKL takes fewer threads than it was told where it thinks that better, unless it may not."""
    pools = found.observed.get("pools", {}).get("region", ())
    if "MKL_DYNAMIC" in found.started_with or not any(one["api"] == "mkl" and one.get("dynamic") for one in pools):
        return None
    return Suspicion(
        "thread-limit",
        0.3,
        "MKL may take fewer threads than it is told, which it does unless MKL_DYNAMIC is FALSE",
        "set MKL_DYNAMIC=FALSE",
        [Trial("MKL_DYNAMIC=FALSE", Effect.MORE_CORES, Change(variables={"MKL_DYNAMIC": "FALSE"}))],
    )


def affinity_narrowed(found: Evidence) -> Suspicion | None:
    """Threads, or the processes to come, may use fewer cores than the interpreter was given."""
    at_start = found.facts.get("affinity_at_start")
    if not (found.idle and at_start):
        return None
    now = [found.facts.get("affinity"), found.observed.get("inherited_affinity")]
    masks = [len(mask) for mask in now if mask] + [cpus_in(task.affinity) for task in found.seen.tasks if task.affinity]
    if not masks or min(masks) >= min(len(at_start), found.wanted):
        return None
    bound = {name: found.started_with[name] for name in BINDING if name in found.started_with}
    who = _importer(found, "affinity")
    by = f"import of {who}" if who else _settings(bound) or "the program"
    trials = [Trial("the mask of the start restored", Effect.MORE_CORES, Change(child=("restore-affinity",)))]
    if bound:
        unset = Change(variables=dict.fromkeys(bound, None))
        trials.insert(0, Trial(f"{' and '.join(bound)} unset", Effect.MORE_CORES, unset))
    return Suspicion(
        "affinity-narrowed",
        0.95,
        f"of {len(at_start)} CPUs at the start, threads may use {min(masks)} now: narrowed by {by}",
        f"restore it after the import (os.sched_setaffinity), or have {who} leave it"
        if who
        else f"unset {' and '.join(bound)}"
        if bound
        else "find who calls sched_setaffinity, and restore the mask",
        trials,
    )


def limited_at_runtime(found: Evidence) -> Suspicion | None:
    """A pool that is large before the region is small inside it."""
    pools = found.observed.get("pools", {})
    inside = {one["path"]: one for one in pools.get("region", ()) if one["threads"] is not None}
    for one in pools.get("opened", ()):
        within = inside.get(one["path"])
        if found.idle and within and one["threads"] and within["threads"] < min(one["threads"], found.wanted):
            return Suspicion(
                "limited-at-runtime",
                0.95,
                f"the pool of {one['api']} has {one['threads']} threads before the region, {within['threads']} in it",
                "find who lowers it there (threadpool_limits, set_num_threads) and raise it for this call",
                [Trial("calls that lower a pool ignored", Effect.MORE_CORES, Change(child=("keep-limits",)))],
            )
    return None


def nested_limit(found: Evidence) -> Suspicion | None:
    """Threads within a pool of workers, or within OpenMP threads: by design there are fewer, or none."""
    if not found.idle:
        return None
    for variables in found.seen.variables.values():
        for name in THREAD_VARIABLES:
            inner, outer = _number(variables.get(name, "")), _number(found.started_with.get(name, "inf"))
            if name in variables and inner < min(outer, found.wanted):
                return _limited_workers(found, f"{name}={variables[name]}")
    if found.kinds("openmp") and "OMP_MAX_ACTIVE_LEVELS" not in found.started_with:
        return Suspicion(
            "nested-limit",
            0.4,
            "an OpenMP runtime is loaded, and OMP_MAX_ACTIVE_LEVELS is unset: a parallel region within another stays "
            "on one thread",
            "by design: call it outside of the outer region, or set OMP_MAX_ACTIVE_LEVELS=2 and divide the threads",
            [Trial("OMP_MAX_ACTIVE_LEVELS=2", Effect.MORE_CORES, Change(variables={"OMP_MAX_ACTIVE_LEVELS": "2"}))],
        )
    return None


def _limited_workers(found: Evidence, given: str) -> Suspicion:
    name = given.partition("=")[0]
    same = Change(variables=dict.fromkeys(THREAD_VARIABLES, f"{found.wanted:.0f}"))
    return Suspicion(
        "nested-limit",
        0.92,
        f"worker processes were given {given} by the pool that started them, so that workers times threads fit the "
        "machine",
        "by design: start fewer workers, raise inner_max_num_threads, or call outside of the pool",
        [Trial(f"{name} set by name, which the pool leaves alone", Effect.MORE_CORES, same)],
    )


def cpus_in(listed: str) -> int:
    """How many CPUs a list of the kernel's notation names: ``0-3,8`` are five."""
    total = 0
    for part in filter(None, listed.split(",")):
        first, _, last = part.partition("-")
        total += int(last or first) - int(first) + 1
    return total


def _read_by(found: Evidence, kind: str) -> bool:
    """Whether a library of this kind is mapped that reads its own variables."""
    return any(one.get("layer") != "openmp" or kind != "openblas" for one in found.kinds(kind))


def _most_pooled(found: Evidence) -> float:
    return max(found.pools("opened"), default=0)


def _who_set(found: Evidence, name: str) -> str:
    who = _importer(found, f"variable {name}")
    return f" (set by the import of {who})" if who else ""


def _importer(found: Evidence, what: str) -> str | None:
    """The module whose import changed something; None where it was changed outside of any import."""
    changes = found.observed.get("imports", ())
    return next((one["module"] for one in changes if one["what"] == what and one["module"]), None)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _caps(value: str, wanted: float) -> bool:
    return value.lower() in ("true", "1") if not value.isdigit() else int(value) < wanted


def _settings(variables: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in variables.items())


DETECTORS = (
    affinity_narrowed,
    limited_at_runtime,
    set_too_late,
    overridden_variable,
    thread_limit,
    nested_limit,
)
