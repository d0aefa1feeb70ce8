"""A marked test that does not use this plugin's fixtures: its phases run in isolated interpreters.

The item stays pytest's. Its hooks run around its three phases as always, so skips, expected failures, re-runs, -x and
junit files need nothing of ours. Only what the phases do is replaced: ``setup`` sets the test up in children,
``runtest`` measures its call there, ``teardown`` tears it down. The children's reports are replayed here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_multicore.errors import LimitMissed, MulticoreError, Undecided, WorkloadError
from pytest_multicore.experiment.request import MeasurementRequest
from pytest_multicore.interpreters.live_test import PytestExited
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.verdicts.repeatable import FRESH_ADVICE

from .child_reports import ChildFailure, deserialize_report, replay_exit, replay_skip, replay_warnings, xfail_mark
from .gate import Gate
from .marked_program import MarkedProgram

NOT_REPEATABLE = f"the test is not repeatable, for its first call passed and a later one failed: {FRESH_ADVICE}"


class ValuesElsewhere(dict[str, object]):
    """A marked test's ``funcargs`` in this process: none is there, and a hook that names one gets a word on that."""

    def __missing__(self, name: str) -> str:
        return f"<{name}: in an isolated interpreter>"


class MeasuredItem:
    """Replaces a marked item's three phases.

    Attributes:
        benchmarks: each side's description of its benchmark, where the test uses pytest-benchmark's fixture.
    """

    def __init__(self, item: pytest.Function, gate: Gate, *, fresh: bool) -> None:
        self._item = item
        self._gate = gate
        self._program = MarkedProgram(item, gate, fresh=fresh)
        self._xfails_replayed = 0
        self._reports: dict[str, pytest.TestReport] = {}
        self.benchmarks: Sequence[Mapping[str, Any] | None] = ()

    def install_phases(self) -> None:
        """Replace the item's own phases by these."""
        self._item.setup = self.setup  # type: ignore[method-assign]
        self._item.runtest = self.runtest  # type: ignore[method-assign]
        self._item.teardown = self.teardown  # type: ignore[method-assign]
        # The one place where pytest makes a text of a failure, in any phase.
        self._item._repr_failure_py = self.show_failure  # type: ignore[method-assign]

    @replay_exit()
    def setup(self) -> None:
        """Collect and set up the test in each side's interpreter."""
        __tracebackhide__ = True
        self._close()
        self._item.funcargs = ValuesElsewhere()
        self._gate.check_reachable(self._label)
        self._gate.guard_environment(self._program.set_up)
        self._replay_reports("setup")

    @replay_exit()
    def runtest(self) -> None:
        """The test's own outcome comes first; then, if it passed, rounds and limits."""
        __tracebackhide__ = True
        self._gate.guard_environment(self._program.call)
        self._replay_reports("call")
        if why := self._gate.guard_environment(self._program.call_base):
            self._gate.leave_open(self._label, why)
        try:
            self._gate.enforce(self._request(), self._program.environment())
        except WorkloadError as error:
            if self._program.runs_once or isinstance(error, PytestExited):
                raise
            raise WorkloadError(f"{NOT_REPEATABLE}. {error.args[0]}", error.child_traceback, error.log_tail) from None
        except (LimitMissed, Undecided, pytest.skip.Exception):
            self._finish_call()
            raise
        self._finish_call()

    @replay_exit()
    def teardown(self) -> None:
        """Tear the test down in the children, and end them in any case."""
        __tracebackhide__ = True
        try:
            self._gate.guard_environment(self._program.tear_down)
            self._replay_warnings()
            self._replay_reports("teardown")
        finally:
            self._close()

    def show_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A child's failure is shown as pytest showed it there."""
        if isinstance(excinfo.value, ChildFailure):
            return excinfo.value.longrepr
        if isinstance(excinfo.value, LimitMissed | Undecided | MulticoreError):
            # The text says it all; the frames are this plugin's own.
            style = "value"
        return pytest.Function._repr_failure_py(self._item, excinfo, style)

    def copy_child_sections(self, report: pytest.TestReport) -> None:
        """Give this process's report what the child's of the same phase holds: output, logs, place, wording."""
        child = self._reports.pop(report.when or "", None)
        if child is None:
            return
        report.sections[:0] = child.sections
        report.user_properties.extend(pair for pair in child.user_properties if pair not in report.user_properties)
        # A hook there has failed a test that passed although a mark expects it to fail: not the failure expected.
        is_failed_by_hook = child.failed and hasattr(child, "wasxfail")
        if report.outcome == child.outcome != "passed" or is_failed_by_hook:
            report.outcome, report.longrepr = child.outcome, child.longrepr
        if self._item.config.getoption("capture", "no") in ("no", "tee-sys"):
            for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
                text = "".join(text for title, text in child.sections if f"Captured {name}" in title)
                encoding = getattr(stream, "encoding", None) or "utf-8"  # it may lack a letter that the child's has
                stream.write(text.encode(encoding, "backslashreplace").decode(encoding))

    @property
    def _label(self) -> str:
        return self._item.name

    def _request(self) -> MeasurementRequest:
        gate = self._gate
        return MeasurementRequest(
            test=gate.test,
            label=self._label,
            workload=lambda _: Workload(self._label, "pytest:" + self._item.nodeid, {}),
            sides=self._program.thread_counts(),
            limits=gate.limits,
            settings=gate.settings,
            program=self._program,
        )

    def _finish_call(self) -> None:
        """The rest of a call that waits within its benchmark. If that fails the test fails, whatever the verdict."""
        __tracebackhide__ = True
        self._gate.guard_environment(self._program.finish_call)
        self.benchmarks = [live.benchmark for live in (*self._program.live_tests, *self._program.base_tests)]
        self._replay_reports("call")

    def _replay_reports(self, when: str) -> None:
        """Raise what pytest raised in a child, so that this process's hooks judge it as their own."""
        __tracebackhide__ = True
        self._replay_xfails()
        for data in self._program.reports(when):
            report = deserialize_report(self._item.config, data)
            if report.passed:
                self._reports.setdefault(when, report)
                continue
            self._reports[when] = report
            if report.failed:
                raise ChildFailure(report.longrepr)
            replay_skip(report)

    def _replay_xfails(self) -> None:
        """Mark this item as a fixture or the test's body marked the children's: its hooks are yet to judge."""
        xfails = next((live.xfails for live in self._program.live_tests if live.xfails), ())
        for data in xfails[self._xfails_replayed :]:
            self._item.add_marker(xfail_mark(data))
        if len(xfails) > self._xfails_replayed and not self._item.config.option.runxfail:
            self._gate.expect_failure()
        self._xfails_replayed = len(xfails)

    def _replay_warnings(self) -> None:
        """Report the children's warnings in this process, each once."""
        of_sides = {str(warning): warning for live in self._program.live_tests for warning in live.warnings}
        replay_warnings(self._item, (of_sides | self._program.warnings).values())

    def _close(self) -> None:
        self._program.close()
        self._xfails_replayed = 0
