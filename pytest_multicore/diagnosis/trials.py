"""What a trial's measurement says: the cause is proven, refuted, or stays a suspicion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from pytest_multicore.verdicts.figures import Comparison
from pytest_multicore.verdicts.statistics import Interval

from .suspicions import Effect, Trial

#: A change that brings less than this is none that a user would make; a proof excludes "no change" all the more.
WORTH_IT = 1.05
#: A passive wait may cost so much time, as a share, and still show that the CPU time was waste.
NO_LONGER = 0.9


class Finding(Enum):
    """What came of a trial."""

    PROVEN = "proven"
    REFUTED = "refuted"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial with its outcome.

    Attributes:
        trial: what was changed.
        finding: what came of it.
        text: the change and the difference that it made, with intervals.
    """

    trial: Trial
    finding: Finding
    text: str


def judged(trial: Trial, compared: Comparison, original: Interval | None = None) -> Tried:
    """Judge the changed side (the contender) against the original one (the baseline).

    Args:
        trial: what was changed.
        compared: its measurement; for ``Effect.SCALES`` the changed work at both thread counts.
        original: the original's speed-up, for ``Effect.SCALES``.
    """
    return Tried(trial, _finding(trial.effect, compared, original), f"{trial.knob}: {_difference(trial, compared)}")


def settled(trial: Trial, compared: Comparison, original: Interval | None) -> bool:
    """Whether measuring on can change nothing."""
    return _finding(trial.effect, compared, original) is not Finding.OPEN


def _finding(effect: Effect, compared: Comparison, original: Interval | None) -> Finding:
    changed, before, ratio = compared.contender, compared.baseline, compared.speedup
    if effect is Effect.MORE_CORES:
        return _higher(changed.cores, before.cores)
    if effect is Effect.SCALES:
        return _higher(ratio, original) if original else Finding.OPEN
    if effect is Effect.FEWER_THREADS:
        return _higher(before.threads_seen, changed.threads_seen)
    if effect is Effect.FASTER:
        return Finding.PROVEN if ratio.low > WORTH_IT else Finding.REFUTED if ratio.high <= WORTH_IT else Finding.OPEN
    cpu = compared.cpu_inflation
    if cpu.high < 1 / WORTH_IT and ratio.low > NO_LONGER:
        return Finding.PROVEN
    return Finding.REFUTED if cpu.low >= 1 / WORTH_IT or ratio.high <= NO_LONGER else Finding.OPEN


def _higher(one: Interval, other: Interval) -> Finding:
    """Whether one quantity lies above another: their intervals do not meet, and the difference is worth it."""
    if one.low > WORTH_IT * other.high:
        return Finding.PROVEN
    return Finding.REFUTED if one.high <= WORTH_IT * other.low else Finding.OPEN


def _difference(trial: Trial, compared: Comparison) -> str:
    changed, before = compared.contender, compared.baseline
    ratio = f"{_figure(compared.speedup, 'x')} as fast"
    if trial.effect is Effect.SCALES:
        return f"{ratio} as on {before.threads} thread{'' if before.threads == 1 else 's'}"
    if trial.effect is Effect.FEWER_THREADS:
        now, then = round(changed.threads_seen.estimate), round(before.threads_seen.estimate)
        return f"{now} thread{'' if now == 1 else 's'} in place of {then}, {ratio}"
    if trial.effect is Effect.LESS_CPU:
        return f"{_figure(compared.cpu_inflation, 'x')} the CPU time, {ratio}"
    cores = f"{_figure(changed.cores)} cores busy in place of {_figure(before.cores)}"
    # A larger batch or product is other work: its time is nothing to compare.
    return cores if trial.replay or trial.change.arguments else f"{cores}, {ratio}"


def _figure(interval: Interval, unit: str = "") -> str:
    low, high = (f"{bound:.2f}" if math.isfinite(bound) else "?" for bound in (interval.low, interval.high))
    return f"{interval.estimate:.2f}{unit} [{low}, {high}]"
