"""A run of its own under Theano's profiler: where the time of a region goes, and what its operations are called with.

The child's side is agent/watch/theano_profile.py. Two interpreters, one after the other: the first gives the times,
the second, slower, the shapes. Raw data: diagnosis/profile.py makes something of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from .launch import RUNNER
from .process import IsolatedInterpreter

PROFILER = RUNNER.parent / "watch" / "theano_profile.py"
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


class TimedRound(Protocol):
    """What a round tells."""

    @property
    def wall_s(self) -> float:
        """Wall seconds of the region."""
        ...


class OpenSide(Protocol):
    """A region that was set up and has run once: see measurement.take.Subject."""

    @property
    def interpreter(self) -> IsolatedInterpreter:
        """Where it lives."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether a round may run it more than once."""
        ...

    def prepare(self) -> None:
        """Get ready for the next ``take``."""
        ...

    def take(self, repeat: int) -> TimedRound:
        """Run it so often."""
        ...


Opening = Callable[[Callable[[IsolatedInterpreter], None]], AbstractContextManager[OpenSide]]


def theano_profile(opened: Opening, timeout_s: float, *, shapes: bool = True) -> RawProfile:
    """Run a region on Theano under its profiler, in interpreters that nothing else is measured in.

    Args:
        opened: opens the region in a new interpreter, and ends that; what it is given is to be done in there first.
        timeout_s: for each answer; the first may have to wait for Theano's import.
        shapes: make the second run.

    Raises:
        WorkloadError: Theano cannot be imported there, or the region failed.
    """
    wall_s, repeat, times = _profiled(opened, timeout_s, shapes=False)
    seen = _profiled(opened, timeout_s, shapes=True)[-1] if shapes else {}
    return RawProfile(wall_s, repeat, times, seen)


def _profiled(opened: Opening, timeout_s: float, *, shapes: bool) -> tuple[float, int, Mapping[str, Any]]:
    def call(interpreter: IsolatedInterpreter, function: str, **arguments: Any) -> Any:
        target = f"{PROFILER}:{function}"
        return interpreter.ask("call", "result", timeout_s, target=target, arguments=arguments, path=[])["value"]

    with opened(lambda interpreter: call(interpreter, "begin", shapes=shapes) and None) as region:
        # The warm-up compiled; what one repetition takes is known after another.
        region.prepare()
        once_s = region.take(1).wall_s
        repeat = 1 if shapes or not region.repeatable else math.ceil(ENOUGH_S / max(once_s, 1e-3))
        region.prepare()
        call(region.interpreter, "start")
        wall_s = region.take(repeat).wall_s
        return wall_s, repeat, call(region.interpreter, "read")
