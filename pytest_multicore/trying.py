"""One trial, measured: the world with one thing changed against the world as it was, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from .asked import Asked, Voice
from .diagnosis.suspicions import UNCHANGED, Effect, Replay, Trial
from .diagnosis.trials import Tried, judged, reached, settled
from .experiment import FACTS_TIMEOUT_S
from .interpreters.stage import Stage
from .interpreters.workload import Workload
from .looking import World, opened
from .measurement import counters
from .measurement.bench import Bench
from .measurement.control import control_runs
from .measurement.machine import this_machine
from .measurement.rounds import Round
from .measurement.scheduling import joined
from .measurement.subject import AnySubject
from .measurement.turns import turns
from .verdicts import figures
from .verdicts.evidence import Rows
from .verdicts.figures import Comparison
from .verdicts.statistics import Interval, fewest_values


@dataclass(frozen=True, slots=True)
class Original:
    """The program as it was measured, which a trial changes.

    Attributes:
        asked, stage, workload: how it was asked for, what it is, and where it runs.
        voice: told what is waited for.
        spend: told of the seconds that it took, without those that it waited for the machine's lock.
    """

    asked: Asked
    stage: Stage
    workload: Workload
    voice: Voice
    spend: Callable[[float], None]


def tried(trial: Trial, program: Original, rounds_s: float) -> Tried:
    """Take rounds until the difference is clear or the time is up.

    Args:
        trial: what to change.
        program: whose.
        rounds_s: seconds that its rounds may take.

    Raises:
        MulticoreError: a side could not be opened, or failed.
    """
    asked, rows = program.asked, list[tuple[Round, ...]]()
    with turns().alone(program.voice.step), ExitStack() as closing:
        began = time.monotonic()
        closing.callback(lambda: program.spend(time.monotonic() - began))
        subjects = [closing.enter_context(opened(asked, world)) for world in _sides(trial, program)]
        for subject in subjects:
            subject.pause()
        ends = time.monotonic() + rounds_s
        for row in _bench(subjects, asked, program.workload).rows():
            rows = joined(rows, row)
            if _clear(rows, trial, asked.settings.confidence) or time.monotonic() > ends:
                break
        facts = subjects[0].interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=[])
    compared, original = _figures(rows, trial, asked.settings.confidence)
    return judged(trial, compared, original, reached=reached(trial, facts))


def _sides(trial: Trial, program: Original) -> list[World]:
    """The changed world and what it is compared with; of what shall scale, each at both thread counts."""
    change, threads, workload = trial.change, program.asked.contender, program.workload
    stage = program.stage.with_blas(change.blas, program.voice.step, build=False) if change.blas else program.stage
    one = other = workload
    if trial.replay:
        one, other = (_replayed(trial.replay, side) for side in ("changed", "original"))
    elif change.arguments:
        one = replace(workload, arguments={**workload.arguments, **change.arguments})
    changed, original = World(stage, one, threads, change), World(program.stage, other, threads, UNCHANGED)
    if trial.effect is not Effect.SCALES:
        return [changed, original]
    baseline = program.asked.baseline
    return [side for world in (changed, original) for side in (world, replace(world, threads=baseline))]


def _replayed(replay: Replay, side: str) -> Workload:
    arguments: Mapping[str, Any] = getattr(replay, side)
    return Workload("replay", "builtin:replay_numpy", dict(arguments))


def _bench(subjects: Sequence[AnySubject], asked: Asked, workload: Workload) -> Bench:
    machine, seed = this_machine(), asked.seed(workload)
    return Bench(
        subjects,
        counters.for_this_system(),
        machine.cores_granted,
        seed,
        control_runs(machine, priority=asked.settings.priority == "auto"),
        cores_online=machine.cores_online,
        cores_in_reach=machine.cores_in_reach,
        different_work=True,
    )


def _clear(rows: Rows, trial: Trial, confidence: float) -> bool:
    if len(rows) < fewest_values(confidence):
        return False
    return settled(trial, *_figures(rows, trial, confidence))


def _figures(rows: Rows, trial: Trial, confidence: float) -> tuple[Comparison, Interval | None]:
    """The trial's comparison; of what shall scale, what it gains from threads and what the original does."""
    if trial.effect is not Effect.SCALES:
        return figures.comparison(rows, confidence), None
    changed, original = (figures.comparison([row[at : at + 2] for row in rows], confidence) for at in (0, 2))
    return changed, original.speedup
