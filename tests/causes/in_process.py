"""A program of cases.py, measured and observed without a session: what is suspected, before anything is tried."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.diagnosis.causes.catalogue import ranked_suspicions
from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.experiment.measure import measure
from pytest_multicore.experiment.observe import observe
from pytest_multicore.experiment.open_side import WorkloadProgram
from pytest_multicore.experiment.request import MeasurementRequest
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import resolve
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.reports.progress import NoProgress
from pytest_multicore.settings.marker import LIMITS
from pytest_multicore.settings.options import resolve_settings
from pytest_multicore.verdicts.limits import Limits

from .case import Case, Twin
from .conftest import PROGRAMS


@dataclass(frozen=True)
class Diagnosis:
    """What is said of a program.

    Attributes:
        outcome, reason: the verdict's.
        keys: of the causes that are suspected, the likeliest first; none where no limit was missed.
    """

    outcome: str
    reason: str
    keys: tuple[str, ...] = ()


def diagnosed(case: Case, twin: Twin) -> Diagnosis:
    """Measure a program, and observe it where it missed its limit."""
    marker: dict[str, Any] = {**case.limits, **twin.limits}
    options = dict(option.removeprefix("--multicore-").split("=", 1) for option in twin.options)
    # At ordinary priority a kernel may leave two short-lived threads on one core: that is another cause.
    options = {"settle": "0.5", "budget": "20", "priority": "realtime", **options}
    settings = resolve_settings(lambda option: options.get(option.name), marker)
    try:
        prepared = environment(settings.environment, settings.blas)
    except EnvironmentUnavailable as error:
        pytest.skip(f"the environment cannot be built here: {error}")
    threads = None if settings.threads == "inherit" else int(settings.threads)
    file, colon, function = twin.workload.partition(":")
    workload = resolve(
        f"{PROGRAMS / file}.py:{function}" if colon else twin.workload,
        dict(twin.arguments),
        prepared.environment.frameworks,
        None,
        Path.cwd(),
    )
    request = MeasurementRequest(
        test=case.name,
        label=case.name,
        workload=lambda _: workload,
        sides=(threads,) if threads == 1 else (threads, 1),
        limits=Limits(**{name: marker[name] for name in LIMITS if name in marker}),
        settings=settings,
        program=WorkloadProgram(),
    )
    result = measure(request, prepared, NoProgress())
    if result.outcome.value != "failed":
        return Diagnosis(result.outcome.value, result.reason)
    with host_lock().exclusive(print):
        evidence = observe(request, prepared, workload, result)
    # As in a report: what the measurement itself has proven comes first.
    suspicions = sorted(ranked_suspicions(evidence), key=lambda one: not one.conclusive)
    return Diagnosis("failed", "", tuple(suspicion.key for suspicion in suspicions))


@cache
def environment(name: str, blas: str | None) -> PreparedEnvironment:
    """Made ready once."""
    return PreparedEnvironment.prepare(name, None, blas, Path.cwd(), print, ())
