"""Where the time goes on Theano, in runs of its own: Theano's profiler, and for a fit py-spy where it is installed."""

from __future__ import annotations

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.profile import Profile, profile_of
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.sampling_profile import INSTALL_HINT, SamplingProfile, py_spy, sampling_profile
from pytest_multicore.interpreters.theano_profile import theano_profile
from pytest_multicore.interpreters.workload import Workload, import_path

from .open_side import SETUP_TIMEOUT_S, open_variant
from .request import MeasurementRequest, Variant


def profile_theano(
    request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload, evidence: Evidence
) -> Profile | None:
    """The profile of what runs on Theano, with its graph's operations and their shapes.

    None for other work, which its hottest lines describe; and for a test that runs once in each interpreter, whose
    only call compiles.

    Raises:
        MulticoreError: the workload could not be opened again, or failed there.
    """
    if not evidence.facts.get("theano") or request.program.runs_once:
        return None
    variant = Variant(prepared, workload, request.contender)
    raw = theano_profile(lambda initializer: open_variant(request, variant, initializer), SETUP_TIMEOUT_S)
    if not any(function["calls"] for function in raw.times["functions"]):
        return None  # it is imported, and computes nothing here; or its functions run in Python, without a profile
    if not workload.target.startswith("builtin:fit"):
        return profile_of(raw, evidence.threshold)
    not_sampled = SamplingProfile(0, None, (), INSTALL_HINT)
    sampled = _sample(prepared, request, workload, raw.wall_s / raw.repeat) if py_spy() else not_sampled
    return profile_of(raw, evidence.threshold, sampled)


def _sample(
    prepared: PreparedEnvironment, request: MeasurementRequest, workload: Workload, repetition_s: float
) -> SamplingProfile:
    given = request.side_settings(request.contender)
    variables = prepared.variables(given.threads, request.theano_flags, request.env, given.cpus)
    path = import_path(prepared.installation.is_current)
    # At ordinary priority: py-spy needs a core, too.
    with prepared.open(variables, priority="off", cpus=given.cpus) as interpreter:
        arguments = dict(workload.arguments)
        interpreter.ask("open", "ready", SETUP_TIMEOUT_S, target=workload.target, arguments=arguments, path=path)
        return sampling_profile(interpreter, repetition_s, SETUP_TIMEOUT_S)
