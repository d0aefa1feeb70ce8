"""What a trial's measurement says: the cause is proven, refuted, or stays a suspicion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pytest_multicore.rounds.tolerances import MAX_PROCESS_SPEED_RATIO
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
class TrialResult:
    """One trial with its outcome.

    Attributes:
        trial: what was changed.
        finding: what came of it.
        text: the change and the difference that it made, with intervals.
    """

    trial: Trial
    finding: Finding
    text: str


def judged(
    trial: Trial, compared: Comparison, original: Interval | None = None, *, reached: bool = True
) -> TrialResult:
    """Judge the changed side (the contender) against the original one (the baseline).

    Args:
        trial: what was changed.
        compared: its measurement; for ``Effect.SCALES`` the changed work at both thread counts.
        original: the original's speed-up, for ``Effect.SCALES``.
        reached: whether the change reached the program: one that did not refutes nothing.
    """
    finding, text = _finding(trial, compared, original), f"{trial.knob}: {_difference(trial, compared, original)}"
    if finding is Finding.REFUTED and not reached:
        return TrialResult(trial, Finding.OPEN, f"{text}, but that did not reach the program")
    if finding is Finding.REFUTED and not trial.refutes:
        return TrialResult(trial, Finding.OPEN, text)
    return TrialResult(trial, finding, text)


def settled(trial: Trial, compared: Comparison, original: Interval | None) -> bool:
    """Whether measuring on can change nothing: also where the difference is surely one, and too small for a proof."""
    if _finding(trial, compared, original) is not Finding.OPEN:
        return True
    ratio, cpu = compared.speedup, compared.cpu_inflation
    if trial.effect is Effect.FASTER:
        return ratio.low > WORTH_IT and ratio.high <= MAX_PROCESS_SPEED_RATIO
    return trial.effect is Effect.LESS_CPU and cpu.high < 1 / WORTH_IT and cpu.low >= 1 / MAX_PROCESS_SPEED_RATIO


def reached(trial: Trial, facts: Mapping[str, Any]) -> bool:
    """Whether a change shows in what the changed child tells of itself; True where nothing could show it."""
    change, libraries = trial.change, facts.get("libraries", ())
    made = facts.get("changed") or {}
    if any(not made.get(name) for name in change.child):
        return False
    if change.blas and any(one["kind"] == "reference" for one in libraries):
        return False
    if "MKL_THREADING_LAYER" in change.variables:
        return not any(one["kind"] == "mkl" and one.get("layer") == "sequential" for one in libraries)
    config = facts.get("pytensor") or facts.get("theano") or {}
    return all(str(config[name]) == value for name, value in change.theano_flags.items() if name in config)


def _finding(trial: Trial, compared: Comparison, original: Interval | None) -> Finding:
    effect, changed, before, ratio = trial.effect, compared.contender, compared.baseline, compared.speedup
    if effect is Effect.MORE_CORES:
        cores = _higher(changed.cores, before.cores)
        if trial.other_work or cores is Finding.REFUTED:
            return cores
        # The same work: cores that are only kept busy, as by more processes that start, prove nothing.
        if ratio.high <= NO_LONGER:
            return Finding.REFUTED
        return cores if ratio.low > NO_LONGER else Finding.OPEN
    if effect is Effect.SCALES:
        return _higher(ratio, original, MAX_PROCESS_SPEED_RATIO) if original else Finding.OPEN
    if effect is Effect.FEWER_THREADS:
        return _higher(before.threads_seen, changed.threads_seen)
    if effect is Effect.FASTER:
        if ratio.low > MAX_PROCESS_SPEED_RATIO:
            return Finding.PROVEN
        return Finding.REFUTED if ratio.high <= WORTH_IT else Finding.OPEN
    cpu = compared.cpu_inflation
    if cpu.high < 1 / MAX_PROCESS_SPEED_RATIO and ratio.low > NO_LONGER:
        return Finding.PROVEN
    return Finding.REFUTED if cpu.low >= 1 / WORTH_IT or ratio.high <= NO_LONGER else Finding.OPEN


def _higher(one: Interval, other: Interval, enough: float = WORTH_IT) -> Finding:
    """Whether one quantity lies above another: their intervals do not meet, and the difference is worth it."""
    if one.low > enough * other.high:
        return Finding.PROVEN
    return Finding.REFUTED if one.high <= WORTH_IT * other.low else Finding.OPEN


def _difference(trial: Trial, compared: Comparison, original: Interval | None) -> str:
    changed, before = compared.contender, compared.baseline
    ratio = f"{_figure(compared.speedup, 'x')} as fast"
    if trial.effect is Effect.SCALES:
        otherwise = f"; as it is {_figure(original, 'x')}" if original else ""
        return f"{ratio} as on {before.threads} thread{'' if before.threads == 1 else 's'}{otherwise}"
    if trial.effect is Effect.FEWER_THREADS:
        now, then = round(changed.threads_seen.estimate), round(before.threads_seen.estimate)
        return f"{now} thread{'' if now == 1 else 's'} in place of {then}, {ratio}"
    if trial.effect is Effect.LESS_CPU:
        return f"{_figure(compared.cpu_inflation, 'x')} the CPU time, {ratio}"
    cores = f"{_figure(changed.cores)} cores busy in place of {_figure(before.cores)}"
    return cores if trial.other_work else f"{cores}, {ratio}"


def _figure(interval: Interval, unit: str = "") -> str:
    low, high = (f"{bound:.2f}" if math.isfinite(bound) else "?" for bound in (interval.low, interval.high))
    return f"{interval.estimate:.2f}{unit} [{low}, {high}]"
