"""A proof that the layout of memory could have made: further processes have to show it, too, each laid out anew.

The original is opened twice beside the changed program, and measured in the same rows: an A/A control. A difference by
layout shows between two processes of the original, too, and turns from one draw to the next. With the first pair there
are four processes of the changed program and seven of the original. Were each of them fast or slow by chance, then all
of the former would be fast and all of the latter slow in less than one of a thousand trials; were their speeds spread
evenly over a range of 2.7x, in less than one of a hundred (0.95 % of 200,000 simulated trials that change nothing).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_multicore.diagnosis.suspicions import Trial
from pytest_multicore.diagnosis.trials import MIN_USEFUL_RATIO, Finding, TrialResult, gain
from pytest_multicore.verdicts.row_sets import Rows
from pytest_multicore.verdicts.statistics import Interval

from .layouts import drawn_layout
from .request import MeasuredProgram, Variant
from .trial_rows import take_rows, trial_figures

#: Further sets of processes, each of the changed program once and the original twice.
FURTHER_LAYOUTS = 3
#: Confidence of each set, and its rows at most: all sets together, and the first pair, are the proof.
SET_CONFIDENCE, MAX_SET_ROWS = 0.8, 15


@dataclass(frozen=True, slots=True)
class LayoutGains:
    """What one set of processes shows, as ratios: above 1 the change does what the cause predicts.

    Attributes:
        changed: of the changed program, against each of the two originals.
        original: of the original against itself.
    """

    changed: tuple[Interval, Interval]
    original: float

    @property
    def shows_it(self) -> bool:
        """Whether the change is better than both originals."""
        return all(gained.low > 1.0 and gained.estimate >= MIN_USEFUL_RATIO for gained in self.changed)

    @property
    def is_settled(self) -> bool:
        """Whether more rows need not be taken."""
        return self.shows_it or any(gained.high < MIN_USEFUL_RATIO for gained in self.changed)


def confirmed(found: TrialResult, program: MeasuredProgram, sides: Sequence[Variant], rounds_s: float) -> TrialResult:
    """The proof, with what further processes show of it; open where one set of them does not bear it out.

    Args:
        found: what the first pair of processes has proven.
        program: the measured program.
        sides: those of the first pair: of the changed program, then of the original.
        rounds_s: seconds that the rounds of each set may take: as many as the first pair had.

    Raises:
        MulticoreError: a side could not be opened, or failed.
    """
    gains: list[LayoutGains] = []
    draw = random.Random()  # without a seed: the same layouts would repeat the same luck
    for number in range(1, FURTHER_LAYOUTS + 1):
        program.progress.live(
            f"{program.workload}: {found.trial.knob}, further processes, {number} of {FURTHER_LAYOUTS}"
        )
        gains.append(_gains_of_others(found.trial, program, sides, rounds_s, draw))
        if not gains[-1].shows_it:
            break
    return with_further_processes(found, gains)


def with_further_processes(found: TrialResult, gains: Sequence[LayoutGains]) -> TrialResult:
    """A proof with what further processes show of it."""
    ratios = [gained.estimate for one in gains for gained in one.changed]
    itself = max(max(one.original, 1 / one.original) for one in gains)
    text = (
        f"in {len(gains)} further sets of processes, laid out anew in memory, by {min(ratios):.2f}x to "
        f"{max(ratios):.2f}x; the original differs from itself by up to {itself:.2f}x"
    )
    if not all(one.shows_it for one in gains):
        uncertain = ", which is too few rows to be certain" if min(ratios) >= MIN_USEFUL_RATIO else ""
        return replace(found, finding=Finding.OPEN, text=f"{found.text}; but {text}{uncertain}: that is no proof")
    return replace(found, text=f"{found.text}; {text}")


def _gains_of_others(
    trial: Trial, program: MeasuredProgram, sides: Sequence[Variant], rounds_s: float, draw: random.Random
) -> LayoutGains:
    half = len(sides) // 2
    others = [replace(side, extra=drawn_layout(draw)) for side in (*sides, *sides[half:])]

    def is_enough(rows: Rows) -> bool:
        return len(rows) >= MAX_SET_ROWS or _gains(trial, rows, half).is_settled

    return _gains(trial, take_rows(program, others, rounds_s, is_enough).rows, half)


def _gains(trial: Trial, rows: Rows, sides: int) -> LayoutGains:
    """The gains by rows of the changed program and of two originals; ``sides``: how many each of the three has."""

    def over(first: int, second: int) -> Interval:
        pairs = [row[first * sides : (first + 1) * sides] + row[second * sides : (second + 1) * sides] for row in rows]
        return gain(trial, *trial_figures(pairs, trial, SET_CONFIDENCE))

    return LayoutGains((over(0, 1), over(0, 2)), over(1, 2).estimate)
