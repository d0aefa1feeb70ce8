"""One measurement as a test requests it, and where its progress is reported."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.sides import compared_sides, contender_index
from pytest_multicore.settings.options import Settings
from pytest_multicore.verdicts.limits import Limits

from .open_side import Program, WorkloadProgram


class Progress(Protocol):
    """Where a measurement reports its progress."""

    def step(self, text: str) -> None:
        """Report that something long begins or has ended: a line of its own."""
        ...

    def live(self, text: str) -> None:
        """Report the present state; it replaces the one before."""
        ...


@dataclass(frozen=True, slots=True)
class MeasurementRequest:
    """One measurement as a test requests it.

    Attributes:
        test: the test's node id.
        label: the workload as the test named it, for reports without an environment.
        workload: gives the workload, once the environment is known.
        sides: thread counts, the contender first; None for inherited threads. One side, two, or a scaling series.
        limits: what the figures must meet.
        settings: the user's settings.
        theano_flags, env: for all sides, in addition to the environment's own.
        scale: whether the sides are a scaling series, counting up.
        program: opens the sides.
    """

    test: str
    label: str
    workload: Callable[[PreparedEnvironment], Workload]
    sides: tuple[int | None, ...]
    limits: Limits
    settings: Settings
    theano_flags: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    scale: bool = False
    program: Program = field(default_factory=WorkloadProgram)

    @property
    def contender_index(self) -> int:
        """The contender's place among the sides."""
        return contender_index(series=self.scale)

    @property
    def contender(self) -> int | None:
        """The thread count that limits are about."""
        return self.sides[self.contender_index]

    @property
    def baseline(self) -> int | None:
        """The thread count that it is compared with; None for a single side."""
        return compared_sides(self.sides, series=self.scale)[1] if len(self.sides) > 1 else None

    def compared(self, rows: Sequence[tuple[Round, ...]]) -> list[tuple[Round, ...]]:
        """Of each row the rounds that limits are about: the contender's and the baseline's."""
        return [compared_sides(row, series=self.scale) for row in rows]

    def seed(self, workload: Workload) -> int:
        """The same test takes its sides in the same order each time."""
        return zlib.crc32(f"{self.test} {workload}".encode())
