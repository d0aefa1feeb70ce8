"""What rounds are taken of: a live interpreter with an opened workload, or a test in a new interpreter each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_multicore.errors import ProtocolError
from pytest_multicore.interpreters.live_test import LiveTest
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.protocol import Message, seconds_in
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.rounds.round import Call
from pytest_multicore.rounds.tolerances import MIN_WALL_S

from .machine import told_threads
from .take import Timing
from .usage import OwnClock


class _InInterpreter:
    """What a subject's interpreter says of it; see take.Subject."""

    if TYPE_CHECKING:  # a field of one subject, a property of the other

        @property
        def interpreter(self) -> IsolatedInterpreter: ...

    @property
    def pid(self) -> int:
        """The agent's process id."""
        return self.interpreter.pid

    @property
    def cpus(self) -> tuple[int, ...] | None:
        """See take.Subject."""
        return self.interpreter.launch.cpus

    @property
    def adopter(self) -> int | None:
        """See take.Subject."""
        return self.interpreter.adopter

    def pause(self) -> None:
        """See take.Subject."""
        self.interpreter.pause()

    @property
    def real_time(self) -> bool:
        """See take.Subject."""
        return self.interpreter.real_time


@dataclass
class OpenedWorkload(_InInterpreter):
    """See take.Subject.

    Attributes:
        interpreter: where it lives.
        threads: threads that it is told to use; None for inherited ones.
        timeout_s: seconds of silence in a round after which the interpreter is ended.
        first: the region's first call; None before it.
        test: the test, where that can be set up anew between two rounds.
    """

    interpreter: IsolatedInterpreter
    threads: int | None
    timeout_s: float
    first: Call | None = None
    test: LiveTest | None = None

    def set_up(self, workload: Workload, path: list[str]) -> None:
        """Have the child import, set up and warm up the workload, outside the measured region; do not wait for it."""
        arguments, threads = dict(workload.arguments), told_threads(self.threads)
        self.interpreter.tell("open", target=workload.target, arguments=arguments, path=path, threads=threads)

    def wait_until_ready(self, timeout_s: float) -> None:
        """Wait for the end of the set-up; see IsolatedInterpreter.ask for the errors."""
        self.first = call_from_ready(self.interpreter.wait_for("ready", timeout_s))

    @property
    def first_s(self) -> float | None:
        """See take.Subject."""
        return None if self.first is None else self.first.wall_s

    @property
    def repeatable(self) -> bool:
        """See take.Subject."""
        return True

    def prepare(self) -> None:
        """See take.Subject: it is ready once it is set up."""

    def request_real_time(self, real_time: bool) -> None:
        """See take.Subject."""
        self.interpreter.request_real_time(real_time)

    def take(self, repeat: int) -> Timing:
        """See take.Subject."""
        return _timing(self.interpreter.ask("round", "done", self.timeout_s, repeat=repeat))


@dataclass
class FreshTest(_InInterpreter):
    """See take.Subject: every round is the first call of a test that was just set up in a new interpreter.

    Attributes:
        open_test: opens an interpreter and sets up the test in it; raises where that does not succeed.
        after_end: called with each test that has been torn down.
        live: the test of the last round; its interpreter is ended before the next.
        threads: threads that it is told to use; None for inherited ones.
        timeout_s: seconds of silence in a round after which the interpreter is ended.
        wants_real_time: whether new interpreters go into the real-time class.
        first: None, for every round is a first call.
    """

    first: ClassVar[None] = None
    open_test: Callable[[], LiveTest]
    after_end: Callable[[LiveTest], None]
    live: LiveTest
    threads: int | None
    timeout_s: float
    wants_real_time: bool = False

    @property
    def interpreter(self) -> IsolatedInterpreter:
        """Where the last round was taken."""
        return self.live.interpreter

    @property
    def repeatable(self) -> bool:
        """See take.Subject."""
        return False

    @property
    def first_s(self) -> float | None:
        """See take.Subject: every round is a first call."""
        return None

    def prepare(self) -> None:
        """See take.Subject."""
        self.finish()
        self.live.interpreter.close()
        self.live = self.open_test()
        if self.wants_real_time:
            self.interpreter.request_real_time(True)

    def finish(self) -> None:
        """Tear down the last test, if that is not done."""
        self.live.finish(self.timeout_s)
        self.after_end(self.live)

    def request_real_time(self, real_time: bool) -> None:
        """See take.Subject."""
        self.wants_real_time = real_time

    def take(self, repeat: int) -> Timing:
        """See take.Subject."""
        answer = self.live.attempt(self.timeout_s)
        if not self.live.passed:
            raise self.live.not_passed("call", "the test passed")
        return _timing(answer)


AnySubject = OpenedWorkload | FreshTest


def call_from_ready(ready: Message) -> Call:
    """The first call of a workload, from the agent's message that it is set up."""
    return Call(seconds_in(ready, "warmup_s"), seconds_in(ready, "warmup_cpu_s"))


def call_from_done(done: Message) -> Call:
    """One call, from the agent's message at its end: it is timed as a round of one repetition."""
    clock = own_clock(done)
    return Call(seconds_in(done, "wall_s"), clock.process_cpu_s + clock.reaped_cpu_s)


def own_clock(done: Message) -> OwnClock:
    """What an agent read of its own process, from its message at the end of a round."""
    start_s, end_s = seconds_in(done, "process_cpu_start_s"), seconds_in(done, "process_cpu_end_s")
    if end_s < start_s:
        raise ProtocolError(f"the agent sent a CPU clock that ran backwards, from {start_s} to {end_s} s")
    seconds = (seconds_in(done, field) for field in ("children_cpu_s", "ended_cpu_s", "ended_wait_s"))
    return OwnClock(end_s - start_s, *seconds)


def _timing(done: Message) -> Timing:
    wall_s = max(seconds_in(done, "wall_s"), MIN_WALL_S)
    return Timing(wall_s, own_clock(done), seconds_in(done, "clocks_s"))
