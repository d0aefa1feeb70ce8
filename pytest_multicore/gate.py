"""What the fixtures share in one test: settings, limits, measurements so far, and what a verdict does to the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from .asked import Asked, Voice
from .errors import EnvironmentError_, LimitMissed, MulticoreError, Undecided, UsageError
from .experiment import measure
from .explanation import explained, explained_open
from .interpreters.stage import Stage
from .interpreters.workload import AnyWorkload, Workload, resolve
from .measurement.machine import this_machine
from .readers import count, threads
from .reports import failure
from .settings import LIMITS, Settings
from .verdicts.limits import Limits, Outcome, unreachable
from .verdicts.result import Result

T = TypeVar("T")


@dataclass
class Gate:
    """One test's way through the plugin.

    Attributes:
        test: its node id.
        folder: where relative workload files start, and where pyproject.toml is.
        settings: its settings, the marker's included.
        limits: what its measurements are held to.
        voice: where progress is told.
        skip: ends the test as skipped, with a reason.
        unhurried: time limits on the test stand still within it.
        results: its measurements so far, in order.
    """

    test: str
    folder: Path
    settings: Settings
    limits: Limits
    voice: Voice
    skip: Callable[[str], NoReturn]
    unhurried: Callable[[], AbstractContextManager[None]] = nullcontext
    results: list[Result] = field(default_factory=list)

    def stage(self, environment: str | None = None, blas: str | None = None, also: tuple[str, ...] = ()) -> Stage:
        """The environment that measurements run in, made ready; the arguments win over the settings.

        Args:
            environment: its name.
            blas: the BLAS to use in it.
            also: packages that it must hold beside its own.
        """
        wishes = self.settings
        with self.unhurried():
            return _stage(
                environment or wishes.environment,
                None if environment else wishes.python,
                blas or wishes.blas,
                self.folder,
                self.voice.step,
                also,
            )

    def workload(
        self, workload: AnyWorkload, arguments: Mapping[str, Any], framework: str | None
    ) -> Callable[[Stage], Workload]:
        """The workload, to be resolved in the environment that it runs in."""
        return lambda stage: resolve(workload, arguments, stage.environment.frameworks, framework, self.folder)

    def threads(self, asked: object = None) -> int | None:
        """A thread count: as asked, or the settings'; None for inherited threads."""
        chosen = self.settings.threads if asked is None else asked_count("threads", asked, threads)
        if chosen == "inherit":
            return None
        return this_machine().threads_auto if chosen == "auto" else int(chosen)

    def sides(self, threads: int | None, *, to_look: bool = False) -> tuple[int | None, ...]:
        """The sides to measure: that of so many threads, and one to compare it with where there is a use for it.

        Limits on the speed-up need it; ``min_cores`` can be decided without, but whether busy cores are useful cannot.
        And who marks a test without any looks at what there is to hold to limits.

        Args:
            threads: of the side in question.
            to_look: whether the speed-up is wanted where no limit is.
        """
        baseline = self.settings.baseline
        wanted = self.limits.min_cores is not None or (to_look and not self.limits.asked())
        told_more = wanted and (threads is None or threads > baseline)
        return (threads, baseline) if self.limits.need_baseline or told_more else (threads,)

    def hold(self, asked: Asked, stage: Stage | None = None) -> Result:
        """Measure, keep the result, and let the test go on only with a pass.

        Args:
            asked: what to measure.
            stage: where; None: in the environment of the settings.

        Raises:
            LimitMissed: a limit was missed.
            Undecided: it could not be decided, and that is not to pass.
            MulticoreError: the measurement could not be made; it is kept as an error.
        """
        __tracebackhide__ = True
        if self.settings.off:
            self.skip("--multicore-off: nothing is measured")
        try:
            result = self.measured(asked, stage)
        except EnvironmentError_ as error:
            result = self.not_had(asked.label, error)
        self._act_on(result)
        return result

    def measured(self, asked: Asked, stage: Stage | None = None) -> Result:
        """Measure and keep the result, whatever it is; see ``hold`` for the errors."""
        __tracebackhide__ = True
        try:
            stage = stage or self.stage()
            with self.unhurried():
                result = explained(asked, stage, measure(asked, stage, self.voice), self.voice)
        except EnvironmentError_:
            raise
        except MulticoreError as error:
            self._not_measured(asked.label, Outcome.ERROR, str(error))
            error.add_note(f"while measuring {asked.label}")
            # From here on: the test's own line is what its author wants to see, not our insides.
            raise error.with_traceback(None) from error.__cause__
        finally:
            self.voice.live("")
        self.results.append(result)
        return result

    def opened(self, work: Callable[[], T]) -> T:
        """Open something in an environment; one that cannot be had leaves the test inconclusive."""
        __tracebackhide__ = True
        try:
            return work()
        except EnvironmentError_ as error:
            self._act_on(self.not_had("an isolated interpreter", error))
            raise
        except MulticoreError as error:
            raise error.with_traceback(None) from error.__cause__

    def check_reachable(self, label: str) -> None:
        """Leave the test inconclusive before anything runs when no program could reach its limits here."""
        __tracebackhide__ = True
        machine = this_machine()
        baseline = self.settings.baseline if self.limits.need_baseline else None
        if why := unreachable(self.limits, machine.cores_granted, self.threads(), baseline, machine.cores_online):
            reason = f"{why}: it grants {machine.why_granted()}"
            self._act_on(self._not_measured(label, Outcome.INCONCLUSIVE, reason))

    def not_had(self, label: str, error: EnvironmentError_) -> Result:
        """Keep the result of a measurement whose environment cannot be had."""
        return self._not_measured(label, Outcome.INCONCLUSIVE, f"cannot be had: {error}")

    def _not_measured(self, label: str, outcome: Outcome, reason: str) -> Result:
        wishes = self.settings
        result = Result(
            test=self.test,
            workload=label,
            arguments={},
            environment=wishes.python or wishes.environment,
            threads=self.threads(),
            baseline=wishes.baseline if self.limits.need_baseline else None,
            outcome=outcome,
            reason=reason,
            budget_s=wishes.budget_s,
            duration_s=0.0,
            confidence=wishes.confidence,
            seed=0,
        )
        self.results.append(explained_open(result) if wishes.explain != "never" else result)
        return result

    def _act_on(self, result: Result) -> None:
        __tracebackhide__ = True
        if result.outcome is Outcome.FAILED:
            raise LimitMissed(failure.missed(result))
        if result.outcome is Outcome.INCONCLUSIVE:
            if self.settings.strict:
                raise Undecided(failure.undecided(result))
            self.skip(f"inconclusive: {result.workload}: {_first_sentence(result.reason)}")


def asked_count(name: str, found: object, read: Callable[[object], Any] = count) -> Any:
    """A fixture's thread argument, validated.

    Raises:
        UsageError: names the argument, what was found and what is allowed.
    """
    try:
        return read(found)
    except ValueError as error:
        raise UsageError(f"{name}={found!r}: expected {error}") from None


def series(found: Sequence[object] | None, most: int | None) -> list[int]:
    """The thread counts of a scaling series: as given, or 1, 2, 4 ... and ``most``.

    Raises:
        UsageError: fewer than two counts, or not counting up.
    """
    if found is None:
        top = most or this_machine().threads_auto
        return sorted({top, *(1 << step for step in range(top.bit_length()))} | {1, 2})
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise UsageError(f"threads={found!r}: expected a list of different counts, counting up, such as [1, 2, 4]")
    counts = [asked_count("threads", one) for one in found]
    if len(counts) < 2 or sorted(set(counts)) != counts:
        raise UsageError(f"threads={found!r}: expected at least two different counts, counting up, such as [1, 2, 4]")
    return counts


def limits_of(marker: Mapping[str, Any]) -> Limits:
    """The limits among a marker's validated arguments."""
    return Limits(**{name: marker[name] for name in LIMITS if name in marker})


@cache
def _stage(
    environment: str,
    python: str | None,
    blas: str | None,
    folder: Path,
    say: Callable[[str], None],
    also: tuple[str, ...],
) -> Stage:
    """Each environment is made ready once a session."""
    return Stage.prepare(environment, python, blas, folder, say, also)


def _first_sentence(reason: str) -> str:
    """What fits a line of pytest's summary; the section ``multicore`` tells the whole."""
    return reason.partition("\n")[0].partition(". ")[0]
