"""One trial: the program with one thing changed, measured against the original in turns."""

from __future__ import annotations

from pytest_multicore.diagnosis.suspicions import Trial
from pytest_multicore.diagnosis.trials import (
    Finding,
    TrialResult,
    is_settled,
    judge_trial,
    layout_could_do,
    took_effect,
)
from pytest_multicore.verdicts.row_sets import Rows
from pytest_multicore.verdicts.statistics import fewest_values

from .confirm_trial import confirmed
from .request import MeasuredProgram
from .trial_rows import sides_of, take_rows, trial_figures


def run_trial(trial: Trial, program: MeasuredProgram, rounds_s: float) -> TrialResult:
    """Take rounds until the difference is clear or the time is up. The caller holds the machine's lock.

    What the layout of two processes' memory could do, too, has to show in others (confirm_trial.py).

    Args:
        trial: what to change.
        program: the program to change.
        rounds_s: seconds that its rounds may take, and those of each set of further processes.

    Raises:
        MulticoreError: a side could not be opened, or failed.
    """
    confidence = program.request.settings.confidence
    sides = sides_of(trial, program)
    taken = take_rows(program, sides, rounds_s, lambda rows: _is_clear(rows, trial, confidence))
    compared, original = trial_figures(taken.rows, trial, confidence)
    found = judge_trial(trial, compared, original, took_effect=took_effect(trial, taken.facts))
    if found.finding is not Finding.PROVEN or not layout_could_do(found.trial, compared):
        return found
    return confirmed(found, program, sides, rounds_s)


def _is_clear(rows: Rows, trial: Trial, confidence: float) -> bool:
    if len(rows) < fewest_values(confidence):
        return False
    return is_settled(trial, *trial_figures(rows, trial, confidence))
