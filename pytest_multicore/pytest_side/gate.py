"""What the fixtures share in one test: settings, limits, measurements so far, and what a verdict does to the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest

from pytest_multicore.errors import EnvironmentError_, LimitMissed, MulticoreError, Undecided
from pytest_multicore.experiment.explain import explain, explain_open
from pytest_multicore.experiment.measure import measure
from pytest_multicore.experiment.request import MeasurementRequest, Progress
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import AnyWorkload, Workload, resolve
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.reports import failure
from pytest_multicore.reports.progress import progress_of
from pytest_multicore.settings.options import LIMITS, Settings
from pytest_multicore.settings.parsers import read_count, threads
from pytest_multicore.verdicts.limits import Limits, Outcome, why_unreachable
from pytest_multicore.verdicts.result import Result

from .options import settings_of
from .stash import GATE, MARKER_VALUES
from .timeouts import standing_still

T = TypeVar("T")


@dataclass
class Gate:
    """One test's way through the plugin.

    Attributes:
        test: its node id.
        folder: where relative workload files start, and where pyproject.toml is.
        settings: its settings, the marker's included.
        limits: what its measurements are held to.
        progress: where progress is told.
        skip: ends the test as skipped, with a reason.
        without_timeout: time limits on the test stand still within it.
        results: its measurements so far, in order.
    """

    test: str
    folder: Path
    settings: Settings
    limits: Limits
    progress: Progress
    skip: Callable[[str], NoReturn]
    without_timeout: Callable[[], AbstractContextManager[None]] = nullcontext
    results: list[Result] = field(default_factory=list)

    def prepared(
        self, environment: str | None = None, blas: str | None = None, also: tuple[str, ...] = ()
    ) -> PreparedEnvironment:
        """The environment that measurements run in, made ready; the arguments win over the settings.

        Args:
            environment: its name.
            blas: the BLAS to use in it.
            also: packages that it must hold beside its own.
        """
        wishes = self.settings
        with self.without_timeout():
            return _prepared(
                environment or wishes.environment,
                None if environment else wishes.python,
                blas or wishes.blas,
                self.folder,
                self.progress.step,
                also,
            )

    def workload(
        self, workload: AnyWorkload, arguments: Mapping[str, Any], framework: str | None
    ) -> Callable[[PreparedEnvironment], Workload]:
        """The workload, to be resolved in the environment that it runs in."""
        return lambda prepared: resolve(workload, arguments, prepared.environment.frameworks, framework, self.folder)

    def threads(self, wished: object = None) -> int | None:
        """A thread count: as wished, or the settings'; None for inherited threads."""
        chosen = self.settings.threads if wished is None else read_count("threads", wished, threads)
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
        wanted = self.limits.min_cores is not None or (to_look and not self.limits.given())
        told_more = wanted and (threads is None or threads > baseline)
        return (threads, baseline) if self.limits.need_baseline or told_more else (threads,)

    def enforce(self, request: MeasurementRequest, prepared: PreparedEnvironment | None = None) -> Result:
        """Measure, keep the result, and let the test go on only with a pass.

        Args:
            request: what to measure.
            prepared: where; None: in the environment of the settings.

        Raises:
            LimitMissed: a limit was missed.
            Undecided: it could not be decided, and that is not to pass.
            MulticoreError: the measurement could not be made; it is kept as an error.
        """
        __tracebackhide__ = True
        if self.settings.off:
            self.skip("--multicore-off: nothing is measured")
        try:
            result = self.measure(request, prepared)
        except EnvironmentError_ as error:
            result = self.not_had(request.label, error)
        self._act_on(result)
        return result

    def measure(self, request: MeasurementRequest, prepared: PreparedEnvironment | None = None) -> Result:
        """Measure and keep the result, whatever it is; see ``enforce`` for the errors."""
        __tracebackhide__ = True
        try:
            prepared = prepared or self.prepared()
            with self.without_timeout():
                result = explain(request, prepared, measure(request, prepared, self.progress), self.progress)
        except EnvironmentError_:
            raise
        except MulticoreError as error:
            self._not_measured(request.label, Outcome.ERROR, str(error))
            error.add_note(f"while measuring {request.label}")
            # From here on: the test's own line is what its author wants to see, not our insides.
            raise error.with_traceback(None) from error.__cause__
        finally:
            self.progress.live("")
        self.results.append(result)
        return result

    def guard_environment(self, work: Callable[[], T]) -> T:
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
        if why := why_unreachable(self.limits, machine.cores_granted, self.threads(), baseline, machine.cores_online):
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
        self.results.append(explain_open(result) if wishes.explain != "never" else result)
        return result

    def _act_on(self, result: Result) -> None:
        __tracebackhide__ = True
        if result.outcome is Outcome.FAILED:
            raise LimitMissed(failure.missed(result))
        if result.outcome is Outcome.INCONCLUSIVE:
            if self.settings.strict:
                raise Undecided(failure.undecided(result))
            self.skip(f"inconclusive: {result.workload}: {_first_sentence(result.reason)}")


def limits_of(marker: Mapping[str, Any]) -> Limits:
    """The limits among a marker's validated arguments."""
    return Limits(**{name: marker[name] for name in LIMITS if name in marker})


@cache
def _prepared(
    environment: str,
    python: str | None,
    blas: str | None,
    folder: Path,
    say: Callable[[str], None],
    also: tuple[str, ...],
) -> PreparedEnvironment:
    """Each environment is made ready once a session."""
    return PreparedEnvironment.prepare(environment, python, blas, folder, say, also)


def _first_sentence(reason: str) -> str:
    """What fits a line of pytest's summary; the section ``multicore`` tells the whole."""
    return reason.partition("\n")[0].partition(". ")[0]


def gate_of(item: pytest.Item) -> Gate:
    """The test's gate, the same one for all of its fixtures."""
    if GATE not in item.stash:
        marker = item.stash.get(MARKER_VALUES, {})
        item.stash[GATE] = Gate(
            test=item.nodeid,
            folder=item.config.rootpath,
            settings=_unexplained(item, settings_of(item.config, marker)),
            limits=limits_of(marker),
            progress=progress_of(item.config),
            skip=skip,
            without_timeout=partial(standing_still, item),
        )
    return item.stash[GATE]


def _unexplained(item: pytest.Item, found: Settings) -> Settings:
    """A miss that is expected is nothing that anybody asks why of, unless he says ``always``."""
    expected = item.get_closest_marker("xfail") is not None and not item.config.option.runxfail
    return replace(found, explain="never") if expected and found.explain == "auto" else found


def skip(reason: str) -> NoReturn:
    """End a test as skipped."""
    __tracebackhide__ = True
    # The test's own place: ours would be a line of this plugin.
    raise pytest.skip.Exception(reason, _use_item_location=True)
