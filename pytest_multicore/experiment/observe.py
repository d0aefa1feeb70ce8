"""A run of its own to see how a workload uses threads: from outside, from within, and its calls of a BLAS.

None of it touches the rounds that a verdict comes from: another interpreter is opened, looked on, and ended.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_multicore.diagnosis.evidence import BlasCalls, Evidence
from pytest_multicore.environments.shared_libraries import compiler
from pytest_multicore.environments.threads import REPORTED_VARIABLES, THREAD_VARIABLES
from pytest_multicore.errors import EnvironmentError_, MulticoreError, TimedOut
from pytest_multicore.interpreters import blas_recorder
from pytest_multicore.interpreters.blas_in_use import blas_files
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.cgroups import quota_cores, throttled_s
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.measurement.subject import AnySubject
from pytest_multicore.measurement.thread_sampler import Sampler, started_with
from pytest_multicore.rounds.tolerances import MIN_ROUND_S
from pytest_multicore.verdicts.result import Result

from .open_side import FACTS_TIMEOUT_S, Variant, open_variant
from .request import MeasurementRequest

#: Wall seconds of rounds that are looked on, and rounds at most.
LOOK_S, MOST_ROUNDS = 0.6, 20
#: The second try waits for threads that spin for 0.1 s after each look.
PROBE_TIMEOUTS_S = (15.0, 60.0)
#: How the file of the library begins that records BLAS calls (interpreters/blas_recorder.py).
RECORDER = "blas_recorder-"
#: Idle threads that spin would be taken for work; no threshold depends on these. OpenBLAS 0.2.18, of 2016, loses a
#: wake-up now and then where its threads are soon asleep, and hangs: hence the second try without.
PROBE_VARIABLES: Sequence[Mapping[str, str]] = (
    {"OPENBLAS_THREAD_TIMEOUT": "4", "KMP_BLOCKTIME": "0"},
    {"KMP_BLOCKTIME": "0"},
)


def observe(request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload, result: Result) -> Evidence:
    """Everything that can be seen of a measured workload, in a run of its own.

    Raises:
        MulticoreError: it could not be opened again, or failed there.
    """
    with tempfile.TemporaryDirectory(prefix="pytest-multicore-") as folder:
        plain = Variant(prepared, workload, request.contender).variables(request).variables
        recorded, why_not = _recorder(Path(folder), plain)
        observed = Variant(
            prepared, workload, request.contender, extra=recorded, observe=True, trace=_over_at_once(result)
        )
        with open_variant(request, observed) as subject:
            found = _observe_child(request, result, subject, Path(folder) if recorded else None, workload.target)
    threshold = _probed(request, prepared, found) if any(call.multiply_adds for call in found.calls or ()) else None
    return replace(found, threshold=threshold, recorder_error=why_not)


def _over_at_once(result: Result) -> bool:
    """Whether rounds are short all the same: those of a test that is measured in an interpreter of its own for each."""
    last = result.measurement.rounds[-1] if result.measurement else None
    return last is not None and last.repeat == 1 and last.wall_s < MIN_ROUND_S


def _observe_child(
    request: MeasurementRequest, result: Result, subject: AnySubject, calls: Path | None, target: str
) -> Evidence:
    subject.prepare()
    pid, repeat = subject.pid, result.measurement.rounds[-1].repeat if result.measurement else 1
    started = started_with(pid, REPORTED_VARIABLES)
    if calls:
        started.pop(blas_recorder.PRELOAD_VARIABLE, None)
    before, throttled_before_s = blas_recorder.read(calls) if calls else (), throttled_s(Path(f"/proc/{pid}"))
    wall_s, rounds = 0.0, 0
    with Sampler(pid, THREAD_VARIABLES) as sampler:
        while True:
            wall_s += subject.take(repeat).wall_s
            rounds += 1
            if wall_s >= LOOK_S or rounds >= MOST_ROUNDS or request.program.runs_once:
                break
            subject.prepare()
    after = blas_recorder.read(calls) if calls else ()
    facts = subject.interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=list(REPORTED_VARIABLES))
    made = blas_recorder.difference(after, before)
    per = rounds * repeat
    return Evidence(
        result=result,
        target=target,
        machine=this_machine(),
        facts=_without_recorder(facts),
        thread_samples=sampler.samples,
        variables_at_start=started,
        calls=tuple(BlasCalls(one.routine, one.m, one.n, one.k, one.count / per, one.seconds / per) for one in made)
        if calls
        else None,
        compilers=tuple(filter(None, [compiler()])),
        mapped_files=_mapped(pid),
        quota=quota_cores(Path(f"/proc/{pid}")),
        throttled_s=throttled_s(Path(f"/proc/{pid}")) - throttled_before_s,
    )


def _without_recorder(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts without the library that records BLAS calls: it has a BLAS's symbols, and no threads."""
    libraries = [one for one in facts["libraries"] if not Path(one["path"]).name.startswith(RECORDER)]
    return {**facts, "libraries": libraries}


def _recorder(folder: Path, world: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The variables that have BLAS calls recorded; none where they cannot be, and why."""
    try:
        return blas_recorder.variables(folder, world), ""
    except (EnvironmentError_, OSError) as error:
        return {}, str(error)


def _probed(request: MeasurementRequest, prepared: PreparedEnvironment, found: Evidence) -> int | None:
    """The size up to which the BLAS in use stays on one thread; None where it could not be found."""
    files = blas_files(found.target, found.facts)
    carried = not files or any("numpy" in Path(one["path"]).parts or "numpy.libs" in one["path"] for one in files)
    arguments = {"threads": request.contender, "library": None if carried else files[0]["path"]}
    told = {"target": "builtin:gemm_probe", "arguments": arguments, "path": []}
    for extra, timeout_s in zip(PROBE_VARIABLES, PROBE_TIMEOUTS_S, strict=True):
        variables = prepared.variables(request.contender, request.theano_flags, {**request.env, **extra})
        try:
            with prepared.open(variables, priority=request.settings.priority) as interpreter:
                threshold = interpreter.ask("call", "result", timeout_s, **told)["value"]["threshold_mnk"]
                return None if threshold is None else int(threshold)
        except TimedOut:
            continue
        except MulticoreError:
            break
    return None


def _mapped(pid: int) -> tuple[str, ...]:
    """Names of the files that a process has mapped, libraries among them."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
            paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "/" in line}
    except OSError:
        return ()
    return tuple(sorted(os.path.basename(path) for path in paths if ".so" in path))
