"""What rounds are taken of: a live interpreter with an opened workload, or a test in a new interpreter each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pytest_multicore.interpreters.live_test import LiveTest
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.protocol import Message
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.rounds.round import Call

from .calls import of_warmup
from .take import Timing
from .usage import OwnClock


@dataclass(slots=True)
class OpenedWorkload:
    """See take.Subject.

    Attributes:
        interpreter: where it lives.
        threads: threads asked for, None for inherited ones.
        timeout_s: after so long a silence in a round the interpreter is ended.
        first: the region's first run; None before it.
        test: what it is, where it can be set up anew between two rounds.
    """

    interpreter: IsolatedInterpreter
    threads: int | None
    timeout_s: float
    first: Call | None = None
    test: LiveTest | None = None

    def set_up(self, workload: Workload, path: list[str]) -> None:
        """Have the child import, set up and warm up the workload, outside the measured region; do not wait for it."""
        self.interpreter.tell("open", target=workload.target, arguments=dict(workload.arguments), path=path)

    def wait_until_ready(self, timeout_s: float) -> None:
        """Wait for the end of the set-up; see IsolatedInterpreter.ask for the errors."""
        self.first = of_warmup(self.interpreter.wait_for("ready", timeout_s))

    @property
    def first_s(self) -> float | None:
        """See take.Subject."""
        return None if self.first is None else self.first.wall_s

    @property
    def pid(self) -> int:
        """The agent's process id."""
        return self.interpreter.pid

    @property
    def repeatable(self) -> bool:
        """See take.Subject."""
        return True

    def prepare(self) -> None:
        """See take.Subject: it is ready once it is set up."""

    def pause(self) -> None:
        """See take.Subject."""
        self.interpreter.pause()

    @property
    def real_time(self) -> bool:
        """See take.Subject."""
        return self.interpreter.real_time

    def request_real_time(self, urgent: bool) -> None:
        """See take.Subject."""
        self.interpreter.request_real_time(urgent)

    def take(self, repeat: int) -> Timing:
        """See take.Subject."""
        return _timing(self.interpreter.ask("round", "done", self.timeout_s, repeat=repeat))


@dataclass
class FreshTest:
    """See take.Subject: every round is the first call of a test that was just set up in a new interpreter.

    Attributes:
        open_one: opens and sets up one; raises where that does not succeed.
        ended: told of each that has been torn down.
        live: the one of the last round; it is ended before the next.
        threads: threads asked for, None for inherited ones.
        timeout_s: after so long a silence in a round the interpreter is ended.
        urged: whether new interpreters have their priority raised further.
        first: every round is a first run.
    """

    first: ClassVar[None] = None
    open_one: Callable[[], LiveTest]
    ended: Callable[[LiveTest], None]
    live: LiveTest
    threads: int | None
    timeout_s: float
    urged: bool = False

    @property
    def interpreter(self) -> IsolatedInterpreter:
        """Where the last round was taken."""
        return self.live.interpreter

    @property
    def pid(self) -> int:
        """The agent's process id."""
        return self.interpreter.pid

    @property
    def repeatable(self) -> bool:
        """See take.Subject."""
        return False

    @property
    def first_s(self) -> float | None:
        """See take.Subject: every round is a first run."""
        return None

    def prepare(self) -> None:
        """See take.Subject."""
        self.finish()
        self.live.interpreter.close()
        self.live = self.open_one()
        if self.urged:
            self.interpreter.request_real_time(True)

    def finish(self) -> None:
        """Tear down the last one, if that is not done."""
        self.live.finish(self.timeout_s)
        self.ended(self.live)

    def pause(self) -> None:
        """See take.Subject."""
        self.interpreter.pause()

    @property
    def real_time(self) -> bool:
        """See take.Subject."""
        return self.interpreter.real_time

    def request_real_time(self, urgent: bool) -> None:
        """See take.Subject."""
        self.urged = urgent

    def take(self, repeat: int) -> Timing:
        """See take.Subject."""
        answer = self.live.attempt(self.timeout_s)
        if not self.live.passed:
            raise self.live.not_passed("call", "the test passed")
        return _timing(answer)


AnySubject = OpenedWorkload | FreshTest


def own_clock(done: Message) -> OwnClock:
    """What an agent read of itself in a round, or in a call that it clocked as one."""
    return OwnClock(done["process_cpu_end_s"] - done["process_cpu_start_s"], done["children_cpu_s"])


def _timing(done: Message) -> Timing:
    return Timing(done["wall_s"], own_clock(done), done["clocks_s"])
