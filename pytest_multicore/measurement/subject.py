"""A live interpreter with an opened workload: what rounds are taken of."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.rounds import Timing
from pytest_multicore.measurement.usage import OwnClock


@dataclass(frozen=True, slots=True)
class OpenedWorkload:
    """See rounds.Subject.

    Attributes:
        interpreter: where it lives.
        threads: threads asked for, None for inherited ones.
        timeout_s: after so long a silence in a round the interpreter is ended.
    """

    interpreter: IsolatedInterpreter
    threads: int | None
    timeout_s: float

    def set_up(self, workload: Workload, path: list[str]) -> None:
        """Have the child import, set up and warm up the workload, outside the measured region; do not wait for it."""
        self.interpreter.tell("open", target=workload.target, arguments=dict(workload.arguments), path=path)

    def wait_until_ready(self, timeout_s: float) -> None:
        """Wait for the end of the set-up; see IsolatedInterpreter.ask for the errors."""
        self.interpreter.wait_for("ready", timeout_s)

    @property
    def pid(self) -> int:
        """The agent's process id."""
        return self.interpreter.pid

    def pause(self) -> None:
        """See rounds.Subject."""
        self.interpreter.pause()

    def take(self, repeat: int) -> Timing:
        """See rounds.Subject."""
        done = self.interpreter.ask("round", "done", self.timeout_s, repeat=repeat)
        own = OwnClock(done["process_cpu_end_s"] - done["process_cpu_start_s"], done["children_cpu_s"])
        return Timing(done["wall_s"], own)
