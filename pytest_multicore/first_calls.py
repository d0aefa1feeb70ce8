"""The first calls of one measurement's sides beside the rounds that follow, and the call after a new set-up.

What is made of them is said in verdicts/repeatable.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .errors import MulticoreError
from .interpreters.live_test import LiveTest, PytestExited
from .measurement import counters
from .measurement.calls import Call
from .measurement.rounds import Round
from .measurement.subject import AnySubject, OpenedWorkload, own_clock
from .measurement.usage import usage
from .verdicts.repeatable import FirstCalls, not_repeatable, to_be_tried


@dataclass
class Beginnings:
    """How each side began; None for one whose every round is a first call.

    Attributes:
        subjects: the sides.
        timeout_s: for a new set-up.
        told: what is known of each side.
    """

    subjects: Sequence[AnySubject]
    timeout_s: float
    told: list[FirstCalls | None]

    @classmethod
    def of(cls, subjects: Sequence[AnySubject], timeout_s: float) -> Beginnings:
        """Those of sides that were called once each."""
        return cls(subjects, timeout_s, [None if one.first is None else FirstCalls(one.first) for one in subjects])

    def are_unlike(self, rows: Sequence[tuple[Round, ...]]) -> bool:
        """Whether the rounds so far are none of the test's work. Sets one side up anew, once, where it takes that."""
        for side, subject in enumerate(self.subjects):
            told = self.told[side]
            if self._tried or told is None or not (isinstance(subject, OpenedWorkload) and subject.test):
                continue
            if to_be_tried(told, [row[side] for row in rows]):
                self.told[side] = self._called_anew(subject, subject.test, told)
        return bool(not_repeatable(self.told, rows))

    @property
    def _tried(self) -> bool:
        return any(one and (one.anew or one.failed) for one in self.told)

    def _called_anew(self, subject: OpenedWorkload, test: LiveTest, told: FirstCalls) -> FirstCalls:
        """The same with the call after a new set-up, while the other sides stand still."""
        for other in self.subjects:
            other.pause()
        try:
            iterators = test.set_up_anew(self.timeout_s)
            return replace(told, anew=_called(subject, test), iterators=tuple(iterators))
        except PytestExited:
            raise
        except MulticoreError as error:
            return replace(told, failed=f"set up anew in the same process, {_first_line(error)}")


def _called(subject: OpenedWorkload, test: LiveTest) -> Call:
    """One call, with the CPU time of processes that it did not wait for."""
    reader = counters.for_this_system()
    before = reader.tree(subject.pid)
    done = test.call_anew(subject.timeout_s)
    used = usage(subject.pid, before, reader.tree(subject.pid, before), own_clock(done))
    return Call(done["wall_s"], used.cpu_s)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
