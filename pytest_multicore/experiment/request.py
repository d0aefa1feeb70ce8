"""One measurement as a test requests it, what opens its sides, and where its progress is reported."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from pytest_multicore.diagnosis.suspicions import NO_CHANGE, ORIGINAL_THREADS, Change
from pytest_multicore.environments.variables import ChildVariables
from pytest_multicore.interpreters.affinity import check_affinity
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.cpu_order import cpus_for
from pytest_multicore.measurement.subject import AnySubject
from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.sides import compared_sides, contender_index
from pytest_multicore.settings.options import Settings
from pytest_multicore.verdicts.limits import Limits

#: What is done in an interpreter before any of the user's code.
Initializer = Callable[[IsolatedInterpreter], None]


class Progress(Protocol):
    """Where a measurement reports its progress."""

    def step(self, text: str) -> None:
        """Report that something long begins or has ended: a line of its own."""
        ...

    def live(self, text: str) -> None:
        """Report the present state; it replaces the one before."""
        ...


@dataclass(frozen=True, slots=True)
class Variant:
    """Where and how a side is opened.

    Attributes:
        prepared: the environment.
        workload: what runs there.
        threads: the thread count, or the cores, that it is given; None for inherited threads.
        change: what is different from the measured program.
        extra: additional environment variables.
        observe: whether it is observed from within.
        trace: whether that times each line, for a region that ends before a sampler looks.
    """

    prepared: PreparedEnvironment
    workload: Workload
    threads: int | None
    change: Change = NO_CHANGE
    extra: Mapping[str, str] = field(default_factory=dict)
    observe: bool = False
    trace: bool = False

    def variables(self, request: MeasurementRequest) -> ChildVariables:
        """The child's variables, without those that the change removes."""
        changed = {name: value for name, value in self.change.variables.items() if value is not None}
        flags = {**request.theano_flags, **self.change.theano_flags}
        given = request.side_settings(self.threads)
        threads = given.threads if self.change.threads == ORIGINAL_THREADS else self.change.threads
        assert not isinstance(threads, str)  # noqa: S101 - the only word is ORIGINAL_THREADS
        child = self.prepared.variables(threads, flags, {**request.env, **changed, **self.extra}, given.cpus)
        removed = self.change.variables.keys() - changed.keys()
        return replace(child, variables={name: value for name, value in child.variables.items() if name not in removed})

    @property
    def watch(self) -> dict[str, Any] | None:
        """The arguments of the child's message ``watch``; None where there is nothing to watch or change."""
        if not (self.observe or self.change.agent_changes):
            return None
        return {
            "observe": self.observe,
            "trace": self.trace,
            "changes": list(self.change.agent_changes),
            "threads": self.threads,
        }


@dataclass(frozen=True, slots=True)
class SideSettings:
    """What a side is given, by what the sides differ in.

    Attributes:
        threads: the thread count that its variables tell; None: they are inherited.
        cpus: the CPUs that it may run on; None: all that this process may.
    """

    threads: int | None
    cpus: tuple[int, ...] | None

    @classmethod
    def of(cls, count: int | None, vary: str) -> SideSettings:
        """What a side of so many threads or cores gets.

        Raises:
            UsageError: affinity cannot be set on this system.
        """
        if vary == "threads":
            return cls(count, None)
        check_affinity()
        assert count is not None  # noqa: S101 - a side that differs in cores has a number of them
        return cls(None, cpus_for(count))


class Program(Protocol):
    """What is measured: it opens its sides, and variants of itself with one thing changed.

    Attributes:
        runs_once: whether each of its interpreters runs it once.
        advice: what its user can do where later calls do not repeat the first call's work.
    """

    @property
    def runs_once(self) -> bool: ...  # noqa: D102 - see the class

    @property
    def advice(self) -> str: ...  # noqa: D102 - see the class

    def sides(
        self, request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload
    ) -> AbstractContextManager[Sequence[AnySubject]]:
        """All sides of a request, set up and run once, in the request's order."""
        ...

    def variant(
        self, request: MeasurementRequest, variant: Variant, initializer: Initializer
    ) -> AbstractContextManager[AnySubject]:
        """One more side, set up, run once, and ended with everything that it started."""
        ...

    def paused(self) -> AbstractContextManager[None]:
        """Nothing of it runs meanwhile; what the user may still need goes on afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class MeasurementRequest:
    """One measurement as a test requests it.

    Attributes:
        test: the test's node id.
        label: the workload as the test named it, for reports without an environment.
        workload: gives the workload, once the environment is known.
        sides: thread counts, the contender first; None for inherited threads. One side, two, or a scaling series. Where
            the settings vary cores, they are numbers of cores.
        limits: what the figures must meet.
        settings: the user's settings.
        program: opens the sides.
        theano_flags, env: for all sides, in addition to the environment's own.
        scale: whether the sides are a scaling series, counting up.
        base: where the same sides are measured once more, to compare with; None: nowhere.
    """

    test: str
    label: str
    workload: Callable[[PreparedEnvironment], Workload]
    sides: tuple[int | None, ...]
    limits: Limits
    settings: Settings
    program: Program
    theano_flags: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    scale: bool = False
    base: PreparedEnvironment | None = None

    def openings(self, prepared: PreparedEnvironment) -> list[tuple[PreparedEnvironment, int | None]]:
        """Where each side is opened, and its thread count: the program's sides, then the base's."""
        places = [prepared, self.base] if self.base else [prepared]
        return [(place, threads) for place in places for threads in self.sides]

    def side_settings(self, count: int | None) -> SideSettings:
        """What a side of so many threads or cores gets."""
        return SideSettings.of(count, self.settings.vary)

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
        """Of each row the rounds that limits are about: the contender's, the baseline's, and the base's."""
        if self.base:
            return list(rows)
        return [compared_sides(row, series=self.scale) for row in rows]

    def seed(self, workload: Workload) -> int:
        """The same test takes its sides in the same order each time."""
        return zlib.crc32(f"{self.test} {workload}".encode("utf-8", "backslashreplace"))


@dataclass(frozen=True, slots=True)
class MeasuredProgram:
    """The program that was measured, and that a trial changes.

    Attributes:
        request, prepared, workload: how it was requested, where it runs, and what it is.
        progress: where the trials' progress is reported.
    """

    request: MeasurementRequest
    prepared: PreparedEnvironment
    workload: Workload
    progress: Progress
