"""A pytest item in a live interpreter: set up and torn down once, its call repeated by rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_multicore.errors import WorkloadError

from . import protocol
from .carried_options import carried_options
from .process import IsolatedInterpreter

Report = dict[str, Any]


class PytestExited(WorkloadError):  # noqa: N818 - it is what happened
    """The test, a fixture or a plugin called ``pytest.exit``.

    Attributes:
        reason, returncode: its arguments.
    """

    def __init__(self, reason: str, returncode: int | None) -> None:
        super().__init__(f"pytest.exit was called: {reason}")
        self.reason, self.returncode = reason, returncode


@dataclass(frozen=True, slots=True)
class TestAddress:
    """How a child finds a test.

    Attributes:
        nodeid: the item's node id.
        args: pytest's arguments: what it collects.
        options: the parent's options for the child, which gets those that can be carried (carried_options.py).
        path: folders for the front of the child's search path.
        benchmark: how the child provides pytest-benchmark's fixture (agent/marked_test/benchmark_rounds.py); None: it
            does not.
        worker: the values of pytest-xdist's fixtures (agent/marked_test/xdist_fixtures.py); None: the parent is not one
            of its workers.
        threads: what the fixture multicore_threads returns there.
    """

    __test__ = False  # pytest must not collect this class

    nodeid: str
    args: tuple[str, ...]
    options: Mapping[str, Any]
    path: list[str]
    threads: int
    benchmark: Mapping[str, Any] | None = None
    worker: Mapping[str, str] | None = None


@dataclass
class LiveTest:
    """One item in one interpreter.

    Attributes:
        interpreter: the interpreter that runs it.
        reports: pytest's reports there, by phase.
        texts: the reports' texts, by phase: a failure's text, or a skip's reason.
        warnings: its warnings, with message, category, filename and lineno.
        xfails: xfail marks that were added there (agent/marked_test/xfail_marks.py).
        passed: whether its call passed, so that rounds can be taken.
        first: the clocks' figures of that call; None before it.
        inside_benchmark: whether the call is not over: it waits in its call of pytest-benchmark's fixture, and rounds
            repeat the function that it passed there.
        stepwise: whether each round must be prepared, and is one call.
        benchmark: the test's benchmark metadata; None without that fixture.
        session_ended: whether its pytest session ended early, so that nothing answers any more.
        failed_teardowns: reports of failed teardowns before the last set-up.
        address: how it was found; None before that.
    """

    interpreter: IsolatedInterpreter
    reports: dict[str, Report] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    xfails: Sequence[Mapping[str, Any]] = ()
    passed: bool = False
    first: protocol.Message | None = None
    inside_benchmark: bool = False
    stepwise: bool = False
    benchmark: Mapping[str, Any] | None = None
    session_ended: bool = False
    failed_teardowns: list[Report] = field(default_factory=list)
    address: TestAddress | None = None

    @property
    def first_s(self) -> float | None:
        """Wall seconds of the first call; None before it."""
        return None if self.first is None else self.first["wall_s"]

    def find(self, address: TestAddress) -> None:
        """Have the child collect the test, without waiting for it."""
        self.address = address
        plain, typed = carried_options(address.options)
        arguments = {
            "nodeid": address.nodeid,
            "args": list(address.args),
            "options": plain,
            "typed_options": typed,
            "benchmark": address.benchmark,
            "worker": address.worker,
            "threads": address.threads,
        }
        self.interpreter.tell("test", arguments=arguments, path=address.path)

    def begin(self, timeout_s: float) -> None:
        """Set it up. This and all that follows raise as IsolatedInterpreter.ask does, and PytestExited."""
        self._wait_for(("collected",), timeout_s)
        self._keep(self._ask("begin", ("begun", "ended"), timeout_s))

    def begin_again(self, timeout_s: float) -> None:
        """Set up a test that another interpreter has set up before. Raises as ``begin`` does.

        Raises:
            WorkloadError: its set-up fails or skips here.
        """
        self.begin(timeout_s)
        if self.torn_down:
            raise self.not_passed("setup", "the test was set up")

    def not_passed(self, when: str, what: str) -> WorkloadError:
        """The error for a phase that did not pass in this interpreter and did in another.

        Args:
            when: the phase.
            what: what the test did in the other interpreter.
        """
        sentence = f"{what} once and not again, in an interpreter of its own"
        text = self.texts.get(when, "")
        if self.reports[when].get("outcome") == "skipped":
            return WorkloadError(f"{sentence}: it skipped there: {text.removeprefix('Skipped: ')}")
        return WorkloadError(f"{sentence}: it failed there", text)

    @property
    def torn_down(self) -> bool:
        """Whether the test was torn down: nothing is left to call."""
        return "teardown" in self.reports

    def attempt(self, timeout_s: float) -> protocol.Message:
        """Run its call once, as pytest runs it; the answer has the clocks' figures where it passed."""
        answer = self._ask("attempt", ("ready", "ended"), timeout_s)
        self.passed = answer["type"] == "ready"
        self.first = answer if self.passed else None
        self.inside_benchmark, self.stepwise = answer.get("within", False), answer.get("stepwise", False)
        self._keep(answer)
        return answer

    def repeat_setup(self, timeout_s: float) -> Sequence[str]:
        """Tear it down and set it up again in the same process; returns the fixtures whose value is an iterator.

        Raises:
            WorkloadError: it cannot be set up twice.
        """
        return list(self._repeat("anew", "begun", timeout_s)["iterators"])

    def repeat_call(self, timeout_s: float) -> protocol.Message:
        """Run its call once after that; the answer has the clocks' figures.

        Raises:
            WorkloadError: it does not pass again.
        """
        return self._repeat("attempt", "ready", timeout_s)

    def _repeat(self, kind: str, expected: str, timeout_s: float) -> protocol.Message:
        """Ask for a phase that ran before. The first reports stay, except for teardowns that fail."""
        answer = self._ask(kind, (expected, "ended"), timeout_s)
        teardowns = [report for report in answer["reports"] if report["when"] == "teardown"]
        if answer["type"] == "ended":
            self.reports["teardown"] = teardowns.pop()
        self.failed_teardowns += [report for report in teardowns if report["outcome"] == "failed"]
        if answer["type"] == "ended":
            report = next(report for report in answer["reports"] if report["when"] != "teardown")
            raise WorkloadError(f"then its {report['when']} {report['outcome']}", report.get("text", ""))
        return answer

    def conclude(self, timeout_s: float) -> None:
        """Let a call that waits in the benchmark fixture run to its end."""
        if self.inside_benchmark and not self.interpreter.ended:
            self.inside_benchmark = False
            self._keep(self._ask("conclude", ("concluded",), timeout_s))

    def finish(self, timeout_s: float) -> None:
        """Tear it down, unless that is done already, as after a call that failed."""
        if self.reports and not (self.torn_down or self.session_ended or self.interpreter.ended):
            self._keep(self._ask("finish", ("ended",), timeout_s))

    def _ask(self, kind: str, expected: tuple[str, ...], timeout_s: float) -> protocol.Message:
        self.interpreter.tell(kind)
        return self._wait_for(expected, timeout_s)

    def _wait_for(self, expected: tuple[str, ...], timeout_s: float) -> protocol.Message:
        try:
            answer = self.interpreter.wait_for((*expected, "exited"), timeout_s)
        except WorkloadError:
            self.session_ended = True
            raise
        if answer["type"] == "exited":
            self.session_ended = True
            raise PytestExited(answer["reason"], answer["returncode"])
        return answer

    def _keep(self, answer: Mapping[str, Any]) -> None:
        for report in answer["reports"]:
            self.texts[report["when"]] = report.pop("text", "")
            self.reports[report["when"]] = report
        self.xfails = answer.get("xfails", self.xfails)
        self.warnings.extend(answer.get("warnings", ()))
        self.benchmark = answer.get("benchmark", self.benchmark)
