"""A run of its own under Theano's profiler: the times of a region's operations, and the shapes of their inputs.

The child's side is agent/profile/theano_profile.py, alone in its folder: the folder of a workload given by its file
comes first on the child's search path. Two interpreters run one after the other: the first one measures the times, the
second, slower one notes the shapes. diagnosis/profile.py evaluates these raw data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from .launch import RUNNER
from .process import IsolatedInterpreter

PROFILER = RUNNER.parent / "profile" / "theano_profile.py"
#: Of the profiled round: enough repetitions of operations that take microseconds, for a clock that counts microseconds.
MIN_PROFILE_S = 0.5


@dataclass(frozen=True, slots=True)
class RawProfile:
    """The data of Theano's profiler for one region.

    Attributes:
        wall_s: wall seconds of the profiled round.
        repeat: repetitions of the region in it.
        times: what ``read`` of the child's side returned, with times.
        shapes: the same of the run that noted shapes, whose times mean nothing. Empty where there was none.
    """

    wall_s: float
    repeat: int
    times: Mapping[str, Any]
    shapes: Mapping[str, Any]


class TimedRound(Protocol):
    """The duration of a round."""

    @property
    def wall_s(self) -> float:
        """Wall seconds of the region."""
        ...


class OpenSide(Protocol):
    """A region that is set up and has run once: see measurement.take.Subject."""

    @property
    def interpreter(self) -> IsolatedInterpreter:
        """The interpreter that runs it."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether a round may run it more than once."""
        ...

    def prepare(self) -> None:
        """Get ready for the next ``take``."""
        ...

    def take(self, repeat: int) -> TimedRound:
        """Run it ``repeat`` times."""
        ...


OpenRegion = Callable[[Callable[[IsolatedInterpreter], None]], AbstractContextManager[OpenSide]]


def theano_profile(open_region: OpenRegion, timeout_s: float) -> RawProfile:
    """Run a region on Theano under its profiler, once for times and once for shapes, in interpreters of its own.

    Args:
        open_region: a context that opens the region in a new interpreter; it first calls the function that it is given
            with that interpreter.
        timeout_s: for each answer; the first one includes Theano's import.

    Raises:
        WorkloadError: Theano cannot be imported there, or the region failed.
    """
    wall_s, repeat, times = _profile_once(open_region, timeout_s, shapes=False)
    *_, shapes = _profile_once(open_region, timeout_s, shapes=True)
    return RawProfile(wall_s, repeat, times, shapes)


def _profile_once(open_region: OpenRegion, timeout_s: float, *, shapes: bool) -> tuple[float, int, Mapping[str, Any]]:
    def call(interpreter: IsolatedInterpreter, function: str, **arguments: Any) -> Any:
        target = f"{PROFILER}:{function}"
        return interpreter.ask("call", "result", timeout_s, target=target, arguments=arguments, path=[])["value"]

    with open_region(lambda interpreter: call(interpreter, "begin", shapes=shapes) and None) as region:
        # The warm-up included compilation: another repetition shows how long one takes.
        region.prepare()
        once_s = region.take(1).wall_s
        repeat = 1 if shapes or not region.repeatable else math.ceil(MIN_PROFILE_S / max(once_s, 1e-3))
        region.prepare()
        call(region.interpreter, "start")
        wall_s = region.take(repeat).wall_s
        return wall_s, repeat, call(region.interpreter, "read")
