"""A marked test that knows nothing of this plugin: its phases run in isolated interpreters, its reports are adopted.

The item stays pytest's: its hooks run round its three phases as ever, so skips, expected failures, re-runs, -x and
junit files need nothing of ours. Only what the phases do is replaced: ``setup`` sets the test up in children,
``runtest`` measures its call there, ``teardown`` tears it down.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_multicore.errors import LimitMissed, MulticoreError, Undecided, WorkloadError
from pytest_multicore.experiment.request import MeasurementRequest
from pytest_multicore.interpreters.live_test import PytestExited
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.verdicts.repeatable import FRESH_ADVICE

from .child_reports import (
    ChildFailure,
    deserialize_report,
    exiting_alike,
    raise_skip,
    warn_again,
    xfail_mark,
)
from .gate import Gate
from .marked_program import MarkedProgram

NOT_REPEATABLE = f"the test is not repeatable, for its first call passed and a later one failed: {FRESH_ADVICE}"


class MeasuredItem:
    """What stands behind a marked item's three phases.

    Attributes:
        benchmarks: what the test said of its benchmark on each side, where it uses pytest-benchmark's fixture.
    """

    def __init__(self, item: pytest.Function, gate: Gate, *, fresh: bool) -> None:
        self._item = item
        self._gate = gate
        self._program = MarkedProgram(item, gate, fresh=fresh)
        self._expected = 0
        self._reports: dict[str, pytest.TestReport] = {}
        self.benchmarks: Sequence[Mapping[str, Any] | None] = ()

    def install_phases(self) -> None:
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
        self._gate.guard_environment(self._program.begin)
        self._adopt("setup")

    @exiting_alike()
    def runtest(self) -> None:
        """The test's own outcome first; then, if it passed, rounds and limits."""
        __tracebackhide__ = True
        self._gate.guard_environment(self._program.attempt)
        self._adopt("call")
        gate = self._gate
        request = MeasurementRequest(
            test=gate.test,
            label=self._label,
            workload=lambda _: Workload(self._label, "pytest:" + self._item.nodeid, {}),
            sides=self._program.threads(),
            limits=gate.limits,
            settings=gate.settings,
            program=self._program,
        )
        try:
            gate.enforce(request, self._program.prepared())
        except WorkloadError as error:
            if self._program.runs_once or isinstance(error, PytestExited):
                raise
            raise WorkloadError(f"{NOT_REPEATABLE}. {error.args[0]}", error.child_traceback, error.log_tail) from None
        except (LimitMissed, Undecided, pytest.skip.Exception):
            self._conclude()
            raise
        self._conclude()

    def _conclude(self) -> None:
        """The rest of a call that waits within its benchmark: its failure is the test's, whatever the verdict."""
        __tracebackhide__ = True
        self._gate.guard_environment(self._program.conclude)
        self.benchmarks = [live.benchmark for live in self._program.lives]
        self._adopt("call")

    @exiting_alike()
    def teardown(self) -> None:
        """Tear down in the children, and end them whatever comes of it."""
        __tracebackhide__ = True
        try:
            self._gate.guard_environment(self._program.finish)
            self._warn_again()
            self._adopt("teardown")
        finally:
            self._close()

    def show_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A failure that a child told is shown as pytest showed it there."""
        if isinstance(excinfo.value, ChildFailure):
            return excinfo.value.longrepr
        if isinstance(excinfo.value, LimitMissed | Undecided | MulticoreError):
            # The text says it all; the frames are this plugin's own.
            style = "value"
        return pytest.Function._repr_failure_py(self._item, excinfo, style)

    def copy_child_sections(self, report: pytest.TestReport) -> None:
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

    def _adopt(self, when: str) -> None:
        """Raise what pytest raised in a child, so that this process's hooks judge it as their own."""
        __tracebackhide__ = True
        self._expect_alike()
        for report in self._program.reports(when):
            told = deserialize_report(self._item.config, report)
            if told.passed:
                self._reports.setdefault(when, told)
                continue
            self._reports[when] = told
            if told.failed:
                raise ChildFailure(told.longrepr)
            raise_skip(told)

    def _expect_alike(self) -> None:
        """Mark this item as a fixture or the test's body marked the children's: its hooks are yet to judge."""
        told = next((live.xfails for live in self._program.lives if live.xfails), ())
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
        told = {str(one): one for live in self._program.lives for one in live.warnings} | self._program.warnings
        warn_again(self._item, told.values())

    def _close(self) -> None:
        self._program.close()
        self._expected = 0
