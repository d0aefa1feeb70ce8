"""``--multicore-doctor``: what this machine and each environment provide."""

from __future__ import annotations

import pytest

from pytest_multicore.environments.catalogue import Environment, load
from pytest_multicore.errors import MulticoreError, UsageError
from pytest_multicore.experiment.open_side import WorkloadProgram
from pytest_multicore.experiment.request import MeasurementRequest
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.reports import doctor as report
from pytest_multicore.reports.progress import NoProgress
from pytest_multicore.verdicts.limits import Limits

from .gate import Gate, skip
from .options import session_settings


def doctor(config: pytest.Config) -> None:
    """Print what this machine and each environment provide, a line at a time."""
    gate = Gate("--multicore-doctor", config.rootpath, session_settings(config), Limits(), NoProgress(), skip)
    try:
        environments = load(config.rootpath)
        for line in report.machine_lines(this_machine(), priority=gate.settings.priority != "off"):
            print(line, flush=True)
        for environment in environments.values():
            print(f"environment {environment.name}: {_examine(environment, gate)}", flush=True)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def _examine(environment: Environment, gate: Gate) -> str:
    """Whether the environment can be had, and the figures of a dot product in one that is ready."""
    try:
        readiness = report.readiness(environment)
        if not readiness.is_ready:
            return readiness.text
        workload = gate.workload("dot", {"size": 1000}, None)
        sides = (gate.thread_count(), 1)
        request = MeasurementRequest(gate.test, "dot", workload, sides, gate.limits, gate.settings, WorkloadProgram())
        gate.measure(request, gate.prepare_environment(environment.name))
        return f"{readiness.text}; {report.figures_line(gate.records[-1])}"
    except MulticoreError as error:
        return f"cannot be had: {error}"
