"""What a process's layout of memory makes of it is no proof: programs whose speed is drawn anew in each process.

The true proofs that these have to be told from are test_causes.py's.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_multicore.diagnosis.suspicions import Change, Effect, Trial
from pytest_multicore.diagnosis.trials import Finding
from pytest_multicore.experiment.open_side import WorkloadProgram
from pytest_multicore.experiment.request import MeasuredProgram, MeasurementRequest
from pytest_multicore.experiment.run_trial import run_trial
from pytest_multicore.interpreters.workload import resolve
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.reports.progress import NoProgress
from pytest_multicore.settings.options import resolve_settings
from pytest_multicore.verdicts.limits import Limits

from .conftest import PROGRAMS
from .in_process import environment

pytestmark = [pytest.mark.explained, pytest.mark.exhaustive, pytest.mark.usefixtures("two_cores")]

ROUNDS_S = 5.0


@pytest.mark.parametrize("length", range(1, 4096, 512))
@pytest.mark.parametrize("effect", [Effect.FASTER, Effect.LESS_CPU])
def test_a_variable_that_nothing_reads_proves_nothing(
    effect: Effect, length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It moves the heap, and with it what the program's speed hangs on: one such pair of four seems to gain by it."""
    monkeypatch.chdir(tmp_path)
    trial = Trial("A_VARIABLE", effect, Change(variables={"A_VARIABLE": "x" * length}))
    with host_lock().exclusive(print):
        found = run_trial(trial, program_of_luck(), ROUNDS_S)

    assert found.finding is not Finding.PROVEN, found.text


def program_of_luck() -> MeasuredProgram:
    settings = resolve_settings(lambda _: None, {"threads": 2})
    prepared = environment(settings.environment, settings.blas)
    workload = resolve(f"{PROGRAMS / 'layout_luck.py'}:luck", {}, {}, None, Path.cwd())
    request = MeasurementRequest(
        test="a test",
        label="luck",
        workload=lambda _: workload,
        sides=(2, 1),
        limits=Limits(min_speedup=1.5),
        settings=settings,
        program=WorkloadProgram(),
    )
    return MeasuredProgram(request, prepared, workload, NoProgress())
