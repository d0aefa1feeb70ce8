"""A marked test that knows nothing of this plugin: its phases run in isolated interpreters, its reports are adopted.

The item stays pytest's: its hooks run round its three phases as ever, so skips, expected failures, re-runs, -x and
junit files need nothing of ours. Only what the phases do is replaced: ``setup`` sets the test up in children,
``runtest`` measures its call there, ``teardown`` tears it down.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from .asked import Asked
from .benchmarked import fixture_asked_for, subject
from .child_options import NOT_IN_A_CHILD
from .environments.variables import ChildVariables
from .errors import LimitMissed, MulticoreError, Undecided, WorkloadError
from .experiment import SETUP_TIMEOUT_S, round_timeout_s
from .gate import Gate
from .interpreters.live_test import LiveTest, TestAddress, plain_options
from .interpreters.stage import Stage
from .interpreters.workload import Workload, import_path
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
        variables = _undisturbed(stage.variables(threads, {}, {}))
        interpreter = stage.open(variables, priority=self._gate.settings.priority)
        self._opened.callback(interpreter.close)
        live = LiveTest(interpreter)
        live.find(self._address(stage))
        return live

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

    def _address(self, stage: Stage) -> TestAddress:
        config = self._item.config
        # What the user named on the command line is the whole run's; argparse warns of it, too.
        ours = {name: value for name, value in vars(config.option).items() if name != "file_or_dir"}
        options = plain_options(ours, {**NOT_IN_A_CHILD, **self._places()})
        file, colons, rest = self._item.nodeid.partition("::")
        # A plugin that is left out must be so from the start, or its fixtures stay known.
        left_out = [arg for name in config.option.plugins if name.startswith("no:") for arg in ("-p", name)]
        return TestAddress(
            nodeid=self._item.nodeid,
            args=(*left_out, str(config.rootpath / file) + colons + rest),
            options=options,
            path=import_path(stage.provisioned.is_current),
            benchmark=fixture_asked_for(config, once=self.fresh),
        )

    def _places(self) -> dict[str, Any]:
        config = self._item.config
        places: dict[str, Any] = {"rootdir": str(config.rootpath)}
        if config.inipath is not None:
            places["inifilename"] = str(config.inipath)
        factory = getattr(config, "_tmp_path_factory", None)
        if factory is not None:
            places["basetemp"] = str(factory.mktemp("multicore", numbered=True) / "child")
        # A child captures always: its output belongs to its reports.
        places["capture"] = "fd"
        return places

    def _close(self) -> None:
        for side in self._sides:
            if not side.interpreter.ended:
                side.interpreter.say_goodbye()  # to all of them first: they end side by side
        self._opened.close()
        self._sides.clear()


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


def _undisturbed(found: ChildVariables) -> ChildVariables:
    """Without what would have coverage trace the measured code: it would be the tracer that is measured."""
    tracing = ("COV_CORE_", "COVERAGE_PROCESS")
    kept = {name: value for name, value in found.variables.items() if not name.startswith(tracing)}
    return ChildVariables(kept, found.set, found.overridden)
