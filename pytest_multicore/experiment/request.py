"""One measurement as a test asks for it, and where it tells how far it is."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.rounds.round import Round
from pytest_multicore.settings.options import Settings
from pytest_multicore.verdicts.limits import Limits

from .open_side import Program, WorkloadProgram


class Progress(Protocol):
    """Where a measurement tells how far it is."""

    def step(self, text: str) -> None:
        """Something that takes long begins or ended: worth a line of its own."""
        ...

    def live(self, text: str) -> None:
        """How far it is: replaces what was said before."""
        ...


@dataclass(frozen=True, slots=True)
class MeasurementRequest:
    """One measurement as a test asks for it.

    Attributes:
        test: the test's node id.
        label: the workload as the test named it, for when no environment can be had.
        workload: gives the workload, once the environment is known.
        sides: thread counts, the one in question first; None for inherited threads. One side, two, or more to scale.
        limits: what the figures are held to.
        settings: the user's wishes.
        theano_flags, env: for both sides, beyond the environment's own.
        scale: whether the sides are a scaling series, counting up.
        program: what opens its sides.
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
    def in_question(self) -> int:
        """The place of the side in question among all."""
        return -1 if self.scale else 0

    @property
    def contender(self) -> int | None:
        """The thread count in question."""
        return self.sides[self.in_question]

    @property
    def baseline(self) -> int | None:
        """The thread count that it is compared with; None for a single side."""
        if len(self.sides) == 1:
            return None
        return self.sides[0] if self.scale else self.sides[1]

    def compared(self, rows: Sequence[tuple[Round, ...]]) -> list[tuple[Round, ...]]:
        """The two rounds of each row that limits are about: the side in question and what it is compared with.

        A scaling series counts up from what it is compared with.
        """
        return [(row[-1], row[0]) for row in rows] if self.scale else [row[:2] for row in rows]

    def seed(self, workload: Workload) -> int:
        """The same test takes its sides in the same order each time."""
        return zlib.crc32(f"{self.test} {workload}".encode())
