"""The sides of a trial, their rows, and the figures that these give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from pytest_multicore.diagnosis.suspicions import NO_CHANGE, Effect, Trial
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.real_time import with_row
from pytest_multicore.rounds.round import Round
from pytest_multicore.settings import clocks
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.figures import Comparison
from pytest_multicore.verdicts.row_sets import Rows
from pytest_multicore.verdicts.statistics import Interval

from .open_side import FACTS_TIMEOUT_S, open_variant
from .request import MeasuredProgram, Variant
from .round_loop import row_taker


@dataclass(frozen=True, slots=True)
class TrialRows:
    """The rows of a trial.

    Attributes:
        rows: a round of each side: those of the changed program, then those of the original.
        facts: what the changed program's interpreter said of itself.
    """

    rows: Rows
    facts: Mapping[str, Any]


def sides_of(trial: Trial, program: MeasuredProgram) -> list[Variant]:
    """The changed program and the original; for ``Effect.SCALES``, each at both thread counts."""
    change, threads, workload = trial.change, program.request.contender, program.workload
    prepared = program.prepared
    if change.blas:
        prepared = prepared.with_blas(change.blas, program.progress.step)
    changed_workload = original_workload = workload
    if trial.replay:
        changed_workload = _replay_workload(trial.replay.changed)
        original_workload = _replay_workload(trial.replay.original)
    elif change.arguments:
        changed_workload = replace(workload, arguments={**workload.arguments, **change.arguments})
    changed = Variant(prepared, changed_workload, threads, change)
    original = Variant(program.prepared, original_workload, threads, NO_CHANGE)
    if trial.effect is not Effect.SCALES:
        return [changed, original]
    baseline = program.request.baseline
    return [side for variant in (changed, original) for side in (variant, replace(variant, threads=baseline))]


def _replay_workload(arguments: Mapping[str, Any]) -> Workload:
    return Workload("replay", "builtin:replay_numpy", dict(arguments))


def take_rows(
    program: MeasuredProgram, sides: Sequence[Variant], rounds_s: float, is_enough: Callable[[Rows], bool]
) -> TrialRows:
    """Open these sides and take rows until they are enough or the time is up: one that counts at least."""
    request, rows = program.request, list[tuple[Round, ...]]()
    with ExitStack() as stack:
        subjects = []
        for side in sides:
            subjects.append(stack.enter_context(open_variant(request, side)))
            subjects[-1].pause()
        ends = clocks.monotonic() + rounds_s
        for row in row_taker(request, program.workload, subjects, same_work=1).rows():
            rows = with_row(rows, row)
            if rows and (is_enough(rows) or clocks.monotonic() > ends):
                break
        facts = subjects[0].interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=[])
    return TrialRows(rows, facts)


def trial_figures(rows: Rows, trial: Trial, confidence: float) -> tuple[Comparison, Interval | None]:
    """The trial's comparison; for ``Effect.SCALES``, the changed work's speed-up and the original's."""
    if trial.effect is not Effect.SCALES:
        return figures.comparison(rows, confidence, of_change=True), None
    changed, original = (figures.comparison([row[at : at + 2] for row in rows], confidence) for at in (0, 2))
    return changed, original.speedup
