"""``--multicore-doctor``: what this machine and each environment can give."""

from __future__ import annotations

import pytest

from pytest_multicore.environments.catalogue import load
from pytest_multicore.errors import UsageError
from pytest_multicore.experiment.request import MeasurementRequest
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.reports.doctor import examine
from pytest_multicore.reports.progress import NoProgress
from pytest_multicore.verdicts.limits import Limits
from pytest_multicore.verdicts.result import Result

from .gate import Gate, skip
from .options import settings_of


def doctor(config: pytest.Config) -> None:
    """Print what this machine and each environment can give."""
    gate = Gate("--multicore-doctor", config.rootpath, settings_of(config, {}), Limits(), NoProgress(), skip)

    def tried(environment: str) -> Result:
        workload = gate.workload("dot", {"size": 1000}, None)
        request = MeasurementRequest(gate.test, "dot", workload, (gate.threads(), 1), gate.limits, gate.settings)
        return gate.measure(request, gate.prepared(environment))

    try:
        raised = gate.settings.priority == "auto"
        for line in examine(this_machine(), load(config.rootpath), tried, priority=raised):
            print(line, flush=True)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
