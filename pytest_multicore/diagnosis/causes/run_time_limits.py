"""Causes that limit threads at run time: an affinity mask, a pool's size, a pool of workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.start_changes import POOL, start_changes
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial
from pytest_multicore.environments.threaded_libraries import LIBRARIES
from pytest_multicore.environments.threads import THREAD_VARIABLES
from pytest_multicore.verdicts.words import threads_in_words

from .settings import assignments, importer, listed, setter_calls, setter_place, thread_count

AFFINITY_VARIABLES = ("OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY")


def affinity_narrowed(evidence: Evidence) -> Suspicion | None:
    """Threads, or processes that start later, may use fewer cores than the interpreter was given."""
    at_start = evidence.facts.get("affinity_at_start")
    if not (evidence.has_idle_cores and at_start):
        return None
    masks = [evidence.facts.get("affinity"), evidence.observed.get("inherited_affinity")]
    counts = [len(mask) for mask in masks if mask]
    # A pool may pin each of its workers to a CPU of its own: together they have as many as before.
    at_work = evidence.working_threads or evidence.thread_samples.tasks
    threads = [cpus_in(thread.affinity) for thread in at_work if thread.affinity]
    counts += [len(set().union(*threads))] if threads else []
    if not counts or min(counts) >= min(len(at_start), evidence.usable_cores):
        return None
    mask = next((mask for mask in masks if mask and len(mask) == min(counts)), None)
    by, remedy, unset = _who_narrowed(evidence, mask)
    restored = Change(agent_changes=("restore-affinity",))
    return Suspicion(
        key="affinity-narrowed",
        strength=0.95,
        evidence=f"of {len(at_start)} CPUs at the start, threads may use {min(counts)} now: narrowed by {by}",
        remedy=remedy,
        trials=[*unset, Trial("the mask of the start restored", Effect.MORE_CORES, restored)],
    )


def _who_narrowed(evidence: Evidence, mask: Sequence[int] | None) -> tuple[str, str, list[Trial]]:
    """Who narrowed the affinity, what to do about it, and a trial without the variables that had it narrowed."""
    start, values = evidence.variables_at_start, evidence.variables
    called = setter_place(evidence, "affinity", mask)
    variables = {name: value for name in AFFINITY_VARIABLES if (value := values.get(name) or start.get(name))}
    if variables and not called:  # an OpenMP runtime binds the thread that loads it, whichever import that is for
        names, set_here = listed(list(variables)), [name for name in variables if variables[name] != start.get(name)]
        kept = tuple(f"keep-variable {name}" for name in set_here)
        change = Change(variables={name: None for name in variables if name in start}, agent_changes=kept)
        places = [setter_place(evidence, f"variable {name}", variables[name]) for name in set_here]
        by = assignments(variables) + next((f", set{place}" for place in places if place), "")
        return by, f"unset {names}", [Trial(f"{names} unset", Effect.MORE_CORES, change)]
    module = importer(evidence, "affinity")
    if module:
        remedy = f"restore it after the import (os.sched_setaffinity), or have {module} leave it"
        return f"import of {module}{called}", remedy, []
    return f"the program{called}", "find who calls sched_setaffinity, and restore the mask", []


def limited_at_runtime(evidence: Evidence) -> Suspicion | None:
    """A pool that a call made smaller, inside the region or in a step before it."""
    if not evidence.has_idle_cores:
        return None
    pools = evidence.observed.get("pools", {})
    region = {pool["path"]: pool for pool in pools.get("region", ()) if pool["threads"] is not None}
    for pool in pools.get("opened", ()):
        before, inside = pool["threads"], region.get(pool["path"])
        if inside and before and inside["threads"] < min(before, evidence.usable_cores):
            where = setter_place(evidence, f"pool {pool['api']}", inside["threads"])
            text = f"the pool of {pool['api']} has {before} threads before the region, {inside['threads']} in it"
            who = "the call that lowers it there"
            return _lowered(f"{text}{f': lowered{where}' if where else ''}", who, pool["api"])
    return _left_low(evidence, list(region.values()))


def _left_low(evidence: Evidence, region: Sequence[Mapping[str, Any]]) -> Suspicion | None:
    """A pool that an import, a fixture or the first call made smaller, and left so."""
    sizes = {pool["path"]: pool["threads"] for pool in region}
    for change in start_changes(evidence.facts):
        if change.path in sizes and change.leaves_fewer(evidence.usable_cores) and sizes[change.path] <= change.after:
            where = setter_place(evidence, change.what, change.after)
            text = f"{change.who} {change.did}{where}, and it is still so in the region"
            return _lowered(text, change.who, change.what.removeprefix(POOL))
    for pool in region:  # those that cannot be asked while modules are imported
        for call in setter_calls(evidence, f"pool {pool['api']}"):
            # To OpenCV, 0 means that there is the caller alone.
            if call["value"] is not None and max(1, call["value"]) == pool["threads"] < evidence.usable_cores:
                where, size = setter_place(evidence, call["what"], call["value"]), threads_in_words(call["value"])
                text = f"the pool of {pool['api']} was set to {size}{where}, and is so in the region"
                return _lowered(text, "that call", pool["api"])
            break
    return None


def _lowered(text: str, who: str, api: str) -> Suspicion:
    own = next((one.setting for one in LIBRARIES if one.setting.startswith(f"{api}.")), "with threadpool_limits(...):")
    return Suspicion(
        key="limited-at-runtime",
        strength=0.96,
        evidence=text,
        remedy=f"have {who} leave the pool alone, restore it afterwards ({own}), or raise it for this call",
        trials=[Trial("calls that lower a pool ignored", Effect.MORE_CORES, Change(agent_changes=("keep-limits",)))],
    )


def nested_limit(evidence: Evidence) -> Suspicion | None:
    """Threads within a pool of workers, or within OpenMP threads: by design there are fewer, or none."""
    if not evidence.has_idle_cores:
        return None
    for variables in evidence.thread_samples.variables.values():
        for name in THREAD_VARIABLES:
            outer = thread_count(evidence.variables_at_start.get(name, "inf"))
            if name in variables and thread_count(variables[name]) < min(outer, evidence.usable_cores):
                return _worker_limit(evidence, name, variables[name])
    if evidence.libraries_of_kind("openmp") and "OMP_MAX_ACTIVE_LEVELS" not in evidence.variables_at_start:
        levels = Change(variables={"OMP_MAX_ACTIVE_LEVELS": "2"})
        return Suspicion(
            key="nested-limit",
            strength=0.4,
            evidence="an OpenMP runtime is loaded, and OMP_MAX_ACTIVE_LEVELS is unset: a parallel region within "
            "another stays on one thread",
            remedy="by design: call it outside of the outer region, or set OMP_MAX_ACTIVE_LEVELS=2 and divide the "
            "threads",
            told_unproven=False,  # that a runtime is loaded says nothing of regions within regions
            trials=[Trial("OMP_MAX_ACTIVE_LEVELS=2", Effect.MORE_CORES, levels)],
        )
    return None


def _worker_limit(evidence: Evidence, name: str, value: str) -> Suspicion:
    all_threads = Change(variables=dict.fromkeys(THREAD_VARIABLES, f"{evidence.usable_cores:.0f}"))
    # Dask's nanny presets them (distributed.yaml), unless they are set in the environment that it runs in.
    by_dask = "distributed" in evidence.facts.get("frameworks", {})
    return Suspicion(
        key="nested-limit",
        strength=0.92,
        evidence=f"worker processes were given {name}={value} by {'the nanny of Dask' if by_dask else 'the pool'} that "
        "started them, so that workers times threads fit the machine",
        remedy=f"by design: fewer workers, and {name} set in the environment or in Dask's configuration "
        "(distributed.nanny.pre-spawn-environ)"
        if by_dask
        else "by design: start fewer workers, raise inner_max_num_threads, or call outside of the pool",
        trials=[Trial(f"{name} set by name, which the pool leaves alone", Effect.MORE_CORES, all_threads)],
    )


def cpus_in(cpu_list: str) -> set[int]:
    """The CPUs in a list in the kernel's notation: 0, 1, 2, 3 and 8 for ``0-3,8``."""
    cpus: set[int] = set()
    for part in filter(None, cpu_list.split(",")):
        first, _, last = part.partition("-")
        cpus |= set(range(int(first), int(last or first) + 1))
    return cpus


DETECTORS = (affinity_narrowed, limited_at_runtime, nested_limit)
