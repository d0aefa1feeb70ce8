"""Where the time goes on Theano, in runs of its own: Theano's profiler; for a fit py-spy too, where it is installed."""

from __future__ import annotations

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.profile import Profile, profile_of
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.sampling_profile import INSTALL_HINT, SamplingProfile, py_spy, sampling_profile
from pytest_multicore.interpreters.theano_profile import theano_profile
from pytest_multicore.interpreters.workload import Workload, import_path

from .open_side import SETUP_TIMEOUT_S, Variant, open_variant
from .request import MeasurementRequest


def profile_theano(
    request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload, found: Evidence
) -> Profile | None:
    """The profile of what runs on Theano, with its graph's operations and their shapes; None where there is none.

    Other work is told by its hottest lines. So is a test that runs once in each interpreter: its only call compiles.

    Raises:
        MulticoreError: it could not be opened again, or failed there.
    """
    if not found.facts.get("theano") or request.program.runs_once:
        return None
    measured = Variant(prepared, workload, request.contender)
    raw = theano_profile(lambda first: open_variant(request, measured, first), SETUP_TIMEOUT_S)
    if not any(function["calls"] for function in raw.times["functions"]):
        return None  # it is imported, and computes nothing here; or its functions run in Python, without a profile
    if not (found.built_in and found.built_in.has_small_steps):
        return profile_of(raw, found.threshold)
    missing = SamplingProfile(0, None, (), INSTALL_HINT)
    sampled = _sampled(prepared, request, workload, raw.wall_s / raw.repeat) if py_spy() else missing
    return profile_of(raw, found.threshold, sampled)


def _sampled(
    prepared: PreparedEnvironment, request: MeasurementRequest, workload: Workload, once_s: float
) -> SamplingProfile:
    variables = prepared.variables(request.contender, request.theano_flags, request.env)
    path = import_path(prepared.installation.is_current)
    # At ordinary priority: py-spy needs a core, too.
    with prepared.open(variables, priority="off") as interpreter:
        arguments = dict(workload.arguments)
        interpreter.ask("open", "ready", SETUP_TIMEOUT_S, target=workload.target, arguments=arguments, path=path)
        return sampling_profile(interpreter, once_s, SETUP_TIMEOUT_S)
