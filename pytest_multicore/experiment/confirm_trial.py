"""A proof that the layout of memory could have made: further processes have to show it, too, each laid out anew.

The original is opened twice beside the changed program, and measured in the same rows: an A/A control. A difference by
layout shows between two processes of the original, too, and turns from one draw to the next. With the first pair there
are four processes of the changed program and seven of the original. Were each of them fast or slow by chance, then all
of the former would be fast and all of the latter slow in less than one of a thousand trials.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_multicore.diagnosis.suspicions import Trial
from pytest_multicore.diagnosis.trials import MIN_USEFUL_RATIO, Finding, TrialResult, gain
from pytest_multicore.verdicts.row_sets import Rows

from .layouts import drawn_layout
from .request import MeasuredProgram, Variant
from .trial_rows import take_rows, trial_figures

#: Further sets of processes, each of the changed program once and the original twice.
FURTHER_LAYOUTS = 3
#: Rows of each: a set has to show the change by its medians, and all sets together are the proof.
CONFIRMING_ROWS = 3


@dataclass(frozen=True, slots=True)
class LayoutGains:
    """What one set of processes shows, as ratios: above 1 the change does what the cause predicts.

    Attributes:
        changed: of the changed program, against each of the two originals.
        original: of the original against itself.
    """

    changed: tuple[float, float]
    original: float


def confirmed(found: TrialResult, program: MeasuredProgram, sides: Sequence[Variant], rounds_s: float) -> TrialResult:
    """The proof, with what further processes show of it; open where one set of them does not bear it out.

    Args:
        found: what the first pair of processes has proven.
        program: the measured program.
        sides: those of the first pair: of the changed program, then of the original.
        rounds_s: seconds that the rounds of all further processes may take.

    Raises:
        MulticoreError: a side could not be opened, or failed.
    """
    gains: list[LayoutGains] = []
    draw = random.Random()  # without a seed: the same layouts would repeat the same luck
    for number in range(1, FURTHER_LAYOUTS + 1):
        program.progress.live(
            f"{program.workload}: {found.trial.knob}, further processes, {number} of {FURTHER_LAYOUTS}"
        )
        gains.append(_gains_of_others(found.trial, program, sides, rounds_s / FURTHER_LAYOUTS, draw))
        if min(gains[-1].changed) < MIN_USEFUL_RATIO:
            break
    return with_further_processes(found, gains)


def with_further_processes(found: TrialResult, gains: Sequence[LayoutGains]) -> TrialResult:
    """A proof with what further processes show of it."""
    ratios = [ratio for one in gains for ratio in one.changed]
    itself = max(max(one.original, 1 / one.original) for one in gains)
    text = (
        f"in {len(gains)} further sets of processes, laid out anew in memory, by {min(ratios):.2f}x to "
        f"{max(ratios):.2f}x; the original differs from itself by up to {itself:.2f}x"
    )
    if min(ratios) < MIN_USEFUL_RATIO:
        return replace(found, finding=Finding.OPEN, text=f"{found.text}; but {text}: that is no proof")
    return replace(found, text=f"{found.text}; {text}")


def _gains_of_others(
    trial: Trial, program: MeasuredProgram, sides: Sequence[Variant], rounds_s: float, draw: random.Random
) -> LayoutGains:
    half = len(sides) // 2
    others = [replace(side, extra=drawn_layout(draw)) for side in (*sides, *sides[half:])]
    rows = take_rows(program, others, rounds_s, lambda rows: len(rows) >= CONFIRMING_ROWS).rows
    confidence = program.request.settings.confidence

    def gain_of(first: int, second: int) -> float:
        """Of one program over another, each given by its place: the changed one is 0, and the originals are 1 and 2."""
        pairs: Rows = [
            row[first * half : (first + 1) * half] + row[second * half : (second + 1) * half] for row in rows
        ]
        return gain(trial, *trial_figures(pairs, trial, confidence))

    return LayoutGains((gain_of(0, 1), gain_of(0, 2)), gain_of(1, 2))
