"""What the measurements of one test share: settings, limits, results so far, and what a verdict does to the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pytest_multicore.errors import EnvironmentUnavailable, HostUnfit, MulticoreError, SessionEnds, first_line
from pytest_multicore.experiment.explain import explain, explain_open
from pytest_multicore.experiment.measure import measure, why_not_here
from pytest_multicore.experiment.request import MeasurementRequest, Progress
from pytest_multicore.interpreters.library_at_start import library_at_start
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import AnyWorkload, Workload, resolve
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.reports import failure
from pytest_multicore.reports.record import Record, record
from pytest_multicore.reports.visible import visible_line
from pytest_multicore.settings.options import Settings
from pytest_multicore.settings.parsers import parse_argument, threads
from pytest_multicore.verdicts.limits import Limits, Outcome
from pytest_multicore.verdicts.result import Result

from .places import in_whole_environment, laid_over, prepared_base, prepared_environment

T = TypeVar("T")
NO_TIME_TO_EXPLAIN = "the session ended before it was known why"


@dataclass
class Gate:
    """One test's way through the plugin.

    Attributes:
        test: its node id.
        folder: where relative workload files start, and where pyproject.toml is.
        settings: its settings, the marker's included.
        limits: what its measurements must meet.
        progress: where progress is reported.
        skip: ends the test as skipped, with a reason.
        matrix: what varies over runs of the test (matrix.py); None where nothing does.
        without_timeout: suspends time limits on the test.
        limited: whether any of the limits is the marker's: a base on the command line brings one, too.
        keep: keeps a result as data in the session.
        records: its results so far as data, in order.
    """

    test: str
    folder: Path
    settings: Settings
    limits: Limits
    progress: Progress
    skip: Callable[[str], NoReturn]
    keep: Callable[[Record], None]
    matrix: Record | None = None
    without_timeout: Callable[[], AbstractContextManager[None]] = nullcontext
    limited: bool = False
    records: list[Record] = field(default_factory=list)
    _handed_on: int = field(default=0, init=False)

    def prepare_environment(
        self, environment: str | None = None, blas: str | None = None, also: tuple[str, ...] = ()
    ) -> PreparedEnvironment:
        """Make ready the environment that measurements run in; the arguments win over the settings.

        Args:
            environment: its name.
            blas: the BLAS to use in it.
            also: packages that it must have in addition to its own.
        """
        settings = self.settings
        with self.without_timeout():
            prepared = prepared_environment(
                environment or settings.environment,
                None if environment else settings.python,
                blas or settings.blas,
                self.folder,
                self.progress.step,
                also,
            )
            if settings.overlay is None or environment:
                return prepared
            return laid_over(prepared, settings.overlay, self.folder, self.progress.step)

    def prepare_base(self, prepared: PreparedEnvironment, also: tuple[str, ...] = ()) -> PreparedEnvironment | None:
        """Make ready what measurements are compared with; None: nothing.

        Args:
            prepared: the environment of the measurements.
            also: as in ``prepare_environment``.
        """
        if (name := self.settings.against) is None:
            return None
        with self.without_timeout():
            return prepared_base(name, prepared, self.settings.blas, self.folder, self.progress.step, also)

    def workload(
        self, workload: AnyWorkload, arguments: Mapping[str, Any], framework: str | None
    ) -> Callable[[PreparedEnvironment], Workload]:
        """The workload, to be resolved in the environment that it runs in."""
        return lambda prepared: resolve(workload, arguments, prepared.environment.frameworks, framework, self.folder)

    def thread_count(self, argument: object = None) -> int | None:
        """A thread count, or a number of cores: the argument, or the settings'; None for inherited threads."""
        count = self.settings.threads if argument is None else parse_argument("threads", argument, threads)
        if count == "inherit" and self.settings.vary == "threads":
            return None
        return int(count) if isinstance(count, int) else this_machine().threads_auto

    def sides(self, threads: int | None, *, compare_without_limits: bool = False) -> tuple[int | None, ...]:
        """The sides to measure: the contender, and a baseline where there is a use for it.

        Limits on the speed-up need a baseline. ``min_cores`` can be decided without it, but not whether the busy cores
        are useful.

        Args:
            threads: the contender's.
            compare_without_limits: whether the speed-up is of interest where there are no limits.
        """
        baseline = self.settings.baseline
        is_of_interest = self.limits.min_cores is not None or (compare_without_limits and not self.limits.given())
        can_differ = threads is None or threads > baseline
        return (threads, baseline) if self.limits.need_baseline or (is_of_interest and can_differ) else (threads,)

    def enforce(self, request: MeasurementRequest, prepared: PreparedEnvironment | None = None) -> Result:
        """Measure, keep the result, and let the test go on only with a pass.

        Args:
            request: what to measure.
            prepared: where; None: in the environment of the settings.

        Raises:
            LimitMissed: a limit was missed.
            Undecided: a limit could not be decided, and ``--multicore-strict`` lets no such test pass.
            MulticoreError: the measurement could not be made; it is kept as an error.
        """
        __tracebackhide__ = True
        if self.settings.off:
            self.skip("--multicore-off: nothing is measured")
        try:
            result = self.measure(request, prepared)
        except (EnvironmentUnavailable, HostUnfit) as error:
            result = self._not_to_be_had(request.label, error)
        self._act_on(result)
        return result

    def measure(self, request: MeasurementRequest, prepared: PreparedEnvironment | None = None) -> Result:
        """Measure and keep the result, whatever it is; see ``enforce`` for the errors."""
        __tracebackhide__ = True
        with library_at_start():
            try:
                prepared = prepared or self.prepare_environment()
                if self.settings.against and request.scale:
                    request = replace(request, limits=request.limits.without_base())
                elif self.settings.against:
                    request = replace(request, base=self.prepare_base(prepared))
                with self.without_timeout():
                    result = in_whole_environment(partial(self._measured, request, prepared), lambda: prepared)
            except (EnvironmentUnavailable, HostUnfit):
                raise
            except MulticoreError as error:
                self._not_measured(request.label, Outcome.ERROR, str(error))
                if request.label not in first_line(error):
                    error.add_note(f"while measuring {request.label}")
                # From here on: the test's own line is what its author wants to see, not our insides.
                raise error.with_traceback(None) from error.__cause__
            finally:
                self.progress.live("")
        return self._keep(result)

    def guard_environment(self, work: Callable[[], T]) -> T:
        """Open something in an environment; one that cannot be had leaves the test inconclusive."""
        __tracebackhide__ = True
        try:
            with library_at_start():
                return in_whole_environment(work, self.prepare_environment)
        except (EnvironmentUnavailable, HostUnfit) as error:
            self._act_on(self._not_to_be_had("an isolated interpreter", error))
            raise
        except MulticoreError as error:
            raise error.with_traceback(None) from error.__cause__

    def _measured(self, request: MeasurementRequest, prepared: PreparedEnvironment) -> Result:
        result = measure(request, prepared, self.progress)
        try:
            return explain(request, prepared, result, self.progress)
        except (KeyboardInterrupt, SessionEnds):
            self._keep(replace(result, notes=(*result.notes, NO_TIME_TO_EXPLAIN)))
            raise

    def check_reachable(self, label: str) -> None:
        """Leave the test inconclusive before anything runs if no program could meet its limits here."""
        __tracebackhide__ = True
        baseline = self.settings.baseline if self.limits.need_baseline else None
        if why := why_not_here(self.limits, self.thread_count(), baseline, self.settings.vary):
            self._act_on(self._not_measured(label, Outcome.INCONCLUSIVE, **why._asdict()))

    def leave_open(self, label: str, reason: str) -> None:
        """Leave the test inconclusive for a reason."""
        __tracebackhide__ = True
        self._act_on(self._not_measured(label, Outcome.INCONCLUSIVE, reason))

    def expect_failure(self) -> None:
        """A miss that is expected needs no explanation, unless the settings say ``always``."""
        if self.settings.explain == "auto":
            self.settings = replace(self.settings, explain="never")

    def new_records(self) -> list[Record]:
        """The records since the last call, for the report of the phase that has ended."""
        new, self._handed_on = self.records[self._handed_on :], len(self.records)
        return new

    def _keep(self, result: Result) -> Result:
        self.records.append({**record(result), "matrix": self.matrix})
        self.keep(self.records[-1])
        return result

    def _not_to_be_had(self, label: str, error: MulticoreError) -> Result:
        """What leaves a test inconclusive, since its environment or this machine does not do."""
        why = f"cannot be had: {error}" if isinstance(error, EnvironmentUnavailable) else str(error)
        return self._not_measured(label, Outcome.INCONCLUSIVE, why)

    def _not_measured(self, label: str, outcome: Outcome, reason: str, *, lacks_cores: bool = False) -> Result:
        settings = self.settings
        result = Result(
            test=self.test,
            workload=label,
            arguments={},
            environment=settings.python or settings.environment,
            threads=self.thread_count(),
            baseline=settings.baseline if self.limits.need_baseline else None,
            outcome=outcome,
            reason=reason,
            budget_s=settings.budget_s,
            duration_s=0.0,
            confidence=settings.confidence,
            seed=0,
            lacks_cores=lacks_cores,
            vary=settings.vary,
        )
        return self._keep(explain_open(result) if settings.explain != "never" else result)

    def _act_on(self, result: Result) -> None:
        """End the test unless the result, the last one kept, lets it go on."""
        __tracebackhide__ = True
        if result.outcome is Outcome.FAILED or (result.outcome is Outcome.INCONCLUSIVE and self.settings.strict):
            raise failure.as_error(result, self.records[-1])
        if result.outcome is Outcome.INCONCLUSIVE:
            self.skip(visible_line(f"inconclusive: {result.workload}: {_first_sentence(result.reason)}"))


def _first_sentence(reason: str) -> str:
    """What fits a line of pytest's summary; the section ``multicore`` has the whole reason."""
    return reason.partition("\n")[0].partition(". ")[0]
