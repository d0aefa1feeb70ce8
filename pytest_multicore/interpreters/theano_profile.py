"""A run of its own under Theano's profiler: where the time of a region goes, and what its operations are called with.

The child's side is agent/profiles/theano_profile.py. Two interpreters, one after the other: the first gives the times,
the second, slower, the shapes. Raw data: diagnosis/profile.py makes something of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .launch import RUNNER
from .process import IsolatedInterpreter
from .workload import Workload

PROFILER = RUNNER.parent / "profiles" / "theano_profile.py"
#: Long enough to add up operations that take microseconds, each timed by a clock that tells microseconds.
ENOUGH_S = 0.5


@dataclass(frozen=True, slots=True)
class RawProfile:
    """What Theano's profiler said of one region.

    Attributes:
        wall_s: of the profiled round.
        repeat: repetitions of the region in it.
        times: what ``read`` of the child's side returned, with times.
        shapes: the same of the run that noted shapes; its times mean nothing. Empty where none was made.
    """

    wall_s: float
    repeat: int
    times: Mapping[str, Any]
    shapes: Mapping[str, Any]


def theano_profile(
    opened: Callable[[], IsolatedInterpreter],
    workload: Workload,
    path: Sequence[str],
    timeout_s: float,
    *,
    shapes: bool = True,
) -> RawProfile:
    """Run the workload under Theano's profiler, in interpreters that nothing else is measured in.

    Args:
        opened: starts an interpreter in which nothing was opened yet; it is ended here.
        workload: one that runs on Theano.
        path: folders for the child's search path.
        timeout_s: for each answer; the first may have to wait for Theano's compiling.
        shapes: make the second run.

    Raises:
        WorkloadError: Theano cannot be imported there, or the workload failed.
    """
    with opened() as interpreter:
        wall_s, repeat, times = _profiled(interpreter, workload, path, timeout_s, shapes=False)
    if not shapes:
        return RawProfile(wall_s, repeat, times, {})
    with opened() as interpreter:
        _, _, seen = _profiled(interpreter, workload, path, timeout_s, shapes=True)
    return RawProfile(wall_s, repeat, times, seen)


def _profiled(
    interpreter: IsolatedInterpreter, workload: Workload, path: Sequence[str], timeout_s: float, *, shapes: bool
) -> tuple[float, int, Mapping[str, Any]]:
    def call(function: str, **arguments: Any) -> Any:
        answer = interpreter.ask(
            "call", "result", timeout_s, target=f"{PROFILER}:{function}", arguments=arguments, path=[]
        )
        return answer["value"]

    call("begin", shapes=shapes)
    opening = {"target": workload.target, "arguments": dict(workload.arguments), "path": list(path)}
    interpreter.ask("open", "ready", timeout_s, **opening)
    # The warm-up compiled; what one repetition takes is known after another.
    once_s = interpreter.ask("round", "done", timeout_s, repeat=1)["wall_s"]
    repeat = 1 if shapes else math.ceil(ENOUGH_S / max(once_s, 1e-3))
    call("start")
    wall_s = interpreter.ask("round", "done", timeout_s, repeat=repeat)["wall_s"]
    return wall_s, repeat, call("read")
