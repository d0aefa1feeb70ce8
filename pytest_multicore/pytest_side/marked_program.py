"""A marked test as a program that can be measured: set up and called in isolated interpreters, one a side."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from pytest_multicore.environments.variables import ChildVariables
from pytest_multicore.errors import InterpreterCrash, WorkloadError, first_line
from pytest_multicore.experiment.open_side import SETUP_TIMEOUT_S, initialize, round_timeout_s
from pytest_multicore.experiment.request import Initializer, MeasurementRequest, SideSettings, Variant
from pytest_multicore.interpreters.live_test import LiveTest, TestAddress
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.machine import told_threads
from pytest_multicore.measurement.subject import AnySubject, FreshTest
from pytest_multicore.verdicts.repeatable import FRESH_ADVICE
from pytest_multicore.verdicts.words import side_in_words

from .benchmark_fixture import subject_of
from .child_reports import child_address, failure_line
from .gate import Gate


class MarkedProgram:
    """See request.Program: a marked test, whose phases its item requests one after the other.

    Attributes:
        runs_once: whether every round is taken in a new interpreter.
        live_tests: the test in each side's interpreter, in the request's order.
        base_tests: likewise on the base's sides; none without a base.
        warnings: those of the interpreters of single rounds, by their text.
    """

    advice = FRESH_ADVICE

    def __init__(self, item: pytest.Function, gate: Gate, *, fresh: bool) -> None:
        self.runs_once = fresh
        self.live_tests: list[LiveTest] = []
        self.base_tests: list[LiveTest] = []
        self.warnings: dict[str, Mapping[str, Any]] = {}
        self._item = item
        self._gate = gate
        self._interpreters = ExitStack()
        self._fresh_tests: list[FreshTest] = []
        self._failed_teardowns: list[Mapping[str, Any]] = []

    def environment(self) -> PreparedEnvironment:
        """The environment that the test runs in."""
        return self._gate.prepare_environment(also=("pytest",))

    def thread_counts(self) -> tuple[int | None, ...]:
        """Threads, or cores, of each side; None for inherited threads."""
        return self._gate.sides(self._gate.thread_count(), compare_without_limits=True)

    def set_up(self) -> None:
        """Collect the test on all sides at once, and set it up on one after the other: two set-ups could collide."""
        prepared = self.environment()
        base, counts = self._gate.prepare_base(prepared, also=("pytest",)), self.thread_counts()
        self.live_tests = [self._open(prepared, threads) for threads in counts]
        self.base_tests = [self._open(base, threads) for threads in counts] if base else []
        sides = [side_in_words(count, self._gate.settings.vary) for count in counts]
        for number, live in enumerate(self.live_tests):
            live.begin(SETUP_TIMEOUT_S)
            if live.torn_down:
                if number and live.reports["setup"]["outcome"] == "failed":
                    live.reports["setup"]["sections"].append(("pytest-multicore", set_up_twice(sides, number)))
                break

    def call(self) -> None:
        """Call the test once on each side, until a call does not pass."""
        for live in self.live_tests:
            live.attempt(SETUP_TIMEOUT_S)
            if not live.passed:
                return
        if self.runs_once:
            self.tear_down()

    def call_base(self) -> str:
        """Set the test up on the base's sides and call it once; return why it does not pass there, empty if it does."""
        for live in self.base_tests:
            try:
                live.begin(SETUP_TIMEOUT_S)
                if not live.torn_down:
                    live.attempt(SETUP_TIMEOUT_S)
                why = "" if live.passed else _why_not_passed(live)
            except (WorkloadError, InterpreterCrash) as error:  # it can't be collected, or is the end of the process
                why = first_line(error)
            if why:
                return f"the test does not pass with {self._gate.settings.against}: {why}"
            if self.runs_once:
                live.finish(SETUP_TIMEOUT_S)
        return ""

    def finish_call(self) -> None:
        """Run the rest of a call that waits within its benchmark."""
        for live in self._all_tests():
            live.conclude(SETUP_TIMEOUT_S)

    def tear_down(self) -> None:
        """Tear the test down on each side."""
        for live in self._all_tests():
            live.finish(SETUP_TIMEOUT_S)
        for fresh in self._fresh_tests:
            fresh.finish()

    def close(self) -> None:
        """End the interpreters."""
        for live in self._all_tests():
            if not live.interpreter.ended:
                live.interpreter.request_close()  # to all of them first: they end at the same time
        self._interpreters.close()
        for kept in (self.live_tests, self.base_tests, self._fresh_tests, self.warnings, self._failed_teardowns):
            kept.clear()

    def reports(self, when: str) -> list[Mapping[str, Any]]:
        """What the interpreters' pytest reported of a phase."""
        reports: list[Mapping[str, Any]] = [live.reports[when] for live in self.live_tests if when in live.reports]
        if when == "teardown":
            reports += self._failed_teardowns
            reports += [report for live in self.live_tests for report in live.failed_teardowns]
        return reports

    @contextmanager
    def sides(
        self, request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload
    ) -> Iterator[Sequence[AnySubject]]:
        """See Program: they are set up already; the item's own phase tears them down."""
        openings = request.openings(prepared)
        yield [self._subject(live, *where) for live, where in zip(self._all_tests(), openings, strict=True)]

    @contextmanager
    def variant(self, request: MeasurementRequest, variant: Variant, initializer: Initializer) -> Iterator[AnySubject]:
        """See Program."""
        variables = variant.variables(request)
        with ExitStack() as interpreters:

            def watched(interpreter: IsolatedInterpreter) -> None:
                initialize(interpreter, variant)

            def open_live_test(address: TestAddress | None = None) -> LiveTest:
                side = request.side_settings(variant.threads).cpus, variant.threads
                live = self._start(interpreters, variant.prepared, variables, side, address, watched, initializer)
                live.begin_again(SETUP_TIMEOUT_S)
                return live

            live = open_live_test()
            answer = live.attempt(SETUP_TIMEOUT_S)
            if not live.passed:
                raise WorkloadError(f"the test does not pass there: {failure_line(answer['reports'][0])}")
            timeout_s = round_timeout_s(self._gate.settings, live.first_s)
            if self.runs_once:
                open_again = functools.partial(open_live_test, live.address)
                fresh = FreshTest(open_again, lambda _: None, live, variant.threads, timeout_s)
                yield fresh
                fresh.finish()
            else:
                yield subject_of(live, variant.threads, timeout_s)
                live.conclude(timeout_s)
                live.finish(timeout_s)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """See Program: the next message to an interpreter has it go on."""
        for live in (*self._all_tests(), *(fresh.live for fresh in self._fresh_tests)):
            live.interpreter.pause()
        yield

    def _all_tests(self) -> list[LiveTest]:
        return [*self.live_tests, *self.base_tests]

    def _open(self, prepared: PreparedEnvironment, threads: int | None, address: TestAddress | None = None) -> LiveTest:
        given = SideSettings.of(threads, self._gate.settings.vary)
        variables = prepared.variables(given.threads, {}, {}, given.cpus)
        return self._start(self._interpreters, prepared, variables, (given.cpus, threads), address)

    def _start(
        self,
        interpreters: ExitStack,
        prepared: PreparedEnvironment,
        variables: ChildVariables,
        side: tuple[tuple[int, ...] | None, int | None],
        address: TestAddress | None,
        *initializers: Initializer,
    ) -> LiveTest:
        """Open an interpreter, kept by ``interpreters``, and have it collect the test.

        Args:
            interpreters: ends it.
            prepared: where it is opened.
            variables: its own.
            side: its CPUs and threads.
            address: of the same side's last interpreter. With its folder for temporary files: pytest empties that
                first, and a hundred rounds that each keep theirs fill a disk.
            initializers: called before it collects.
        """
        cpus, threads = side
        interpreter = prepared.open(variables, priority=self._gate.settings.priority, cpus=cpus)
        interpreters.callback(interpreter.close)
        for initializer in initializers:
            initializer(interpreter)
        live = LiveTest(interpreter)
        live.find(address or child_address(self._item, prepared, once=self.runs_once, threads=told_threads(threads)))
        return live

    def _subject(self, live: LiveTest, prepared: PreparedEnvironment, threads: int | None) -> AnySubject:
        timeout_s = round_timeout_s(self._gate.settings, live.first_s)
        if not self.runs_once:
            return subject_of(live, threads, timeout_s)

        def open_live_test() -> LiveTest:
            again = self._open(prepared, threads, live.address)
            again.begin_again(SETUP_TIMEOUT_S)
            return again

        self._fresh_tests.append(FreshTest(open_live_test, self._keep_warnings, live, threads, timeout_s))
        return self._fresh_tests[-1]

    def _keep_warnings(self, live: LiveTest) -> None:
        """Keep of a round's interpreter only what is to be reported: there may be hundreds of rounds."""
        self.warnings.update((str(warning), warning) for warning in live.warnings)
        teardown = live.reports.get("teardown", {})
        if teardown.get("outcome") == "failed":
            self._failed_teardowns.append(teardown)


def set_up_twice(sides: Sequence[str], failed: int) -> str:
    """What a reader must know of a set-up that succeeded on one side and failed on a later one.

    Args:
        sides: what each is given, in words.
        failed: the later side.
    """
    return (
        f"This is the set-up of the side with {sides[failed]}. The test was set up before with {sides[0]}, in another "
        "interpreter, and is set up on both sides at the same time.\nWhat there is only once, such as a fixed port or "
        "a file of a fixed name, each side needs for itself: let the system choose a port (0), use tmp_path, or take a "
        "number that differs by the fixture multicore_threads."
    )


def _why_not_passed(live: LiveTest) -> str:
    """The first line of what a test's last phase failed or skipped with."""
    when = "call" if "call" in live.reports else "setup"
    if live.reports[when]["outcome"] == "skipped":
        why, _, _ = live.texts[when].removeprefix("Skipped: ").partition("\n")
        return f"it skips there: {why}"
    return failure_line(live.reports[when])
