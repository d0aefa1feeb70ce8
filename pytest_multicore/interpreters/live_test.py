"""A pytest item in a live interpreter: set up and torn down once, its call run as often as rounds want it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_multicore.errors import WorkloadError

from . import protocol
from .process import IsolatedInterpreter

Report = dict[str, Any]


class PytestExited(WorkloadError):  # noqa: N818 - it is what happened
    """The test, or what belongs to it, called ``pytest.exit``.

    Attributes:
        reason, returncode: as given there.
    """

    def __init__(self, reason: str, returncode: int | None) -> None:
        super().__init__(f"pytest.exit was called: {reason}")
        self.reason, self.returncode = reason, returncode


@dataclass(frozen=True, slots=True)
class TestAddress:
    """How a child finds a test again.

    Attributes:
        nodeid: the item's node id.
        args: what its pytest collects.
        options: the parent's options, as the child shall see them.
        path: folders for the front of the child's search path.
        benchmark: how the child gives pytest-benchmark's fixture (agent/marked_test/benchmark_rounds.py); None: not at
            all.
        worker: of pytest-xdist, by which its fixtures answer (agent/marked_test/xdist_fixtures.py); None: this is none.
    """

    __test__ = False  # no test of this project's

    nodeid: str
    args: tuple[str, ...]
    options: Mapping[str, Any]
    path: list[str]
    benchmark: Mapping[str, Any] | None = None
    worker: Mapping[str, str] | None = None


@dataclass
class LiveTest:
    """One item in one interpreter.

    Attributes:
        interpreter: where it lives.
        reports: what pytest said of its phases there, by phase.
        texts: the same as text: a failure's, or a skip's reason.
        warnings: what it warned of, with message, category, filename and lineno.
        xfails: its marks of expected failures that were added there (agent/marked_test/added_marks.py).
        passed: whether its call passed, so that rounds can be taken.
        first: what the clocks said of that call; None before it.
        within: whether the call is not over: it waits where pytest-benchmark's fixture was called, and rounds are
            taken of what it was given there.
        stepwise: whether each round must be prepared, and is one call.
        benchmark: what the test said of its benchmark; None without that fixture.
        over: whether its pytest session ended early: there is nobody left to answer.
        failed_teardowns: of set-ups before the last one.
    """

    interpreter: IsolatedInterpreter
    reports: dict[str, Report] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    xfails: Sequence[Mapping[str, Any]] = ()
    passed: bool = False
    first: protocol.Message | None = None
    within: bool = False
    stepwise: bool = False
    benchmark: Mapping[str, Any] | None = None
    over: bool = False
    failed_teardowns: list[Report] = field(default_factory=list)

    @property
    def first_s(self) -> float | None:
        """Wall seconds of the first call; None before it."""
        return None if self.first is None else self.first["wall_s"]

    def find(self, address: TestAddress) -> None:
        """Have the child collect the test; do not wait for it."""
        arguments = {
            "nodeid": address.nodeid,
            "args": list(address.args),
            "options": dict(address.options),
            "benchmark": address.benchmark,
            "worker": address.worker,
        }
        self.interpreter.tell("test", arguments=arguments, path=address.path)

    def begin(self, timeout_s: float) -> None:
        """Set it up. Raises as IsolatedInterpreter.ask, and PytestExited, as all that follows."""
        self._wait_for(("collected",), timeout_s)
        self._keep(self._ask("begin", ("begun", "ended"), timeout_s))

    def begin_again(self, timeout_s: float) -> None:
        """Set up a test that was set up elsewhere before. Raises as ``begin``.

        Raises:
            WorkloadError: its set-up fails or skips here; nothing is left to call.
        """
        self.begin(timeout_s)
        if self.torn_down:
            raise self.not_passed("setup", "the test was set up")

    def not_passed(self, when: str, what: str) -> WorkloadError:
        """What to raise where a phase did not pass in this interpreter and did in another.

        Args:
            when: the phase.
            what: what it did in the other one.
        """
        sentence = f"{what} once and not again, in an interpreter of its own"
        told = self.texts.get(when, "")
        if self.reports[when].get("outcome") == "skipped":
            return WorkloadError(f"{sentence}: it skipped there: {told.removeprefix('Skipped: ')}")
        return WorkloadError(f"{sentence}: it failed there", told)

    @property
    def torn_down(self) -> bool:
        """Whether there is nothing more to call."""
        return "teardown" in self.reports

    def attempt(self, timeout_s: float) -> protocol.Message:
        """Run its call once, as pytest runs any; the answer holds the clocks' figures when it passed."""
        answer = self._ask("attempt", ("ready", "ended"), timeout_s)
        self.passed = answer["type"] == "ready"
        self.first = answer if self.passed else None
        self.within, self.stepwise = answer.get("within", False), answer.get("stepwise", False)
        self._keep(answer)
        return answer

    def set_up_anew(self, timeout_s: float) -> Sequence[str]:
        """Tear it down and set it up in the same process; gives the fixtures whose value can be gone through once.

        Raises:
            WorkloadError: it cannot be set up twice.
        """
        return list(self._again("anew", "begun", timeout_s)["iterators"])

    def call_anew(self, timeout_s: float) -> protocol.Message:
        """Run its call once after that; the answer holds the clocks' figures.

        Raises:
            WorkloadError: it does not pass again.
        """
        return self._again("attempt", "ready", timeout_s)

    def _again(self, kind: str, expected: str, timeout_s: float) -> protocol.Message:
        """Ask for what was done before. Its reports stay those of the first time, but for teardowns that failed."""
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
        """Let a call that waits go on to its end."""
        if self.within and not self.interpreter.ended:
            self.within = False
            self._keep(self._ask("conclude", ("concluded",), timeout_s))

    def finish(self, timeout_s: float) -> None:
        """Tear it down, if that is not done already, as after a call that failed."""
        if self.reports and not (self.torn_down or self.over or self.interpreter.ended):
            self._keep(self._ask("finish", ("ended",), timeout_s))

    def _ask(self, kind: str, expected: tuple[str, ...], timeout_s: float) -> protocol.Message:
        self.interpreter.tell(kind)
        return self._wait_for(expected, timeout_s)

    def _wait_for(self, expected: tuple[str, ...], timeout_s: float) -> protocol.Message:
        try:
            answer = self.interpreter.wait_for((*expected, "exited"), timeout_s)
        except WorkloadError:
            self.over = True
            raise
        if answer["type"] == "exited":
            self.over = True
            raise PytestExited(answer["reason"], answer["returncode"])
        return answer

    def _keep(self, answer: Mapping[str, Any]) -> None:
        for report in answer["reports"]:
            self.texts[report["when"]] = report.pop("text", "")
            self.reports[report["when"]] = report
        self.xfails = answer.get("xfails", self.xfails)
        self.warnings.extend(answer.get("warnings", ()))
        self.benchmark = answer.get("benchmark", self.benchmark)


def plain_options(options: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Of a pytest run's options those that JSON carries, some of them changed."""
    return {name: value for name, value in {**options, **changed}.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False
