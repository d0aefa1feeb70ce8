"""A marked test as a program that can be measured: set up and called in isolated interpreters, one a side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from pytest_multicore.environments.variables import ChildVariables
from pytest_multicore.errors import WorkloadError
from pytest_multicore.experiment.open_side import SETUP_TIMEOUT_S, First, Variant, round_timeout_s
from pytest_multicore.experiment.request import MeasurementRequest
from pytest_multicore.interpreters.live_test import LiveTest
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.subject import AnySubject, FreshTest
from pytest_multicore.verdicts.repeatable import FRESH_ADVICE

from .benchmark_fixture import subject
from .child_reports import address, crash
from .gate import Gate


class MarkedProgram:
    """See open_side.Program: a marked test, whose phases its item asks for one after the other.

    Attributes:
        runs_once: whether every round is taken in a new interpreter.
        lives: the test in each side's interpreter, the side in question first.
        warnings: those of the interpreters of single rounds, by their text.
    """

    advice = FRESH_ADVICE

    def __init__(self, item: pytest.Function, gate: Gate, *, fresh: bool) -> None:
        self.runs_once = fresh
        self.lives: list[LiveTest] = []
        self.warnings: dict[str, Mapping[str, Any]] = {}
        self._item = item
        self._gate = gate
        self._opened = ExitStack()
        self._fresh: list[FreshTest] = []
        self._failed_teardowns: list[Mapping[str, Any]] = []

    def prepared(self) -> PreparedEnvironment:
        """The environment that it runs in."""
        return self._gate.prepared(also=("pytest",))

    def threads(self) -> tuple[int | None, ...]:
        """Threads of each side; None for inherited ones."""
        return self._gate.sides(self._gate.threads(), to_look=True)

    def begin(self) -> None:
        """Sides collect side by side and are set up one after the other: two set-ups at a time could collide."""
        prepared = self.prepared()
        self.lives = [self._open(prepared, threads) for threads in self.threads()]
        for live in self.lives:
            live.begin(SETUP_TIMEOUT_S)
            if "teardown" in live.reports:
                break

    def attempt(self) -> None:
        """The first call on each side; ends with the first that does not pass."""
        for live in self.lives:
            live.attempt(SETUP_TIMEOUT_S)
            if not live.passed:
                return
        if self.runs_once:
            self.finish()

    def conclude(self) -> None:
        """The rest of a call that waits within its benchmark."""
        for live in self.lives:
            live.conclude(SETUP_TIMEOUT_S)

    def finish(self) -> None:
        """Tear down."""
        for live in self.lives:
            live.finish(SETUP_TIMEOUT_S)
        for fresh in self._fresh:
            fresh.finish()

    def close(self) -> None:
        """End the interpreters."""
        for live in self.lives:
            if not live.interpreter.ended:
                live.interpreter.request_close()  # to all of them first: they end side by side
        self._opened.close()
        for kept in (self.lives, self._fresh, self.warnings, self._failed_teardowns):
            kept.clear()

    def reports(self, when: str) -> list[Mapping[str, Any]]:
        """What the interpreters' pytest reported of a phase."""
        reports: list[Mapping[str, Any]] = [live.reports[when] for live in self.lives if when in live.reports]
        if when == "teardown":
            reports += self._failed_teardowns + [one for live in self.lives for one in live.failed_teardowns]
        return reports

    @contextmanager
    def sides(
        self, request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload
    ) -> Iterator[Sequence[AnySubject]]:
        """See Program: they are set up already, and torn down in their own time."""
        yield [self._subject(live, count) for live, count in zip(self.lives, request.sides, strict=True)]

    @contextmanager
    def variant(self, request: MeasurementRequest, variant: Variant, first: First) -> Iterator[AnySubject]:
        """See Program."""
        variables = variant.variables(request)
        with ExitStack() as opened:

            def begun() -> LiveTest:
                live = self._start(opened, variant.prepared, variables, variant.begin, first)
                live.begin_again(SETUP_TIMEOUT_S)
                return live

            live = begun()
            answer = live.attempt(SETUP_TIMEOUT_S)
            if not live.passed:
                raise WorkloadError(f"the test does not pass there: {crash(answer['reports'][0])}")
            timeout_s = round_timeout_s(self._gate.settings, live.first_s)
            if self.runs_once:
                fresh = FreshTest(begun, lambda _: None, live, variant.threads, timeout_s)
                yield fresh
                fresh.finish()
            else:
                yield subject(live, variant.threads, timeout_s)
                live.conclude(timeout_s)
                live.finish(timeout_s)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """See Program: the next message to an interpreter has it go on."""
        for live in self.lives:
            live.interpreter.pause()
        yield

    def _open(self, prepared: PreparedEnvironment, threads: int | None) -> LiveTest:
        return self._start(self._opened, prepared, prepared.variables(threads, {}, {}))

    def _start(
        self, opened: ExitStack, prepared: PreparedEnvironment, variables: ChildVariables, *begin: First
    ) -> LiveTest:
        interpreter = prepared.open(variables, priority=self._gate.settings.priority)
        opened.callback(interpreter.close)
        for first in begin:
            first(interpreter)
        live = LiveTest(interpreter)
        live.find(address(self._item, prepared, once=self.runs_once))
        return live

    def _subject(self, live: LiveTest, threads: int | None) -> AnySubject:
        timeout_s = round_timeout_s(self._gate.settings, live.first_s)
        if not self.runs_once:
            return subject(live, threads, timeout_s)

        def open_one() -> LiveTest:
            opened = self._open(self.prepared(), threads)
            opened.begin_again(SETUP_TIMEOUT_S)
            return opened

        self._fresh.append(FreshTest(open_one, self._keep_end, live, threads, timeout_s))
        return self._fresh[-1]

    def _keep_end(self, live: LiveTest) -> None:
        """Of a round's interpreter only what is to be reported: there may be hundreds."""
        self.warnings.update((str(one), one) for one in live.warnings)
        teardown = live.reports.get("teardown", {})
        if teardown.get("outcome") == "failed":
            self._failed_teardowns.append(teardown)
