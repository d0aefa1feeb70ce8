"""Causes in variables that were set before or within the program. Each function is a detector of one key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.openmp_settings import Harm, OpenMPSetting
from pytest_multicore.diagnosis.start_changes import StartChange, start_changes
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial
from pytest_multicore.environments.threaded_libraries import variables_read
from pytest_multicore.environments.threads import THREAD_VARIABLES

from .lines import file_name

#: Variables that cap a thread count without setting it; an OpenMP runtime obeys the first two.
CAP_VARIABLES = ("OMP_THREAD_LIMIT", "OMP_DYNAMIC", "MKL_DYNAMIC", "OPENBLAS_DEFAULT_NUM_THREADS")

#: By imported module, the variable of a library that reads none of the thread variables that are set.
OWN_VARIABLE = {
    "blosc2": "BLOSC_NTHREADS",
    "blosc": "BLOSC_NTHREADS",
    "cv2": "OPENCV_FOR_THREADS_NUM",
    "numba": "NUMBA_NUM_THREADS",
    "numexpr": "NUMEXPR_NUM_THREADS",
    "polars": "POLARS_MAX_THREADS",
}
#: What threadpoolctl can raise: the pools of a BLAS and of OpenMP.
RAISED_LATER_PREFIXES = ("OMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_")

#: Of a limit of the environment: a weaker one is loaded code's to obey or not.
MIN_STRENGTH_OF_BOTH = 0.8


def set_too_late(evidence: Evidence) -> Suspicion | None:
    """A variable that the program sets after the library has read it."""
    pool_size = max(evidence.pool_sizes, default=0)
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
    for library in evidence.libraries_of_kind("openblas", "mkl", "blis"):
        order = variables_read(library["kind"], library.get("layer"), library.get("version"))
        # What is no number a library passes over; MKL_DOMAIN_NUM_THREADS has one for each of its domains.
        counts = [(name, count) for name in order if (count := thread_count(start.get(name, "")))]
        if not counts:
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
    """A cap below the thread count that was asked for; where none was asked for, or an import set it, a low count."""
    if not evidence.has_idle_cores:
        return None
    by_program, outside = _set_by_program(evidence), _set_outside(evidence)
    if by_program and outside and outside.strength >= MIN_STRENGTH_OF_BOTH:
        return _both(by_program, outside)
    return by_program or outside


def _both(by_program: Suspicion, outside: Suspicion) -> Suspicion:
    """Limits of the environment and of the program: while one of them stands, to undo the other changes nothing."""
    (inner, *_), (outer, *_) = by_program.trials, outside.trials
    agent_changes = tuple(dict.fromkeys((*outer.change.agent_changes, *inner.change.agent_changes)))
    change = Change(variables=outer.change.variables, agent_changes=agent_changes)
    return replace(
        by_program,
        strength=max(by_program.strength, outside.strength),
        evidence=f"{by_program.evidence}; and {outside.evidence}",
        remedy=f"{outside.remedy}; {by_program.remedy}",
        trials=[Trial(f"{outer.knob}; and {inner.knob}", Effect.MORE_CORES, change)],
    )


def _set_by_program(evidence: Evidence) -> Suspicion | None:
    """A thread variable that an import, a fixture or the test itself sets to a low count."""
    changes = [
        change
        for change in start_changes(evidence.facts)
        if change.variable and change.default is None and change.leaves_fewer(evidence.usable_cores)
    ]
    if not changes:
        return _openmp_limit(evidence)
    # What read none of them, like a pool that was loaded before, was not limited by them.
    first = next((change for change in changes if change.limits_pools), changes[0])
    told = [change for change in changes if change.who == first.who]
    values = assignments({change.variable: change.after for change in told})
    names, pronoun = listed([change.variable for change in told]), "it" if len(told) == 1 else "them"
    where = setter_place(evidence, first.what, first.after)
    after = f", before the library was loaded that reads {pronoun}" if first.limits_pools else ""
    raised = (
        ", or raise the limit afterwards (threadpoolctl.threadpool_limits)"
        if any(change.variable.startswith(RAISED_LATER_PREFIXES) for change in told)
        else ""
    )
    frameworks = evidence.facts.get("frameworks", {})
    reader = any(OWN_VARIABLE.get(name) == change.variable for name in frameworks for change in told)
    keep = Change(agent_changes=tuple(f"keep-variable {change.variable}" for change in told))
    return Suspicion(
        key="thread-limit",
        # The pools of OWN_VARIABLE cannot be asked while modules are imported: that one of them is there says less.
        strength=0.97 if first.limits_pools else 0.75 if reader else 0.5,
        evidence=f"{first.who} set {values}{where}{after}: what reads {pronoun} has {first.cores:g} of "
        f"{evidence.usable_cores:g} cores",
        remedy=f"leave {names} alone there, or set {pronoun} to what the machine grants; until then import the "
        f"numeric libraries first{raised}",
        trials=[Trial(f"{first.who} kept from setting {names}", Effect.MORE_CORES, keep)],
    )


def _openmp_limit(evidence: Evidence) -> Suspicion | None:
    """A setting of OpenMP by which it takes fewer threads, of an import, a fixture or the test itself."""
    found = openmp_changes(evidence, Harm.LIMITS)
    if not found:
        return None
    change, setting = found[0]
    return Suspicion(
        key="thread-limit",
        strength=0.95 if change.openmp_followed else 0.5,
        evidence=f"{who_set(evidence, change)}: {setting.effect}",
        remedy=f"leave {change.variable} alone there",
        trials=[kept_from(change, Effect.MORE_CORES)],
    )


def openmp_changes(evidence: Evidence, harm: Harm) -> list[tuple[StartChange, OpenMPSetting]]:
    """What the program itself set that does so to OpenMP's threads, that first which a runtime has read."""
    found = [
        (change, change.setting)
        for change in start_changes(evidence.facts)
        if change.default is None and change.setting and change.setting.harm is harm
    ]
    return sorted(found, key=lambda pair: not pair[0].openmp_followed)


def who_set(evidence: Evidence, change: StartChange) -> str:
    """Who set a variable to what, and where, as a clause."""
    return f"{change.who} {change.did}{setter_place(evidence, change.what, change.after)}"


def kept_from(change: StartChange, effect: Effect) -> Trial:
    """The program without its own setting of a variable."""
    keep = Change(agent_changes=(f"keep-variable {change.variable}",))
    knob = f"{change.who} kept from setting {change.variable}"
    return Trial(knob, effect, keep, remedy=f"leave {change.variable} alone there")


def _set_outside(evidence: Evidence) -> Suspicion | None:
    """Caps in the environment that the interpreter was started with."""
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
    again = {name: call for name in caps if (call := _set_again(evidence, name))}
    knobs = [f"{name} unset" if value is None else f"{name}={value}" for name, value in change.items()]
    knobs += [f"kept from {call}" for call in dict.fromkeys(again.values())]
    remedies = [
        f"unset {name}, or raise it" if value is None else f"set {name}={value}" for name, value in change.items()
    ]
    return Suspicion(
        key="thread-limit",
        strength=0.85 if obeyed else 0.2,
        evidence=f"{assignments(caps)} in the environment, and {evidence.usable_cores:g} cores could be used"
        + "".join(f"; {call} sets it again" for call in dict.fromkeys(again.values())),
        remedy="; ".join(remedies) + ("; and have the program leave it alone" if again else ""),
        trials=[
            Trial(
                " and ".join(knobs),
                Effect.MORE_CORES,
                Change(variables=change, agent_changes=tuple(f"keep-variable {name}" for name in again)),
            )
        ],
    )


def _set_again(evidence: Evidence, name: str) -> str:
    """Who sets a variable again that was low at the start: to unset it outside would change nothing. Empty: nobody."""
    for call in setter_calls(evidence, f"variable {name}"):
        if call["value"] and _is_cap(name, call["value"], evidence.usable_cores):
            module = f"the import of `{call['module']}`" if call.get("module") else f"the {call.get('step') or 'start'}"
            return f"{module} ({_place(call)})"
    return ""


def setter_calls(evidence: Evidence, what: str) -> list[Mapping[str, Any]]:
    """The calls that set something, the last one first (agent/watch/setter_calls.py)."""
    return [call for call in reversed(evidence.observed.get("setters") or ()) if call["what"] == what]


def is_set_by_program(evidence: Evidence, name: str) -> bool:
    """Whether an import, a step or the test itself sets a variable."""
    changes = (change for change in start_changes(evidence.facts) if change.default is None)
    return any(change.variable == name for change in changes) or bool(setter_calls(evidence, f"variable {name}"))


def setter_place(evidence: Evidence, what: str, value: Any) -> str:
    """Where something was set to this value, in words that follow a verb; empty where no call was seen."""
    calls = [call for call in setter_calls(evidence, what) if call["value"] == value]
    return f" at {_place(calls[0])}" if calls else ""


def _place(call: Mapping[str, Any]) -> str:
    return f"{file_name(call['file'])}:{call['line']} in {call['function']}"


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


def listed(names: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _is_cap(name: str, value: str, cores: float) -> bool:
    """Whether a variable keeps a pool from so many cores."""
    if name.endswith("_DYNAMIC"):
        return value.strip().lower() in ("true", "1", "yes")
    return 0 < thread_count(value) < cores


DETECTORS = (set_too_late, overridden_variable, thread_limit)
