"""A marked test that uses pytest-benchmark's fixture: how its children give it, and how its rounds are taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.errors import UsageError
from pytest_multicore.interpreters.live_test import LiveTest
from pytest_multicore.measurement.subject import OpenedWorkload, call_from_done

#: A clock is read in a microsecond or two, which must not be mistaken for the call's own.
SHORTEST_STEP_S = 100e-6


class SteppedTest(OpenedWorkload):
    """See take.Subject: a benchmark with a setup or teardown of its own, outside each round of one call."""

    __slots__ = ()

    @property
    def repeatable(self) -> bool:
        """See take.Subject."""
        return False

    def prepare(self) -> None:
        """See take.Subject."""
        self.interpreter.ask("prepare", "prepared", self.timeout_s)


def subject(side: LiveTest, threads: int | None, timeout_s: float) -> OpenedWorkload:
    """What rounds are taken of: a test that is set up and has run once.

    Raises:
        UsageError: its rounds can be of one call only, and that is too short.
    """
    if side.stepwise and side.first_s is not None and side.first_s < SHORTEST_STEP_S:
        raise UsageError(
            "benchmark.pedantic with a setup or a teardown: each round is one call of the function, and that took "
            f"{side.first_s * 1e6:.1f} us; expected at least {SHORTEST_STEP_S * 1e6:.0f} us: let it do more work, or "
            "leave setup and teardown out"
        )
    kind = SteppedTest if side.stepwise else OpenedWorkload
    first = None if side.first is None else call_from_done(side.first)
    return kind(side.interpreter, threads, timeout_s, first, None if side.inside_benchmark else side)


def fixture_asked_for(config: Any, *, once: bool) -> Mapping[str, Any] | None:
    """How a child gives the fixture (see TestAddress): as pytest-benchmark would in this process, if it is at work.

    Args:
        config: pytest's.
        once: whether the test runs once in each of its children.
    """
    session = getattr(config, "_benchmarksession", None)
    return None if session is None else {"disabled": bool(session.disabled), "once": once}
