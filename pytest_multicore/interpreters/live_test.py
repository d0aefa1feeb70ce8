"""A pytest item in a live interpreter: set up and torn down once, its call run as often as rounds want it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_multicore.interpreters import protocol
from pytest_multicore.interpreters.process import IsolatedInterpreter

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TestAddress:
    """How a child finds a test again.

    Attributes:
        nodeid: the item's node id.
        args: what its pytest collects.
        options: the parent's options, as the child shall see them.
        path: folders for the front of the child's search path.
        benchmark: how the child gives pytest-benchmark's fixture (agent/benchmark_rounds.py); None: it does not.
    """

    __test__ = False  # no test of this project's

    nodeid: str
    args: tuple[str, ...]
    options: Mapping[str, Any]
    path: list[str]
    benchmark: Mapping[str, Any] | None = None


@dataclass
class LiveTest:
    """One item in one interpreter.

    Attributes:
        interpreter: where it lives.
        reports: what pytest said of its phases there, by phase.
        warnings: what it warned of, with message, category, filename and lineno.
        passed: whether its call passed, so that rounds can be taken.
        first_s: wall seconds of that call; None before it.
        within: whether the call is not over: it waits where pytest-benchmark's fixture was called, and rounds are
            taken of what it was given there.
        stepwise: whether each round must be prepared, and is one call.
        benchmark: what the test said of its benchmark; None without that fixture.
    """

    interpreter: IsolatedInterpreter
    reports: dict[str, Report] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    passed: bool = False
    first_s: float | None = None
    within: bool = False
    stepwise: bool = False
    benchmark: Mapping[str, Any] | None = None

    def find(self, address: TestAddress) -> None:
        """Have the child collect the test; do not wait for it."""
        arguments = {
            "nodeid": address.nodeid,
            "args": list(address.args),
            "options": dict(address.options),
            "benchmark": address.benchmark,
        }
        self.interpreter.tell("test", arguments=arguments, path=address.path)

    def begin(self, timeout_s: float) -> None:
        """Set it up. Raises as IsolatedInterpreter.ask."""
        self.interpreter.wait_for("collected", timeout_s)
        self._keep(self.interpreter.ask("begin", ("begun", "ended"), timeout_s))

    def attempt(self, timeout_s: float) -> protocol.Message:
        """Run its call once, as pytest runs any; the answer holds the clocks' figures when it passed."""
        answer = self.interpreter.ask("attempt", ("ready", "ended"), timeout_s)
        self.passed, self.first_s = answer["type"] == "ready", answer.get("wall_s")
        self.within, self.stepwise = answer.get("within", False), answer.get("stepwise", False)
        self._keep(answer)
        return answer

    def conclude(self, timeout_s: float) -> None:
        """Let a call that waits go on to its end."""
        if self.within and not self.interpreter.ended:
            self.within = False
            self._keep(self.interpreter.ask("conclude", "concluded", timeout_s))

    def finish(self, timeout_s: float) -> None:
        """Tear it down, if that is not done already, as after a call that failed."""
        if self.reports and "teardown" not in self.reports and not self.interpreter.ended:
            self._keep(self.interpreter.ask("finish", "ended", timeout_s))

    def _keep(self, answer: Mapping[str, Any]) -> None:
        self.reports.update((report["when"], report) for report in answer["reports"])
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
