"""How long the tracing of a round goes on."""

from __future__ import annotations

import sys
from collections import Counter
from types import FrameType

import pytest

from pytest_multicore.interpreters.agent.dialogue import clocks
from pytest_multicore.interpreters.agent.watch.line_tracer import MAX_EVENTS, LineTracer

pytestmark = pytest.mark.quick


class Line:
    """A line that counts its runs."""

    def __init__(self) -> None:
        self.runs = 0

    def ran(self, elapsed_s: float, cpu_s: float | None) -> None:
        assert elapsed_s >= 0
        self.runs += 1


def traced(steps: int, rounds: int = 1) -> Counter[str]:
    """The runs of lines by function, of rounds that each run so many short lines."""
    lines: dict[str, Line] = {}

    def line_of(frame: FrameType | None) -> Line | None:
        return lines.setdefault(frame.f_code.co_name, Line()) if frame else None

    def region() -> int:
        total = 0
        for number in range(steps):
            total += number
        return total

    tracer = LineTracer(clocks, line_of, lambda _: False)
    before = sys.gettrace()
    sys.settrace(None)  # coverage's, where it is on: the tracer would leave it alone
    try:
        for _ in range(rounds):
            tracer.start()
            region()
            tracer.stop()
            assert sys.gettrace() is None
    finally:
        sys.settrace(before)
    return Counter({name: line.runs for name, line in lines.items()})


def test_each_line_of_a_round_is_traced() -> None:
    assert traced(1000)["region"] in range(2000, 2010)


def test_a_round_of_very_many_lines_is_traced_at_its_beginning_alone() -> None:
    runs = traced(MAX_EVENTS, rounds=2)["region"]
    assert 2 * MAX_EVENTS - 20 <= runs <= 2 * MAX_EVENTS
