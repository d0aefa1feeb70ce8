"""The one way to open a side: a program at so many threads, as it is or with one thing changed.

Two kinds of program are opened: a workload, here, and a marked test (pytest_side/measured_item.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from pytest_multicore.diagnosis.suspicions import NO_CHANGE, ORIGINAL_THREADS, Change
from pytest_multicore.environments.variables import ChildVariables
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.workload import Workload, import_path
from pytest_multicore.measurement.subject import AnySubject, OpenedWorkload
from pytest_multicore.rounds.round import Call
from pytest_multicore.settings.options import Settings
from pytest_multicore.verdicts.repeatable import SAME_STATE_ADVICE

if TYPE_CHECKING:
    from .request import MeasurementRequest

#: Imports, data and compilation may take long on a cold machine; a hang must end all the same.
SETUP_TIMEOUT_S = 600.0
FACTS_TIMEOUT_S = 60.0
#: A round that alone takes the whole budget can decide nothing; none is given up before this, however small the budget.
MIN_ROUND_TIMEOUT_S = 30.0
#: Times its first run that a round may take before its interpreter is taken for hung: neighbours may come.
ROUND_TIMEOUT_RATIO = 5.0

#: What is done in an interpreter before any of the user's code.
First = Callable[[IsolatedInterpreter], None]


def round_timeout_s(settings: Settings, first_s: float | None) -> float:
    """After so long a silence within a round its interpreter is taken for hung; ``first_s``: of the region's first run.

    That one has the time of a set-up: how long a region takes is nobody's mistake, and too long for the budget is
    inconclusive.
    """
    return max(MIN_ROUND_TIMEOUT_S, settings.budget_s, ROUND_TIMEOUT_RATIO * (first_s or 0.0))


@dataclass(frozen=True, slots=True)
class Variant:
    """Where and how a side is opened.

    Attributes:
        prepared: the environment.
        workload: what runs there.
        threads: that it is told to use; None for inherited ones.
        change: what is different from the measured program.
        extra: variables beside.
        observe: whether it is observed from within.
        trace: whether that times each line, for a region that is over before a sampler looks.
    """

    prepared: PreparedEnvironment
    workload: Workload
    threads: int | None
    change: Change = NO_CHANGE
    extra: Mapping[str, str] = field(default_factory=dict)
    observe: bool = False
    trace: bool = False

    def variables(self, request: MeasurementRequest) -> ChildVariables:
        """The child's, with those removed that the change removes."""
        changed = {name: value for name, value in self.change.variables.items() if value is not None}
        flags = {**request.theano_flags, **self.change.theano_flags}
        threads = self.threads if self.change.threads == ORIGINAL_THREADS else self.change.threads
        assert not isinstance(threads, str)  # noqa: S101 - the only word is ORIGINAL_THREADS
        child = self.prepared.variables(threads, flags, {**request.env, **changed, **self.extra})
        removed = self.change.variables.keys() - changed.keys()
        return replace(child, variables={name: value for name, value in child.variables.items() if name not in removed})

    @property
    def watch(self) -> dict[str, Any] | None:
        """What is sent to the child as ``watch``; None where nothing is."""
        if not (self.observe or self.change.agent_changes):
            return None
        return {
            "observe": self.observe,
            "trace": self.trace,
            "changes": list(self.change.agent_changes),
            "threads": self.threads,
        }

    def begin(self, interpreter: IsolatedInterpreter) -> None:
        """Have the interpreter watched, or changed, before any of the user's code."""
        if self.watch:
            interpreter.ask("watch", "watching", SETUP_TIMEOUT_S, **self.watch)


class Program(Protocol):
    """What is measured: it opens its sides, and others of itself in which one thing is changed.

    Attributes:
        runs_once: whether each of its interpreters runs it once.
        advice: what its user can do where later calls do none of the first one's work.
    """

    @property
    def runs_once(self) -> bool: ...  # noqa: D102 - see the class

    @property
    def advice(self) -> str: ...  # noqa: D102 - see the class

    def sides(
        self, request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload
    ) -> AbstractContextManager[Sequence[AnySubject]]:
        """All sides of a request, set up and run once, in the request's order."""
        ...

    def variant(
        self, request: MeasurementRequest, variant: Variant, first: First
    ) -> AbstractContextManager[AnySubject]:
        """One more side, set up, run once, and ended with everything that it started."""
        ...

    def standing_still(self) -> AbstractContextManager[None]:
        """Nothing of it runs meanwhile; what the user may still need goes on afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class WorkloadProgram:
    """See Program: a workload.

    Attributes:
        live: an interpreter that is open already, for the first side.
        called: what the first call in it took; None where there was none.
    """

    live: IsolatedInterpreter | None = None
    called: Call | None = None
    runs_once = False
    advice = SAME_STATE_ADVICE

    @contextmanager
    def sides(
        self, request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload
    ) -> Iterator[Sequence[AnySubject]]:
        """See Program: they set up side by side."""
        with ExitStack() as interpreters:
            subjects = []
            for side, threads in enumerate(request.sides):
                interpreter = self.live if side == 0 else None
                if interpreter is None:
                    variables = prepared.variables(threads, request.theano_flags, request.env)
                    interpreter = interpreters.enter_context(
                        prepared.open(variables, priority=request.settings.priority)
                    )
                subjects.append(_set_up(interpreter, threads, prepared, workload))
            for subject in subjects:
                _wait_until_ready(subject, request.settings)
            subjects[0].first = self.called or subjects[0].first
            yield subjects
            for subject in subjects[1 if self.live else 0 :]:
                subject.interpreter.request_close()

    @contextmanager
    def variant(self, request: MeasurementRequest, variant: Variant, first: First) -> Iterator[AnySubject]:
        """See Program."""
        variables = variant.variables(request)
        with variant.prepared.open(variables, priority=request.settings.priority) as interpreter:
            variant.begin(interpreter)
            first(interpreter)
            subject = _set_up(interpreter, variant.threads, variant.prepared, variant.workload)
            _wait_until_ready(subject, request.settings)
            yield subject
            interpreter.request_close()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """See Program: the user's own interpreter may hold a server."""
        if self.live:
            self.live.pause()
        try:
            yield
        finally:
            if self.live:
                self.live.resume()


def open_variant(
    request: MeasurementRequest, variant: Variant, first: First = lambda _: None
) -> AbstractContextManager[AnySubject]:
    """One more side of the program that was measured; a built-in workload, as of a replayed call, is its own program.

    Args:
        request: how the program was asked for.
        variant: where and how it is opened.
        first: what else is done in its interpreter before any of the user's code.
    """
    own = variant.workload.target == "builtin:replay_numpy"
    return (WorkloadProgram() if own else request.program).variant(request, variant, first)


def _set_up(
    interpreter: IsolatedInterpreter, threads: int | None, prepared: PreparedEnvironment, workload: Workload
) -> OpenedWorkload:
    subject = OpenedWorkload(interpreter, threads, SETUP_TIMEOUT_S)
    subject.set_up(workload, import_path(prepared.installation.is_current))
    return subject


def _wait_until_ready(subject: OpenedWorkload, settings: Settings) -> None:
    subject.wait_until_ready(SETUP_TIMEOUT_S)
    subject.timeout_s = round_timeout_s(settings, subject.first_s)
