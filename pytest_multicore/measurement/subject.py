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

    @classmethod
    def open(
        cls,
        interpreter: IsolatedInterpreter,
        workload: Workload,
        path: list[str],
        threads: int | None,
        setup_timeout_s: float,
        round_timeout_s: float,
    ) -> OpenedWorkload:
        """Import, set up and warm up the workload in the child: all of it outside the measured region."""
        interpreter.ask(
            "open",
            "ready",
            setup_timeout_s,
            target=workload.target,
            arguments=dict(workload.arguments),
            path=path,
        )
        return cls(interpreter, threads, round_timeout_s)

    @property
    def pid(self) -> int:
        """The agent's process id."""
        return self.interpreter.pid

    def take(self, repeat: int) -> Timing:
        """See rounds.Subject."""
        done = self.interpreter.ask("round", "done", self.timeout_s, repeat=repeat)
        own = OwnClock(done["process_cpu_end_s"] - done["process_cpu_start_s"], done["children_cpu_s"])
        return Timing(done["wall_s"], own)
