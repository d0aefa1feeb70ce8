"""Each side's first call, and its call after a new set-up: do rounds repeat the test's work?

verdicts/repeatable.py judges the calls; here they are made and kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pytest_multicore.errors import MulticoreError, first_line
from pytest_multicore.interpreters.live_test import LiveTest, PytestExited
from pytest_multicore.measurement import counters
from pytest_multicore.measurement.subject import AnySubject, OpenedWorkload, own_clock
from pytest_multicore.measurement.usage import usage
from pytest_multicore.rounds.round import Call, Round
from pytest_multicore.settings import clocks
from pytest_multicore.verdicts.repeatable import FirstCalls, needs_new_set_up, why_not_repeatable


@dataclass
class FirstCallCheck:
    """Compares the rounds of one measurement with the first calls of its sides.

    Attributes:
        subjects: the sides.
        contender_index: the place of the side that limits are about.
        timeout_s: for a new set-up.
        calls: each side's calls outside of rounds; None for a side whose every round is a first call.
        new_set_up_s: seconds that a new set-up took; they are not part of the budget for rounds.
        new_set_up_ended: when it ended, by the monotonic clock.
    """

    subjects: Sequence[AnySubject]
    contender_index: int
    timeout_s: float
    calls: list[FirstCalls | None] = field(init=False)
    new_set_up_s: float = 0.0
    new_set_up_ended: float = -math.inf

    def __post_init__(self) -> None:
        self.calls = [None if subject.first is None else FirstCalls(subject.first) for subject in self.subjects]

    def is_not_repeatable(self, rows: Sequence[tuple[Round, ...]]) -> bool:
        """Whether the rounds so far do not repeat the test's work.

        Where only a call after a new set-up can tell, the test is set up anew, once.
        """
        rounds = [row[self.contender_index] for row in rows]
        calls, subject = self.calls[self.contender_index], self.subjects[self.contender_index]
        if calls and isinstance(subject, OpenedWorkload) and subject.test and needs_new_set_up(calls, rounds):
            began = clocks.monotonic()
            calls = self.calls[self.contender_index] = self._call_after_set_up(subject, subject.test, calls)
            self.new_set_up_ended = clocks.monotonic()
            self.new_set_up_s = self.new_set_up_ended - began
        return bool(why_not_repeatable(calls, rounds))

    def _call_after_set_up(self, subject: OpenedWorkload, test: LiveTest, calls: FirstCalls) -> FirstCalls:
        """The calls so far and the one after a new set-up; the other sides are paused meanwhile."""
        for other in self.subjects:
            other.pause()
        try:
            iterators = test.repeat_setup(self.timeout_s)
            return replace(calls, anew=_call(subject, test), iterators=tuple(iterators))
        except PytestExited:
            raise
        except MulticoreError as error:
            return replace(calls, failed=f"set up anew in the same process, {first_line(error)}")


def _call(subject: OpenedWorkload, test: LiveTest) -> Call:
    """One call, with the CPU time of processes that it did not wait for."""
    reader = counters.for_this_system()
    before = reader.tree(subject.pid, adopter=subject.adopter)
    done = test.repeat_call(subject.timeout_s)
    after = reader.tree(subject.pid, before, subject.adopter)
    used = usage(subject.pid, before, after, own_clock(done))
    return Call(done["wall_s"], used.cpu_s)
