"""The first calls of one measurement's sides beside the rounds that follow, and the call after a new set-up.

What is made of them is said in verdicts/repeatable.py.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pytest_multicore.errors import MulticoreError
from pytest_multicore.interpreters.live_test import LiveTest, PytestExited
from pytest_multicore.measurement import counters
from pytest_multicore.measurement.subject import AnySubject, OpenedWorkload, own_clock
from pytest_multicore.measurement.usage import usage
from pytest_multicore.rounds.round import Call, Round
from pytest_multicore.verdicts.repeatable import FirstCalls, needs_new_set_up, why_not_repeatable


@dataclass
class FirstCallCheck:
    """How each side began.

    Attributes:
        subjects: the sides.
        in_question: the place of the side that limits are about.
        timeout_s: for a new set-up.
        told: what is known of each side; None for one whose every round is a first call.
        spent_s: what a new set-up took, which is no part of what rounds may take.
        over: when it was over, by the monotonic clock.
    """

    subjects: Sequence[AnySubject]
    in_question: int
    timeout_s: float
    told: list[FirstCalls | None] = field(init=False)
    spent_s: float = 0.0
    over: float = -math.inf

    def __post_init__(self) -> None:
        self.told = [None if one.first is None else FirstCalls(one.first) for one in self.subjects]

    def not_repeatable(self, rows: Sequence[tuple[Round, ...]]) -> bool:
        """Whether the rounds so far are none of the test's work; sets it up anew, once, where it takes that to tell."""
        rounds = [row[self.in_question] for row in rows]
        told, subject = self.told[self.in_question], self.subjects[self.in_question]
        if told and isinstance(subject, OpenedWorkload) and subject.test and needs_new_set_up(told, rounds):
            began = time.monotonic()
            told = self.told[self.in_question] = self._called_anew(subject, subject.test, told)
            self.over = time.monotonic()
            self.spent_s = self.over - began
        return bool(why_not_repeatable(told, rounds))

    def _called_anew(self, subject: OpenedWorkload, test: LiveTest, told: FirstCalls) -> FirstCalls:
        """The same with the call after a new set-up, while the other sides stand still."""
        for other in self.subjects:
            other.pause()
        try:
            iterators = test.repeat_setup(self.timeout_s)
            return replace(told, anew=_called(subject, test), iterators=tuple(iterators))
        except PytestExited:
            raise
        except MulticoreError as error:
            return replace(told, failed=f"set up anew in the same process, {_first_line(error)}")


def _called(subject: OpenedWorkload, test: LiveTest) -> Call:
    """One call, with the CPU time of processes that it did not wait for."""
    reader = counters.for_this_system()
    before = reader.tree(subject.pid)
    done = test.repeat_call(subject.timeout_s)
    used = usage(subject.pid, before, reader.tree(subject.pid, before), own_clock(done))
    return Call(done["wall_s"], used.cpu_s)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
