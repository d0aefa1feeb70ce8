"""The one way to open a side: a program at so many threads, as it is or with one thing changed.

Two kinds of program are opened: a workload, here, and a marked test (pytest_side/marked_program.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.workload import Workload, import_path
from pytest_multicore.measurement.subject import AnySubject, OpenedWorkload
from pytest_multicore.rounds.round import Call
from pytest_multicore.settings.options import Settings
from pytest_multicore.verdicts.repeatable import SAME_STATE_ADVICE

from .request import Initializer, MeasurementRequest, Variant

#: Imports, data and compilation may take long on a cold machine, but a hang must end.
SETUP_TIMEOUT_S = 600.0
FACTS_TIMEOUT_S = 60.0
#: A round that takes the whole budget can decide nothing; but none is ended before this, however small the budget.
MIN_ROUND_TIMEOUT_S = 30.0
#: Times its first run that a round may take before its interpreter counts as hung: neighbours may come.
ROUND_TIMEOUT_RATIO = 5.0


def round_timeout_s(settings: Settings, first_s: float | None) -> float:
    """Seconds of silence within a round after which its interpreter counts as hung.

    Args:
        settings: the user's.
        first_s: seconds of the region's first run, which may take as long as a set-up: a slow region is no mistake,
            and one that is too slow for the budget is inconclusive.
    """
    return max(MIN_ROUND_TIMEOUT_S, settings.budget_s, ROUND_TIMEOUT_RATIO * (first_s or 0.0))


@dataclass(frozen=True, slots=True)
class WorkloadProgram:
    """See Program: a workload.

    Attributes:
        interpreter: one that is open already, for the first side.
        first_call: the first call in it; None where there was none.
    """

    interpreter: IsolatedInterpreter | None = None
    first_call: Call | None = None
    runs_once = False
    advice = SAME_STATE_ADVICE

    @contextmanager
    def sides(
        self, request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload
    ) -> Iterator[Sequence[AnySubject]]:
        """See Program: they are set up at the same time."""
        with ExitStack() as interpreters:
            subjects = []
            for side, (place, threads) in enumerate(request.openings(prepared)):
                interpreter = self.interpreter if side == 0 else None
                if interpreter is None:
                    interpreter = interpreters.enter_context(_opened(request, place, threads))
                here = workload if place is prepared else request.workload(place)
                subjects.append(_set_up(interpreter, threads, place, here))
            for subject in subjects:
                _wait_until_ready(subject, request.settings)
            subjects[0].first = self.first_call or subjects[0].first
            try:
                yield subjects
            finally:
                if self.interpreter:
                    self.interpreter.resume()  # it may rest since rounds of others, and hold a server
            for subject in subjects[1 if self.interpreter else 0 :]:
                subject.interpreter.request_close()

    @contextmanager
    def variant(self, request: MeasurementRequest, variant: Variant, initializer: Initializer) -> Iterator[AnySubject]:
        """See Program."""
        variables = variant.variables(request)
        cpus = request.side_settings(variant.threads).cpus
        with variant.prepared.open(variables, priority=request.settings.priority, cpus=cpus) as interpreter:
            initialize(interpreter, variant)
            initializer(interpreter)
            subject = _set_up(interpreter, variant.threads, variant.prepared, variant.workload)
            _wait_until_ready(subject, request.settings)
            yield subject
            interpreter.request_close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """See Program: the user's own interpreter may hold a server."""
        if self.interpreter:
            self.interpreter.pause()
        try:
            yield
        finally:
            if self.interpreter:
                self.interpreter.resume()


def open_variant(
    request: MeasurementRequest, variant: Variant, initializer: Initializer = lambda _: None
) -> AbstractContextManager[AnySubject]:
    """One more side of the measured program. A replayed operation is a program of its own.

    Args:
        request: that of the program.
        variant: where and how it is opened.
        initializer: what else is done in its interpreter before any of the user's code.
    """
    is_replay = variant.workload.target == "builtin:replay_numpy"
    return (WorkloadProgram() if is_replay else request.program).variant(request, variant, initializer)


def initialize(interpreter: IsolatedInterpreter, variant: Variant) -> None:
    """Have an interpreter watched or changed, before any of the user's code."""
    if variant.watch:
        interpreter.ask("watch", "watching", SETUP_TIMEOUT_S, **variant.watch)


def _opened(request: MeasurementRequest, place: PreparedEnvironment, threads: int | None) -> IsolatedInterpreter:
    """A new interpreter for a side."""
    given = request.side_settings(threads)
    variables = place.variables(given.threads, request.theano_flags, request.env, given.cpus)
    return place.open(variables, priority=request.settings.priority, cpus=given.cpus)


def _set_up(
    interpreter: IsolatedInterpreter, threads: int | None, prepared: PreparedEnvironment, workload: Workload
) -> OpenedWorkload:
    subject = OpenedWorkload(interpreter, threads, SETUP_TIMEOUT_S)
    subject.set_up(workload, import_path(prepared.installation.is_current))
    return subject


def _wait_until_ready(subject: OpenedWorkload, settings: Settings) -> None:
    subject.wait_until_ready(SETUP_TIMEOUT_S)
    subject.timeout_s = round_timeout_s(settings, subject.first_s)
