"""A run that shows how a workload uses threads: from outside, from within, and by its calls of a BLAS.

It is a run of its own, in another interpreter: the rounds that a verdict comes from are not touched.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_multicore.diagnosis.causes import catalogue
from pytest_multicore.diagnosis.causes.steps import frameworks
from pytest_multicore.diagnosis.evidence import BlasCalls, Evidence, Steps
from pytest_multicore.environments import scratch
from pytest_multicore.environments.shared_libraries import compiler
from pytest_multicore.environments.threads import REPORTED_VARIABLES, THREAD_VARIABLES
from pytest_multicore.errors import EnvironmentUnavailable, InterpreterTimeout, MulticoreError
from pytest_multicore.interpreters import blas_recorder
from pytest_multicore.interpreters.blas_in_use import blas_files
from pytest_multicore.interpreters.native_stacks import NativeStacks, native_stacks
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.cgroups import quota_cores, throttled_s
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.measurement.subject import AnySubject
from pytest_multicore.measurement.thread_sampler import Sampler, started_with
from pytest_multicore.rounds.tolerances import MIN_ROUND_S
from pytest_multicore.verdicts.result import Result

from .open_side import FACTS_TIMEOUT_S, open_variant
from .request import MeasurementRequest, Variant

#: Rounds are observed until they add up to so many wall seconds, or until there are so many of them.
OBSERVED_S, MAX_OBSERVED_ROUNDS = 0.6, 20
#: Seconds of a round while py-spy looks. What is observed around a round takes tens of milliseconds.
LOOKED_ROUND_S = 0.5
#: Seconds for each attempt to probe the BLAS. In the second one idle threads may spin for 0.1 s after each product.
PROBE_TIMEOUTS_S = (15.0, 60.0)
#: How the file name of the library that records BLAS calls begins (interpreters/blas_recorder.py).
RECORDER_PREFIX = "blas_recorder-"
#: Why no calls are known of a child that runs without the recorder: none recorded would look like none made.
NOT_LOADED = "the interpreter's loader did not take the library that records BLAS calls (LD_PRELOAD)"
#: Variables for each attempt: idle threads that spin would look like work. No threshold depends on them. OpenBLAS
#: 0.2.18 of 2016 sometimes loses a wake-up where its threads fall asleep soon, and hangs: hence the second attempt.
PROBE_VARIABLES: Sequence[Mapping[str, str]] = (
    {"OPENBLAS_THREAD_TIMEOUT": "4", "KMP_BLOCKTIME": "0"},
    {"KMP_BLOCKTIME": "0"},
)


def observe(request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload, result: Result) -> Evidence:
    """Everything that a run of its own shows of a measured workload.

    Raises:
        MulticoreError: the workload could not be opened again, or failed there.
    """
    with scratch.folder() as folder:
        variables = Variant(prepared, workload, request.contender).variables(request).variables
        recorder, why_not = _recorder_variables(folder, variables)
        variant = Variant(
            prepared, workload, request.contender, extra=recorder, observe=True, trace=_has_short_rounds(result)
        )
        with open_variant(request, variant) as subject:
            evidence = _observe_child(request, result, subject, folder if recorder else None, workload.target)
            if not request.program.runs_once and catalogue.needs_native_stacks(evidence):
                native = _native_stacks(result, subject)
                evidence = replace(evidence, native=native, steps=_steps(result, subject, evidence))
        if recorder and not _has_loaded_recorder(evidence):
            evidence, why_not = replace(evidence, calls=None), NOT_LOADED
    has_products = any(call.multiply_adds for call in evidence.calls or ())
    threshold = _probe_threshold(request, prepared, evidence) if has_products else None
    return replace(evidence, threshold=threshold, recorder_error=why_not)


def _has_loaded_recorder(evidence: Evidence) -> bool:
    """Whether the child maps the recorder; where its maps cannot be read, it is taken to do so."""
    files = evidence.mapped_files
    return not files or any(name.startswith(RECORDER_PREFIX) for name in files)


def _has_short_rounds(result: Result) -> bool:
    """Whether rounds are short and cannot repeat the region, as those that each take a new interpreter."""
    last = result.measurement.rounds[-1] if result.measurement else None
    return last is not None and last.repeat == 1 and last.wall_s < MIN_ROUND_S


def _observe_child(
    request: MeasurementRequest, result: Result, subject: AnySubject, recordings: Path | None, target: str
) -> Evidence:
    """Observe some rounds of one child; ``recordings``: the folder of its recorded BLAS calls, None without any."""
    subject.prepare()
    pid, repeat = subject.pid, result.measurement.rounds[-1].repeat if result.measurement else 1
    started = started_with(pid, REPORTED_VARIABLES)
    if recordings:
        started.pop(blas_recorder.PRELOAD_VARIABLE, None)
    calls_before = blas_recorder.read(recordings) if recordings else ()
    throttled_before_s = throttled_s(Path(f"/proc/{pid}"))
    with Sampler(pid, THREAD_VARIABLES, subject.adopter) as sampler:
        rounds = _take_rounds(subject, repeat, 1 if request.program.runs_once else MAX_OBSERVED_ROUNDS)
    calls_after = blas_recorder.read(recordings) if recordings else ()
    facts = subject.interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=list(REPORTED_VARIABLES))
    calls = _calls_per_repetition(blas_recorder.difference(calls_after, calls_before), rounds * repeat)
    return Evidence(
        result=result,
        target=target,
        machine=this_machine(),
        facts=_without_recorder(facts),
        thread_samples=sampler.samples,
        variables_at_start=started,
        calls=calls if recordings else None,
        compilers=tuple(filter(None, [compiler()])),
        mapped_files=_mapped_libraries(pid),
        quota=quota_cores(Path(f"/proc/{pid}")),
        throttled_s=throttled_s(Path(f"/proc/{pid}")) - throttled_before_s,
    )


def _native_stacks(result: Result, subject: AnySubject) -> NativeStacks:
    """Rounds of their own, and longer ones: py-spy stops the child for each look, and looks between two rounds, too."""
    last = result.measurement.rounds[-1] if result.measurement else None
    repeat = last.repeat * max(1, round(LOOKED_ROUND_S / last.wall_s)) if last else 1

    def work() -> None:
        subject.prepare()
        subject.take(repeat)

    return native_stacks(subject.pid, work)


def _steps(result: Result, subject: AnySubject, evidence: Evidence) -> Steps | None:
    """How often the hottest line runs in a repetition, counted in a round of its own; None where nobody asks for it."""
    if not frameworks(evidence):
        return None
    repeat = result.measurement.rounds[-1].repeat if result.measurement else 1
    subject.interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=[], count_steps=True)
    subject.prepare()
    subject.take(repeat)
    facts = subject.interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=[])
    counted = (facts.get("observed") or {}).get("steps")
    return Steps(counted["count"] / repeat, counted["line"]) if counted and counted["count"] else None


def _take_rounds(subject: AnySubject, repeat: int, maximum: int) -> int:
    """Take rounds of a subject that is ready for the first one; gives their number."""
    wall_s, rounds = 0.0, 0
    while True:
        wall_s += subject.take(repeat).wall_s
        rounds += 1
        if wall_s >= OBSERVED_S or rounds >= maximum:
            return rounds
        subject.prepare()


def _calls_per_repetition(calls: Sequence[blas_recorder.Call], repetitions: int) -> tuple[BlasCalls, ...]:
    return tuple(
        BlasCalls(call.routine, call.m, call.n, call.k, call.count / repetitions, call.seconds / repetitions)
        for call in calls
    )


def _without_recorder(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts without the library that records BLAS calls: it has a BLAS's symbols and no threads."""
    libraries = [
        library for library in facts["libraries"] if not Path(library["path"]).name.startswith(RECORDER_PREFIX)
    ]
    return {**facts, "libraries": libraries}


def _recorder_variables(folder: Path, variables: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The variables that have BLAS calls recorded; none where they cannot be recorded, and why."""
    try:
        return blas_recorder.variables(folder, variables), ""
    except (EnvironmentUnavailable, OSError) as error:
        return {}, str(error)


def _probe_threshold(request: MeasurementRequest, prepared: PreparedEnvironment, evidence: Evidence) -> int | None:
    """Multiply-adds up to which the BLAS in use stays on one thread; None where the probe fails."""
    files = blas_files(evidence.target, evidence.facts)
    numpys_own = not files or any("numpy" in Path(file["path"]).parts or "numpy.libs" in file["path"] for file in files)
    arguments = {"threads": request.contender, "library": None if numpys_own else files[0]["path"]}
    probe = {"target": "builtin:gemm_probe", "arguments": arguments, "path": []}
    for extra, timeout_s in zip(PROBE_VARIABLES, PROBE_TIMEOUTS_S, strict=True):
        cpus = request.given(request.contender).cpus
        variables = prepared.variables(request.contender, request.theano_flags, {**request.env, **extra}, cpus)
        try:
            with prepared.open(variables, priority=request.settings.priority, cpus=cpus) as interpreter:
                threshold = interpreter.ask("call", "result", timeout_s, **probe)["value"]["threshold_mnk"]
                return None if threshold is None else int(threshold)
        except InterpreterTimeout:
            continue
        except MulticoreError:
            break
    return None


def _mapped_libraries(pid: int) -> tuple[str, ...]:
    """File names of the shared libraries that a process has mapped."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
            paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "/" in line}
    except OSError:
        return ()
    return tuple(sorted(os.path.basename(path) for path in paths if ".so" in path))
