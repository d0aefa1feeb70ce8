"""Sides that a benchmark has opened itself, to be measured as a test's are."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pytest_multicore.experiment.open_side import WorkloadProgram
from pytest_multicore.measurement.subject import OpenedWorkload


class Quiet:
    """Says nothing while it measures but who is waited for."""

    def step(self, text: str) -> None:
        """To the log."""
        print(text, file=sys.stderr)

    def live(self, text: str) -> None:
        """Nothing."""


@dataclass(frozen=True)
class OpenedSides(WorkloadProgram):
    """A program whose sides differ in more than their threads: they are open already."""

    subjects: Sequence[OpenedWorkload] = ()

    @contextmanager
    def sides(self, *_: object) -> Iterator[Sequence[OpenedWorkload]]:
        """See Program: whoever opened them ends them."""
        yield self.subjects

    @contextmanager
    def paused(self) -> Iterator[None]:
        """See Program: the next round has them go on."""
        for subject in self.subjects:
            subject.pause()
        yield
