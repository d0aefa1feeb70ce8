"""A marked test that knows nothing of this plugin: its phases run in isolated interpreters, its reports are adopted.

The item stays pytest's: its hooks run round its three phases as ever, so skips, expected failures, re-runs, -x and
junit files need nothing of ours. Only what the phases do is replaced: ``setup`` sets the test up in children,
``runtest`` measures its call there, ``teardown`` tears it down.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from .asked import Asked, First
from .benchmarked import subject
from .child_session import address
from .environments.variables import ChildVariables
from .errors import LimitMissed, MulticoreError, Undecided, WorkloadError
from .experiment import SETUP_TIMEOUT_S, round_timeout_s
from .gate import Gate
from .interpreters.live_test import LiveTest
from .interpreters.stage import Stage
from .interpreters.workload import Workload
from .measurement.subject import AnySubject, FreshTest

NOT_REPEATABLE = (
    "the test is not repeatable, for its first call passed and a later one failed: use fresh=True (a new interpreter "
    "for every round), or let each call start from the same state"
)


class AdoptedFailure(Exception):  # noqa: N818 - the test's own failure, told by its child
    """The test failed in its isolated interpreter; ``longrepr`` is what pytest said there."""

    def __init__(self, longrepr: object) -> None:
        super().__init__(str(longrepr))
        self.longrepr = longrepr


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
        self._reports: dict[str, pytest.TestReport] = {}
        self.benchmarks: Sequence[Mapping[str, Any] | None] = ()

    def take_over(self) -> None:
        """Put these phases in the place of the item's own."""
        self._item.setup = self.setup  # type: ignore[method-assign]
        self._item.runtest = self.runtest  # type: ignore[method-assign]
        self._item.teardown = self.teardown  # type: ignore[method-assign]
        # The one place through which pytest makes text of a failure, in any phase.
        self._item._repr_failure_py = self.show_failure  # type: ignore[method-assign]

    def setup(self) -> None:
        """Find and set up the test in each side's interpreter."""
        __tracebackhide__ = True
        self._close()
        self._gate.check_reachable(self._label)
        self._gate.opened(self._begin)
        self._adopt("setup")

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
            sys.stdout.write("".join(text for name, text in told.sections if "Captured stdout" in name))

    @property
    def _label(self) -> str:
        return self._item.name

    def _threads(self) -> tuple[int | None, ...]:
        return self._gate.sides(self._gate.threads())

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
                live.begin(SETUP_TIMEOUT_S)
                return live

            side = begun()
            answer = side.attempt(round_timeout_s(self._gate.settings))
            if not side.passed:
                raise WorkloadError(f"the test does not pass there: {_crash(answer['reports'][0])}")
            if self.fresh:
                side.finish(SETUP_TIMEOUT_S)
            timeout_s = round_timeout_s(self._gate.settings)
            yield FreshTest(begun, side, threads, timeout_s) if self.fresh else subject(side, threads, timeout_s)
            side.conclude(timeout_s)
            side.finish(timeout_s)

    def _attempt(self) -> None:
        for side in self._sides:
            side.attempt(round_timeout_s(self._gate.settings))
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

    def _subject(self, side: LiveTest, threads: int | None) -> AnySubject:
        timeout_s = round_timeout_s(self._gate.settings)
        if not self.fresh:
            return subject(side, threads, timeout_s)

        def open_one() -> LiveTest:
            live = self._open(self._stage(), threads)
            live.begin(SETUP_TIMEOUT_S)
            return live

        return FreshTest(open_one, side, threads, timeout_s)

    def _adopt(self, when: str) -> None:
        """Raise what pytest raised in the child, so that this process's hooks judge it as their own."""
        __tracebackhide__ = True
        for side in self._sides:
            report = side.reports.get(when)
            if report is None:
                continue
            told = self._revived(report)
            if told.passed:
                self._reports.setdefault(when, told)
                continue
            self._reports[when] = told
            if told.failed:
                raise AdoptedFailure(told.longrepr)
            _raise_skip(told)

    def _warn_again(self) -> None:
        """Hand the children's warnings to this process's reports, each once."""
        for told in {str(one): one for side in self._sides for one in side.warnings}.values():
            message = warnings.WarningMessage(
                told["message"], _category(*told["category"]), told["filename"], told["lineno"]
            )
            place = {"when": "runtest", "nodeid": self._item.nodeid, "location": None}
            hook = self._item.config.hook.pytest_warning_recorded
            hook.call_historic(kwargs={"warning_message": message, **place})

    def _revived(self, report: Mapping[str, Any]) -> pytest.TestReport:
        config = self._item.config
        found: pytest.TestReport = config.hook.pytest_report_from_serializable(config=config, data=dict(report))
        if isinstance(found.longrepr, list):  # a skip's place and reason: a tuple, which JSON does not know
            found.longrepr = tuple(found.longrepr)
        return found

    def _close(self) -> None:
        for side in self._sides:
            if not side.interpreter.ended:
                side.interpreter.say_goodbye()  # to all of them first: they end side by side
        self._opened.close()
        self._sides.clear()


def _crash(report: Mapping[str, Any]) -> str:
    """The first line of a failure, as pytest sums it up."""
    told = report.get("longrepr")
    if isinstance(told, Mapping):
        told = (told.get("reprcrash") or {}).get("message") or "it failed"
    return str(told).partition("\n")[0]


def _raise_skip(told: pytest.TestReport) -> None:
    __tracebackhide__ = True
    if hasattr(told, "wasxfail"):
        raise pytest.xfail.Exception(str(told.wasxfail))
    reason = told.longrepr[2] if isinstance(told.longrepr, tuple) else str(told.longrepr)
    pytest.skip(reason.removeprefix("Skipped: "))


def _category(module: str, name: str) -> type[Warning]:
    """The warning's class, where this process knows it."""
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, Warning) else UserWarning
