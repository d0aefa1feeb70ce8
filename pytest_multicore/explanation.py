"""Why, told from beginning to end: look, suspect, try one change after the other, stop at the first proof."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Any

from .asked import Asked, Voice
from .diagnosis import catalogue
from .diagnosis.evidence import Evidence
from .diagnosis.suspicions import UNCHANGED, Effect, Explanation, Suspicion, Trial
from .diagnosis.trials import Finding, Tried, judged, settled
from .errors import EnvironmentError_, MulticoreError
from .interpreters.stage import Stage
from .interpreters.workload import Workload
from .looking import World, look, opened
from .measurement import counters
from .measurement.machine import this_machine
from .measurement.pace import this_pacer
from .measurement.rounds import Bench, Round
from .measurement.turns import turns
from .profiling import profiled
from .reports.evidence import evidence_record
from .verdicts import figures
from .verdicts.limits import Outcome
from .verdicts.result import Result
from .verdicts.statistics import Interval, fewest_values

#: Of the budget for all trials, what one may take.
ONE_TRIAL = 0.5
#: Causes told beside the likeliest: a page is what anybody reads.
MOST_TOLD = 4


def explained(asked: Asked, stage: Stage, result: Result, voice: Voice) -> Result:
    """The result with its causes, where the settings ask for them. Its verdict is never changed.

    A missed limit is looked into and tried; with ``always`` a met one is looked into. What was left open has its reason
    already, which needs no run.
    """
    wish = asked.settings.explain
    if wish == "never" or result.outcome is Outcome.ERROR:
        return result
    if result.outcome is Outcome.INCONCLUSIVE:
        return explained_open(result)
    if result.outcome is not Outcome.FAILED and wish != "always":
        return result
    for subject in asked.ready:
        subject.pause()
    if asked.live:
        asked.live.pause()
    try:
        return _looked_into(asked, stage, result, voice)
    except MulticoreError as error:
        # The verdict stands whatever comes of this.
        return replace(result, notes=(*result.notes, f"why could not be found out: {str(error).partition(chr(10))[0]}"))


def explained_open(result: Result) -> Result:
    """An undecided result with what the table makes of its reason; no run is needed for that."""
    found = [Explanation(one.key, False, one.evidence, one.remedy) for one in catalogue.ranked(_nothing_seen(result))]
    return replace(result, causes=tuple(map(asdict, found)))


def _nothing_seen(result: Result) -> Evidence:
    return Evidence(result, "", this_machine())


def _looked_into(asked: Asked, stage: Stage, result: Result, voice: Voice) -> Result:
    workload = asked.workload(stage)
    voice.live(f"{workload}: looking why")
    with turns().alone(voice.step):
        evidence = look(asked, stage, workload, result)
        profile = profiled(asked, stage, workload, evidence)
    found = evidence_record(evidence, profile)
    if result.outcome is not Outcome.FAILED:
        return replace(result, evidence=found)
    told = _proven_or_suspected(asked, stage, workload, evidence, voice)
    return replace(result, causes=tuple(map(asdict, told[:MOST_TOLD])), evidence=found)


def _proven_or_suspected(
    asked: Asked, stage: Stage, workload: Workload, evidence: Evidence, voice: Voice
) -> list[Explanation]:
    """Try what is likeliest first. A proof goes to the front and ends it; what a trial refuted is left out."""
    ends, told = time.monotonic() + asked.settings.budget_s, list[Explanation]()
    for suspicion in catalogue.ranked(evidence):
        tried = [] if suspicion.shown else _try(asked, stage, workload, evidence, suspicion, voice, ends)
        if suspicion.shown or any(one.finding is Finding.PROVEN for one in tried):
            text = next((one.text for one in tried if one.finding is Finding.PROVEN), "")
            also = _try(asked, stage, workload, evidence, replace(suspicion, trials=suspicion.also), voice, ends)
            beside = tuple(one.text for one in also)
            return [Explanation(suspicion.key, True, suspicion.evidence, suspicion.remedy, text, beside), *told]
        if not tried or any(one.finding is Finding.OPEN for one in tried):
            told.append(replace(_suspected(suspicion), trial="; ".join(one.text for one in tried)))
    return told


def _suspected(suspicion: Suspicion) -> Explanation:
    return Explanation(suspicion.key, False, suspicion.evidence, suspicion.remedy)


def _try(
    asked: Asked,
    stage: Stage,
    workload: Workload,
    evidence: Evidence,
    suspicion: Suspicion,
    voice: Voice,
    ends: float,
) -> list[Tried]:
    """The suspicion's trials, until one proves it or the time is up."""
    done: list[Tried] = []
    for trial in suspicion.trials:
        left_s = ends - time.monotonic()
        if left_s <= 0:
            break
        voice.live(f"{workload}: trying {trial.knob}")
        try:
            done.append(_measured(asked, stage, workload, evidence, trial, voice, ONE_TRIAL * left_s))
        except EnvironmentError_:
            continue  # not to be had here: nothing is said by that
        except MulticoreError as error:
            done.append(Tried(trial, Finding.OPEN, f"{trial.knob}: failed ({str(error).partition(chr(10))[0]})"))
        if done[-1].finding is Finding.PROVEN:
            break
    return done


def _measured(
    asked: Asked, stage: Stage, workload: Workload, evidence: Evidence, trial: Trial, voice: Voice, budget_s: float
) -> Tried:
    """The changed side against the original, in turns, until the difference is clear or the time is up."""
    original = evidence.result.comparison.speedup if evidence.result.comparison else None
    sides = _sides(asked, stage, workload, trial, voice)
    confidence, machine = asked.settings.confidence, this_machine()
    with turns().alone(voice.step), ExitStack() as closing:
        subjects = [closing.enter_context(opened(asked, world)) for world in sides]
        for subject in subjects:
            subject.pause()
        pacer = this_pacer(machine, priority=asked.settings.priority == "auto")
        bench = Bench(
            subjects,
            counters.for_this_system(),
            machine.cores_granted,
            asked.seed(workload),
            pacer,
            machine.cores_online,
            different_work=True,
        )
        rows, ends = list[tuple[Round, ...]](), time.monotonic() + budget_s
        for row in bench.rows():
            rows.append(row)
            if _clear(rows, trial, original, confidence) or time.monotonic() > ends:
                break
    return judged(trial, figures.comparison(rows, confidence), original)


def _clear(rows: Sequence[tuple[Round, ...]], trial: Trial, original: Interval | None, confidence: float) -> bool:
    if len(figures.clean_rows(rows)) < fewest_values(confidence):
        return False
    return settled(trial, figures.comparison(rows, confidence), original)


def _sides(asked: Asked, stage: Stage, workload: Workload, trial: Trial, voice: Voice) -> tuple[World, World]:
    """The changed world and what it is compared with."""
    change, threads = trial.change, asked.contender
    changed_stage = stage.with_blas(change.blas, voice.step) if change.blas else stage
    if trial.replay:
        one, other = (_replayed(arguments) for arguments in (trial.replay.changed, trial.replay.original))
    else:
        one, other = replace(workload, arguments={**workload.arguments, **change.arguments}), workload
    changed = World(changed_stage, one, threads, change)
    if trial.effect is Effect.SCALES:
        return changed, replace(changed, threads=asked.baseline)
    return changed, World(stage, other, threads, UNCHANGED)


def _replayed(arguments: Any) -> Workload:
    return Workload("replay", "builtin:replay_numpy", dict(arguments))
