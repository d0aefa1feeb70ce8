"""A marked test that knows nothing of this plugin: its phases run in isolated interpreters, its reports are adopted.

The item stays pytest's: its hooks run round its three phases as ever, so skips, expected failures, re-runs, -x and
junit files need nothing of ours. Only what the phases do is replaced: ``setup`` sets the test up in children,
``runtest`` measures its call there, ``teardown`` tears it down.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from .asked import Asked, First
from .benchmarked import subject
from .child_session import AdoptedFailure, address, crash, exiting_alike, raise_skip, revived, warn_again, xfail_mark
from .environments.variables import ChildVariables
from .errors import LimitMissed, MulticoreError, Undecided, WorkloadError
from .experiment import SETUP_TIMEOUT_S, round_timeout_s
from .gate import Gate
from .interpreters.live_test import LiveTest, PytestExited
from .interpreters.stage import Stage
from .interpreters.workload import Workload
from .measurement.subject import AnySubject, FreshTest
from .verdicts.repeatable import FRESH

NOT_REPEATABLE = f"the test is not repeatable, for its first call passed and a later one failed: {FRESH}"


class MeasuredItem:
    """What stands behind a marked item's three phases.

    Attributes:
        fresh: every round in a new interpreter.
        benchmarks: what the test said of its benchmark on each side, where it uses pytest-benchmark's fixture.
    """

    def __init__(self, item: pytest.Function, gate: Gate, *, fresh: bool) -> None:
        self.fresh = fresh
        self._item = item
        self._gate = gate
        self._opened = ExitStack()
        self._sides: list[LiveTest] = []
        self._fresh: list[FreshTest] = []
        self._expected = 0
        self._warnings: dict[str, Mapping[str, Any]] = {}
        self._failed_teardowns: list[Mapping[str, Any]] = []
        self._reports: dict[str, pytest.TestReport] = {}
        self.benchmarks: Sequence[Mapping[str, Any] | None] = ()

    def take_over(self) -> None:
        """Put these phases in the place of the item's own."""
        self._item.setup = self.setup  # type: ignore[method-assign]
        self._item.runtest = self.runtest  # type: ignore[method-assign]
        self._item.teardown = self.teardown  # type: ignore[method-assign]
        # The one place through which pytest makes text of a failure, in any phase.
        self._item._repr_failure_py = self.show_failure  # type: ignore[method-assign]

    @exiting_alike()
    def setup(self) -> None:
        """Find and set up the test in each side's interpreter."""
        __tracebackhide__ = True
        self._close()
        self._gate.check_reachable(self._label)
        self._gate.opened(self._begin)
        self._adopt("setup")

    @exiting_alike()
    def runtest(self) -> None:
        """The test's own outcome first; then, if it passed, rounds and limits."""
        __tracebackhide__ = True
        self._gate.opened(self._attempt)
        self._adopt("call")
        gate, threads = self._gate, self._threads()
        asked = Asked(
            test=gate.test,
            label=self._label,
            workload=lambda _: Workload(self._label, "pytest:" + self._item.nodeid, {}),
            sides=threads,
            limits=gate.limits,
            settings=gate.settings,
            ready=[self._subject(side, count) for side, count in zip(self._sides, threads, strict=True)],
            reopen=self.reopened,
        )
        try:
            gate.hold(asked, self._stage())
        except WorkloadError as error:
            if self.fresh or isinstance(error, PytestExited):
                raise
            raise WorkloadError(f"{NOT_REPEATABLE}. {error.args[0]}", error.child_traceback, error.log_tail) from None
        except (LimitMissed, Undecided, pytest.skip.Exception):
            self._conclude()
            raise
        self._conclude()

    def _conclude(self) -> None:
        """The rest of a call that waits within its benchmark: its failure is the test's, whatever the verdict."""
        __tracebackhide__ = True
        self._gate.opened(self._end_calls)
        self.benchmarks = [side.benchmark for side in self._sides]
        self._adopt("call")

    @exiting_alike()
    def teardown(self) -> None:
        """Tear down in the children, and end them whatever comes of it."""
        __tracebackhide__ = True
        try:
            self._gate.opened(self._finish)
            self._warn_again()
            self._adopt("teardown")
        finally:
            self._close()

    def show_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A failure that a child told is shown as pytest showed it there."""
        if isinstance(excinfo.value, AdoptedFailure):
            return excinfo.value.longrepr
        if isinstance(excinfo.value, LimitMissed | Undecided | MulticoreError):
            # The text says it all; the frames are this plugin's own.
            style = "value"
        return pytest.Function._repr_failure_py(self._item, excinfo, style)

    def dress(self, report: pytest.TestReport) -> None:
        """Give the parent's report what the child's of the same phase holds: output, logs, place, wording."""
        told = self._reports.pop(report.when or "", None)
        if told is None:
            return
        report.sections[:0] = told.sections
        report.user_properties.extend(one for one in told.user_properties if one not in report.user_properties)
        if report.outcome == told.outcome != "passed":
            report.longrepr = told.longrepr
        if self._item.config.getoption("capture") == "no":
            for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
                stream.write("".join(text for title, text in told.sections if f"Captured {name}" in title))

    @property
    def _label(self) -> str:
        return self._item.name

    def _threads(self) -> tuple[int | None, ...]:
        return self._gate.sides(self._gate.threads(), to_look=True)

    def _stage(self) -> Stage:
        return self._gate.stage(also=("pytest",))

    def _begin(self) -> None:
        """Sides collect side by side and are set up one after the other: two set-ups at a time could collide."""
        stage = self._stage()
        self._sides = [self._open(stage, threads) for threads in self._threads()]
        for side in self._sides:
            side.begin(SETUP_TIMEOUT_S)
            if "teardown" in side.reports:
                break

    def _open(self, stage: Stage, threads: int | None) -> LiveTest:
        return self._start(self._opened, stage, stage.variables(threads, {}, {}))

    def _start(
        self, opened: ExitStack, stage: Stage, variables: ChildVariables, first: First = lambda _: None
    ) -> LiveTest:
        interpreter = stage.open(variables, priority=self._gate.settings.priority)
        opened.callback(interpreter.close)
        first(interpreter)
        live = LiveTest(interpreter)
        live.find(address(self._item, stage, once=self.fresh))
        return live

    @contextmanager
    def reopened(
        self, stage: Stage, variables: ChildVariables, threads: int | None, first: First
    ) -> Iterator[AnySubject]:
        """See asked.Asked.reopen: the test, set up and called once, in a world that is changed or looked on."""
        with ExitStack() as opened:

            def begun() -> LiveTest:
                live = self._start(opened, stage, variables, first)
                live.begin_again(SETUP_TIMEOUT_S)
                return live

            side = begun()
            answer = side.attempt(SETUP_TIMEOUT_S)
            if not side.passed:
                raise WorkloadError(f"the test does not pass there: {crash(answer['reports'][0])}")
            timeout_s = round_timeout_s(self._gate.settings, side.first_s)
            if self.fresh:
                fresh = FreshTest(begun, lambda _: None, side, threads, timeout_s)
                yield fresh
                fresh.finish()
            else:
                yield subject(side, threads, timeout_s)
                side.conclude(timeout_s)
                side.finish(timeout_s)

    def _attempt(self) -> None:
        for side in self._sides:
            side.attempt(SETUP_TIMEOUT_S)
            if not side.passed:
                return
        if self.fresh:
            self._finish()

    def _end_calls(self) -> None:
        for side in self._sides:
            side.conclude(SETUP_TIMEOUT_S)

    def _finish(self) -> None:
        for side in self._sides:
            side.finish(SETUP_TIMEOUT_S)
        for fresh in self._fresh:
            fresh.finish()

    def _keep_end(self, live: LiveTest) -> None:
        """Of a round's interpreter only what is to be told: there may be hundreds."""
        self._warnings.update((str(one), one) for one in live.warnings)
        teardown = live.reports.get("teardown", {})
        if teardown.get("outcome") == "failed":
            self._failed_teardowns.append(teardown)

    def _subject(self, side: LiveTest, threads: int | None) -> AnySubject:
        timeout_s = round_timeout_s(self._gate.settings, side.first_s)
        if not self.fresh:
            return subject(side, threads, timeout_s)

        def open_one() -> LiveTest:
            live = self._open(self._stage(), threads)
            live.begin_again(SETUP_TIMEOUT_S)
            return live

        self._fresh.append(FreshTest(open_one, self._keep_end, side, threads, timeout_s))
        return self._fresh[-1]

    def _adopt(self, when: str) -> None:
        """Raise what pytest raised in a child, so that this process's hooks judge it as their own."""
        __tracebackhide__ = True
        self._expect_alike()
        reports: list[Mapping[str, Any]] = [side.reports[when] for side in self._sides if when in side.reports]
        if when == "teardown":
            reports += self._failed_teardowns + [one for side in self._sides for one in side.failed_teardowns]
        for report in reports:
            told = revived(self._item.config, report)
            if told.passed:
                self._reports.setdefault(when, told)
                continue
            self._reports[when] = told
            if told.failed:
                raise AdoptedFailure(told.longrepr)
            raise_skip(told)

    def _expect_alike(self) -> None:
        """Mark this item as a fixture or the test's body marked the children's: its hooks are yet to judge."""
        told = next((side.xfails for side in self._sides if side.xfails), ())
        for one in told[self._expected :]:
            self._item.add_marker(xfail_mark(one))
        if len(told) > self._expected and not self._item.config.option.runxfail:
            gate = self._gate
            # As for a mark that was there from the start: a miss that is expected is nothing that anybody asks why of.
            explain = "never" if gate.settings.explain == "auto" else gate.settings.explain
            gate.settings = replace(gate.settings, explain=explain)
        self._expected = len(told)

    def _warn_again(self) -> None:
        """Hand the children's warnings to this process's reports, each once."""
        told = {str(one): one for side in self._sides for one in side.warnings} | self._warnings
        warn_again(self._item, told.values())

    def _close(self) -> None:
        for side in self._sides:
            if not side.interpreter.ended:
                side.interpreter.say_goodbye()  # to all of them first: they end side by side
        self._opened.close()
        for kept in (self._sides, self._fresh, self._warnings, self._failed_teardowns):
            kept.clear()
        self._expected = 0
