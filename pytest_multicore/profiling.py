"""Where the time goes on Theano, in runs of its own: Theano's profiler; for a fit py-spy too, where it is installed."""

from __future__ import annotations

from .asked import Asked
from .diagnosis.evidence import Evidence
from .diagnosis.profile import Profile, profile_of
from .experiment import SETUP_TIMEOUT_S
from .interpreters.sampled_profile import HOW_TO_GET_IT, Sampled, py_spy, sampled_profile
from .interpreters.stage import Stage
from .interpreters.theano_profile import theano_profile
from .interpreters.workload import Workload, import_path
from .looking import World, opened
from .measurement.subject import FreshTest


def profiled(asked: Asked, stage: Stage, workload: Workload, found: Evidence) -> Profile | None:
    """The profile of what runs on Theano, with its graph's operations and their shapes; None where there is none.

    Other work is told by its hottest lines. So is a test that runs once in each interpreter: its only call compiles.

    Raises:
        MulticoreError: it could not be opened again, or failed there.
    """
    if not found.facts.get("theano") or any(isinstance(one, FreshTest) for one in asked.ready):
        return None
    world = World(stage, workload, asked.contender)
    raw = theano_profile(lambda first: opened(asked, world, first), SETUP_TIMEOUT_S)
    if not any(function["calls"] for function in raw.times["functions"]):
        return None  # it is imported, and computes nothing here; or its functions run in Python, without a profile
    if not workload.target.startswith("builtin:fit"):
        return profile_of(raw, found.threshold)
    missing = Sampled(0, None, (), HOW_TO_GET_IT)
    sampled = _sampled(stage, asked, workload, raw.wall_s / raw.repeat) if py_spy() else missing
    return profile_of(raw, found.threshold, sampled)


def _sampled(stage: Stage, asked: Asked, workload: Workload, once_s: float) -> Sampled:
    variables = stage.variables(asked.contender, asked.theano_flags, asked.env)
    path = import_path(stage.provisioned.is_current)
    # At ordinary priority: py-spy needs a core, too.
    with stage.open(variables, priority="off") as interpreter:
        arguments = dict(workload.arguments)
        interpreter.ask("open", "ready", SETUP_TIMEOUT_S, target=workload.target, arguments=arguments, path=path)
        return sampled_profile(interpreter, once_s, SETUP_TIMEOUT_S)
