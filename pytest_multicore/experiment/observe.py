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
from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.interpreters import blas_recorder
from pytest_multicore.interpreters.native_stacks import NativeStacks, native_stacks
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.cgroups import quota_cores, throttled_s
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.measurement.subject import AnySubject
from pytest_multicore.measurement.thread_libraries import with_libraries
from pytest_multicore.measurement.thread_sampler import Sampler, started_with
from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import MIN_ROUND_S
from pytest_multicore.verdicts.result import Result

from .blas_threshold import blas_threshold
from .open_side import FACTS_TIMEOUT_S, open_variant
from .request import MeasurementRequest, Variant

#: Rounds are observed until they add up to so many wall seconds, or until there are so many of them.
OBSERVATION_S, MAX_OBSERVATION_ROUNDS = 0.6, 20
#: Seconds of a round while py-spy looks. What is observed around a round takes tens of milliseconds.
OBSERVATION_ROUND_S = 0.5
#: How the file name of the library that records BLAS calls begins (interpreters/blas_recorder.py).
RECORDER_PREFIX = "blas_recorder-"
#: Why no calls are known of a child that runs without the recorder: none recorded would look like none made.
NO_RECORDER = "the interpreter's loader did not take the library that records BLAS calls (LD_PRELOAD)"


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
            evidence, why_not = replace(evidence, calls=None), NO_RECORDER
    has_products = any(call.multiply_adds for call in evidence.calls or ())
    threshold = blas_threshold(request, prepared, evidence) if has_products else None
    return replace(evidence, threshold=threshold, recorder_error=why_not)


def _has_loaded_recorder(evidence: Evidence) -> bool:
    """Whether the child maps the recorder; where its maps cannot be read, it is taken to do so."""
    files = evidence.mapped_files
    return not files or any(name.startswith(RECORDER_PREFIX) for name in files)


def _has_short_rounds(result: Result) -> bool:
    """Whether rounds are short and cannot repeat the region, as those that each take a new interpreter."""
    last = _last_round(result)
    return last.repeat == 1 and last.wall_s < MIN_ROUND_S


def _last_round(result: Result) -> Round:
    assert result.measurement is not None  # noqa: S101 - what was not measured is not observed
    return result.measurement.rounds[-1]


def _observe_child(
    request: MeasurementRequest, result: Result, subject: AnySubject, recordings: Path | None, target: str
) -> Evidence:
    """Observe some rounds of one child; ``recordings``: the folder of its recorded BLAS calls, None without any."""
    subject.prepare()
    pid, repeat = subject.pid, _last_round(result).repeat
    started = started_with(pid, REPORTED_VARIABLES)
    if recordings:
        started.pop(blas_recorder.PRELOAD_VARIABLE, None)
    calls_before = blas_recorder.read(recordings) if recordings else ()
    throttled_before_s = throttled_s(Path(f"/proc/{pid}"))
    with Sampler(pid, THREAD_VARIABLES, subject.adopter) as sampler:
        rounds = _take_rounds(subject, repeat, 1 if request.program.runs_once else MAX_OBSERVATION_ROUNDS)
    calls_after = blas_recorder.read(recordings) if recordings else ()
    subject.pause()
    samples = with_libraries(sampler.samples)
    facts = subject.interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=list(REPORTED_VARIABLES))
    calls = _calls_per_repetition(blas_recorder.difference(calls_after, calls_before), rounds * repeat)
    return Evidence(
        result=result,
        target=target,
        machine=this_machine(),
        facts=_without_recorder(facts),
        thread_samples=samples,
        variables_at_start=started,
        calls=calls if recordings else None,
        compilers=tuple(filter(None, [compiler()])),
        mapped_files=_mapped_libraries(pid),
        quota=quota_cores(Path(f"/proc/{pid}")),
        throttled_s=throttled_s(Path(f"/proc/{pid}")) - throttled_before_s,
    )


def _native_stacks(result: Result, subject: AnySubject) -> NativeStacks:
    """Rounds of their own, and longer ones: py-spy stops the child for each look, and looks between two rounds, too."""
    last = _last_round(result)
    repeat = last.repeat * max(1, round(OBSERVATION_ROUND_S / last.wall_s))

    def work() -> None:
        subject.prepare()
        subject.take(repeat)

    return native_stacks(subject.pid, work)


def _steps(result: Result, subject: AnySubject, evidence: Evidence) -> Steps | None:
    """How often the hottest line runs in a repetition, counted in a round of its own; None where nobody asks for it."""
    if not frameworks(evidence):
        return None
    repeat = _last_round(result).repeat
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
        if wall_s >= OBSERVATION_S or rounds >= maximum:
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


def _mapped_libraries(pid: int) -> tuple[str, ...]:
    """File names of the shared libraries that a process has mapped."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
            paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "/" in line}
    except OSError:
        return ()
    return tuple(sorted(os.path.basename(path) for path in paths if ".so" in path))
