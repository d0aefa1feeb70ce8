"""A marked test that uses pytest-benchmark's fixture: how its children provide it, and how its rounds are taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.errors import UsageError
from pytest_multicore.interpreters.live_test import LiveTest
from pytest_multicore.measurement.subject import OpenedWorkload, call_from_done

#: Reading a clock takes a microsecond or two, which must not count as the call's own.
MIN_PEDANTIC_CALL_S = 100e-6


class PedanticBenchmark(OpenedWorkload):
    """See take.Subject: a benchmark with a setup or teardown of its own, outside each round of one call."""

    __slots__ = ()

    @property
    def repeatable(self) -> bool:
        """See take.Subject."""
        return False

    def prepare(self) -> None:
        """See take.Subject."""
        self.interpreter.ask("prepare", "prepared", self.timeout_s)


def subject_of(live: LiveTest, threads: int | None, timeout_s: float) -> OpenedWorkload:
    """What rounds are taken of: a test that is set up and has run once.

    Raises:
        UsageError: its rounds can be of one call only, and that is too short.
    """
    if live.stepwise and live.first_s is not None and live.first_s < MIN_PEDANTIC_CALL_S:
        raise UsageError(
            "benchmark.pedantic with a setup or a teardown: each round is one call of the function, and that took "
            f"{live.first_s * 1e6:.1f} us; expected at least {MIN_PEDANTIC_CALL_S * 1e6:.0f} us: let it do more work, "
            "or leave setup and teardown out"
        )
    kind = PedanticBenchmark if live.stepwise else OpenedWorkload
    first = None if live.first is None else call_from_done(live.first)
    return kind(live.interpreter, threads, timeout_s, first, None if live.inside_benchmark else live)


def benchmark_fixture(config: Any, *, once: bool) -> Mapping[str, Any] | None:
    """How a child provides the fixture (see TestAddress): as pytest-benchmark would in this process; None without it.

    Args:
        config: pytest's.
        once: whether the test runs once in each of its children.
    """
    session = getattr(config, "_benchmarksession", None)
    return None if session is None else {"disabled": bool(session.disabled), "once": once}
