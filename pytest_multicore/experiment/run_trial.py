"""One trial, measured: the world with one thing changed against the world as it was, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from pytest_multicore.diagnosis.suspicions import NO_CHANGE, Effect, Replay, Trial
from pytest_multicore.diagnosis.trials import TrialResult, is_settled, judge_trial, took_effect
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement import counters
from pytest_multicore.measurement.control import control_runs
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.measurement.real_time import with_row
from pytest_multicore.measurement.subject import AnySubject
from pytest_multicore.measurement.take import RowTaker
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.figures import Comparison
from pytest_multicore.verdicts.row_sets import Rows
from pytest_multicore.verdicts.statistics import Interval, fewest_values

from .open_side import FACTS_TIMEOUT_S, Variant, open_variant
from .request import MeasurementRequest, Progress


@dataclass(frozen=True, slots=True)
class MeasuredProgram:
    """The program as it was measured, which a trial changes.

    Attributes:
        request, prepared, workload: how it was asked for, what it is, and where it runs.
        progress: told what is waited for.
        spend: told of the seconds that it took, without those that it waited for the machine's lock.
    """

    request: MeasurementRequest
    prepared: PreparedEnvironment
    workload: Workload
    progress: Progress
    spend: Callable[[float], None]


def run_trial(trial: Trial, program: MeasuredProgram, rounds_s: float) -> TrialResult:
    """Take rounds until the difference is clear or the time is up.

    Args:
        trial: what to change.
        program: whose.
        rounds_s: seconds that its rounds may take.

    Raises:
        MulticoreError: a side could not be opened, or failed.
    """
    request, rows = program.request, list[tuple[Round, ...]]()
    with host_lock().exclusive(program.progress.step), ExitStack() as closing:
        began = time.monotonic()
        closing.callback(lambda: program.spend(time.monotonic() - began))
        subjects = [closing.enter_context(open_variant(request, variant)) for variant in _sides(trial, program)]
        for subject in subjects:
            subject.pause()
        ends = time.monotonic() + rounds_s
        for row in _bench(subjects, request, program.workload).rows():
            rows = with_row(rows, row)
            if _clear(rows, trial, request.settings.confidence) or time.monotonic() > ends:
                break
        facts = subjects[0].interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=[])
    compared, original = _figures(rows, trial, request.settings.confidence)
    return judge_trial(trial, compared, original, took_effect=took_effect(trial, facts))


def _sides(trial: Trial, program: MeasuredProgram) -> list[Variant]:
    """The changed world and what it is compared with; of what shall scale, each at both thread counts."""
    change, threads, workload = trial.change, program.request.contender, program.workload
    prepared = (
        program.prepared.with_blas(change.blas, program.progress.step, build=False) if change.blas else program.prepared
    )
    one = other = workload
    if trial.replay:
        one, other = (_replayed(trial.replay, side) for side in ("changed", "original"))
    elif change.arguments:
        one = replace(workload, arguments={**workload.arguments, **change.arguments})
    changed, original = Variant(prepared, one, threads, change), Variant(program.prepared, other, threads, NO_CHANGE)
    if trial.effect is not Effect.SCALES:
        return [changed, original]
    baseline = program.request.baseline
    return [side for variant in (changed, original) for side in (variant, replace(variant, threads=baseline))]


def _replayed(replay: Replay, side: str) -> Workload:
    arguments: Mapping[str, Any] = getattr(replay, side)
    return Workload("replay", "builtin:replay_numpy", dict(arguments))


def _bench(subjects: Sequence[AnySubject], request: MeasurementRequest, workload: Workload) -> RowTaker:
    machine, seed = this_machine(), request.seed(workload)
    return RowTaker(
        subjects,
        counters.for_this_system(),
        machine.cores_granted,
        seed,
        control_runs(machine, priority=request.settings.priority == "auto"),
        cores_online=machine.cores_online,
        cores_in_reach=machine.cores_in_reach,
        different_work=True,
    )


def _clear(rows: Rows, trial: Trial, confidence: float) -> bool:
    if len(rows) < fewest_values(confidence):
        return False
    return is_settled(trial, *_figures(rows, trial, confidence))


def _figures(rows: Rows, trial: Trial, confidence: float) -> tuple[Comparison, Interval | None]:
    """The trial's comparison; of what shall scale, what it gains from threads and what the original does."""
    if trial.effect is not Effect.SCALES:
        return figures.comparison(rows, confidence), None
    changed, original = (figures.comparison([row[at : at + 2] for row in rows], confidence) for at in (0, 2))
    return changed, original.speedup
