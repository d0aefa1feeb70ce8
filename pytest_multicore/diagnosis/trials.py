"""Judge a trial's measurement: the cause is proven, refuted, or stays a suspicion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from pytest_multicore.rounds.tolerances import MAX_PROCESS_SPEED_RATIO
from pytest_multicore.verdicts.figures import Comparison
from pytest_multicore.verdicts.statistics import Interval

from .evidence import MAX_CORES_OF_ONE_THREAD
from .suspicions import Effect, Trial

#: A change that brings less than this is none that a user would make; a proof excludes "no change" all the more.
MIN_USEFUL_RATIO = 1.05
#: A change may cost so much time, as a share, and still be worth the cores that it keeps busy, or leaves free.
MIN_SPEED_RATIO = 0.9
#: Times that one layout of memory is as fast as another, at most: the address of a row within its page made a thread
#: that adds it to others 2.7 times as fast (4000 rows of 2000 numbers, 2 cores).
MAX_LAYOUT_SPEED_RATIO = 3.0
#: What it means where threads that sleep while they wait make a program slower.
WAKES = "its threads wait so often that waking them up takes longer than what they do"
#: Far below any figure that is measured: nothing is divided by zero.
MIN_FIGURE = 1e-9


class Finding(Enum):
    """The result of a trial."""

    PROVEN = "proven"
    REFUTED = "refuted"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class TrialResult:
    """One trial with its finding.

    Attributes:
        trial: what was changed.
        finding: whether that proves or refutes the cause.
        text: the change and the difference that it made, with intervals.
        helps: whether the changed program is about as fast, or faster: else its line shows the cause, and no remedy.
        ran: whether the program ran with the change.
    """

    trial: Trial
    finding: Finding
    text: str
    helps: bool = True
    ran: bool = True


def judge_trial(
    trial: Trial, compared: Comparison, original_speedup: Interval | None = None, *, took_effect: bool = True
) -> TrialResult:
    """Judge the changed side (the contender) against the original one (the baseline).

    Args:
        trial: what was changed.
        compared: its measurement; for ``Effect.SCALES`` the changed work at both thread counts.
        original_speedup: the original's speed-up, for ``Effect.SCALES``.
        took_effect: whether the change reached the program; without that a trial refutes nothing.
    """
    finding = _finding(trial, compared, original_speedup)
    text = f"{trial.knob}: {_difference(trial, compared, original_speedup)}"
    if finding is Finding.REFUTED and trial.effect is Effect.LESS_CPU:
        often = replace(trial, effect=Effect.SLOWER)
        if _finding(often, compared, None) is Finding.PROVEN:
            return TrialResult(often, Finding.PROVEN, f"{text}: {WAKES}", helps=False)
    if finding is Finding.REFUTED and not took_effect:
        return TrialResult(trial, Finding.OPEN, f"{text}, but that did not reach the program", ran=False)
    if finding is Finding.REFUTED and not trial.can_refute:
        return TrialResult(trial, Finding.OPEN, text)
    if finding is Finding.PROVEN and trial.min_cores > max(0.0, compared.contender.cores.low):
        return TrialResult(trial, Finding.OPEN, f"{text}, but that undid more than the inner pool")
    return TrialResult(trial, finding, text, helps=trial.changes_work or compared.speedup.low > MIN_SPEED_RATIO)


def is_settled(trial: Trial, compared: Comparison, original_speedup: Interval | None) -> bool:
    """Whether more rounds cannot change the finding: it is decided, or the difference is real but too small."""
    finding = _finding(trial, compared, original_speedup)
    if finding is Finding.REFUTED and trial.effect is Effect.LESS_CPU:
        return _finding(replace(trial, effect=Effect.SLOWER), compared, None) is not Finding.OPEN
    if finding is not Finding.OPEN:
        return True
    ratio, cpu = compared.speedup, compared.cpu_inflation
    if trial.effect is Effect.FASTER:
        return ratio.low > MIN_USEFUL_RATIO and ratio.high <= MAX_PROCESS_SPEED_RATIO
    return (
        trial.effect is Effect.LESS_CPU and cpu.high < 1 / MIN_USEFUL_RATIO and cpu.low >= 1 / MAX_PROCESS_SPEED_RATIO
    )


def layout_could_do(trial: Trial, compared: Comparison) -> bool:
    """Whether the difference could come from where the memory of two processes lies.

    That makes a thread faster or slower. It does not start any, and the largest difference that was seen has a bound.
    """
    if trial.effect is Effect.FEWER_THREADS:
        return False
    if trial.effect is Effect.MORE_CORES:
        return compared.baseline.cores.high > MAX_CORES_OF_ONE_THREAD
    if trial.effect is Effect.LESS_CPU:
        return compared.cpu_inflation.high > 1 / MAX_LAYOUT_SPEED_RATIO
    if trial.effect is Effect.SLOWER:
        return compared.speedup.high > 1 / MAX_LAYOUT_SPEED_RATIO
    return trial.effect is Effect.SCALES or compared.speedup.low < MAX_LAYOUT_SPEED_RATIO


def gain(trial: Trial, compared: Comparison, original_speedup: Interval | None) -> Interval:
    """How much of the effect a trial's rows show, as a ratio: 1 is none."""
    changed, before, one = compared.contender, compared.baseline, Interval(1.0, 1.0, 1.0, compared.ratio.confidence)
    if trial.effect is Effect.MORE_CORES:
        return _ratio(changed.cores, before.cores)
    if trial.effect is Effect.FEWER_THREADS:
        return _ratio(before.threads_seen, changed.threads_seen)
    if trial.effect is Effect.LESS_CPU:
        return _ratio(one, compared.cpu_inflation)
    if trial.effect is Effect.SLOWER:
        return _ratio(one, compared.speedup)
    return _ratio(compared.speedup, original_speedup or one)


def _ratio(value: Interval, reference: Interval) -> Interval:
    """A quantity over another one; without a bound where one of them has none."""
    low, estimate, high = (
        top / max(bottom, MIN_FIGURE) if math.isfinite(top) and math.isfinite(bottom) else unknown
        for top, bottom, unknown in (
            (value.low, reference.high, -math.inf),
            (value.estimate, reference.estimate, math.inf),
            (value.high, reference.low, math.inf),
        )
    )
    return Interval(low, estimate, high, value.confidence)


def took_effect(trial: Trial, facts: Mapping[str, Any]) -> bool:
    """Whether the changed child's facts show the change; True where no fact could show it."""
    change, libraries = trial.change, facts.get("libraries", ())
    use_counts = facts.get("changed") or {}
    if any(not use_counts.get(name) for name in change.agent_changes):
        return False
    if change.blas and any(library["kind"] == "reference" for library in libraries):
        return False
    if "MKL_THREADING_LAYER" in change.variables:
        return not any(library["kind"] == "mkl" and library.get("layer") == "sequential" for library in libraries)
    config = facts.get("pytensor") or facts.get("theano") or {}
    return all(str(config[name]) == value for name, value in change.theano_flags.items() if name in config)


def _finding(trial: Trial, compared: Comparison, original_speedup: Interval | None) -> Finding:
    effect, changed, before, ratio = trial.effect, compared.contender, compared.baseline, compared.speedup
    if effect is Effect.MORE_CORES:
        cores = _higher(changed.cores, before.cores)
        if trial.changes_work or cores is Finding.REFUTED:
            return cores
        # The same work: cores that only waste time, for instance in processes that start, prove nothing.
        least = MIN_USEFUL_RATIO if trial.has_to_gain else MIN_SPEED_RATIO
        if ratio.high <= least:
            return Finding.REFUTED
        return cores if ratio.low > least else Finding.OPEN
    if effect is Effect.SCALES:
        return _higher(ratio, original_speedup, MAX_PROCESS_SPEED_RATIO) if original_speedup else Finding.OPEN
    if effect is Effect.FEWER_THREADS:
        return _higher(before.threads_seen, changed.threads_seen)
    if effect is Effect.FASTER:
        if ratio.low > MAX_PROCESS_SPEED_RATIO:
            return Finding.PROVEN
        return Finding.REFUTED if ratio.high <= MIN_USEFUL_RATIO else Finding.OPEN
    if effect is Effect.SLOWER:
        if ratio.high < 1 / MAX_PROCESS_SPEED_RATIO:
            return Finding.PROVEN
        return Finding.REFUTED if ratio.low >= 1 / MIN_USEFUL_RATIO else Finding.OPEN
    cpu = compared.cpu_inflation
    if cpu.high < 1 / MAX_PROCESS_SPEED_RATIO:
        # At whatever time: threads that sleep may take long to wake up, and did spin all the same.
        return Finding.PROVEN
    return Finding.REFUTED if cpu.low >= 1 / MIN_USEFUL_RATIO else Finding.OPEN


def _higher(value: Interval, reference: Interval, min_ratio: float = MIN_USEFUL_RATIO) -> Finding:
    """Whether a quantity lies above a reference: their intervals do not meet, and the ratio is large enough."""
    if value.low > min_ratio * reference.high:
        return Finding.PROVEN
    return Finding.REFUTED if value.high <= MIN_USEFUL_RATIO * reference.low else Finding.OPEN


def _difference(trial: Trial, compared: Comparison, original_speedup: Interval | None) -> str:
    changed, before = compared.contender, compared.baseline
    ratio = f"{_figure(compared.speedup, 'x')} as fast"
    if trial.effect is Effect.SCALES:
        unchanged = f"; as it is {_figure(original_speedup, 'x')}" if original_speedup else ""
        return f"{ratio} as on {before.threads} thread{'' if before.threads == 1 else 's'}{unchanged}"
    if trial.effect is Effect.FEWER_THREADS:
        now, then = round(changed.threads_seen.estimate), round(before.threads_seen.estimate)
        return f"{now} thread{'' if now == 1 else 's'} in place of {then}, {ratio}"
    if trial.effect in (Effect.LESS_CPU, Effect.SLOWER):
        return f"{_figure(compared.cpu_inflation, 'x')} the CPU time, {ratio}"
    cores = f"{_figure(changed.cores)} cores busy in place of {_figure(before.cores)}"
    return cores if trial.changes_work else f"{cores}, {ratio}"


def _figure(interval: Interval, unit: str = "") -> str:
    low, high = (f"{bound:.2f}" if math.isfinite(bound) else "?" for bound in (interval.low, interval.high))
    return f"{interval.estimate:.2f}{unit} [{low}, {high}]"
