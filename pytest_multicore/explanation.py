"""Why, told from beginning to end: look, suspect, try one change after the other, stop at the first proof."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any

from .asked import Asked, Voice
from .diagnosis import catalogue
from .diagnosis.evidence import Evidence
from .diagnosis.suspicions import UNCHANGED, Effect, Explanation, Trial
from .diagnosis.trials import Finding, Tried, judged, settled
from .errors import EnvironmentError_, MulticoreError
from .interpreters.stage import Stage
from .interpreters.workload import Workload
from .looking import World, look, opened
from .measurement import counters
from .measurement.machine import this_machine
from .measurement.pace import this_pacer
from .measurement.rounds import Bench, Round
from .measurement.subject import AnySubject
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
        return replace(result, notes=(*result.notes, f"why could not be found out: {_first_line(error)}"))


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
    told = Inquiry(asked, stage, workload, evidence, voice, asked.settings.budget_s).causes()
    return replace(result, causes=tuple(map(asdict, told[:MOST_TOLD])), evidence=found)


@dataclass
class Inquiry:
    """The search for the cause of one missed limit.

    Attributes:
        asked, stage, workload: what was measured, and where.
        evidence: what was seen of it.
        voice: told what is tried.
        left_s: seconds that trials may still take; waiting for the machine's lock is nobody's cost.
    """

    asked: Asked
    stage: Stage
    workload: Workload
    evidence: Evidence
    voice: Voice
    left_s: float

    def causes(self) -> list[Explanation]:
        """Try what is likeliest first. A proof goes to the front and ends it; what a trial refuted is left out."""
        told: list[Explanation] = []
        for suspicion in catalogue.ranked(self.evidence):
            tried = [] if suspicion.shown else self._try(suspicion.trials)
            proof = next((one.text for one in tried if one.finding is Finding.PROVEN), "")
            if proof or suspicion.shown:
                also = tuple(one.text for one in self._try(suspicion.also))
                return [Explanation(suspicion.key, True, suspicion.evidence, suspicion.remedy, proof, also), *told]
            if not tried or any(one.finding is Finding.OPEN for one in tried):
                text = "; ".join(one.text for one in tried)
                told.append(Explanation(suspicion.key, False, suspicion.evidence, suspicion.remedy, text))
        return told

    def _try(self, trials: Sequence[Trial]) -> list[Tried]:
        """Trials, until one proves its cause or the time is up."""
        done: list[Tried] = []
        for trial in trials:
            if self.left_s <= 0:
                break
            self.voice.live(f"{self.workload}: trying {trial.knob}")
            try:
                done.append(self._measured(trial))
            except EnvironmentError_:
                continue  # not to be had here: nothing is said by that
            except MulticoreError as error:
                done.append(Tried(trial, Finding.OPEN, f"{trial.knob}: failed ({_first_line(error)})"))
            if done[-1].finding is Finding.PROVEN:
                break
        return done

    def _measured(self, trial: Trial) -> Tried:
        """The changed side against the original, in turns, until the difference is clear or the time is up."""
        sides, confidence = self._sides(trial), self.asked.settings.confidence
        rows: list[tuple[Round, ...]] = []
        with turns().alone(self.voice.step), ExitStack() as closing:
            began = time.monotonic()
            closing.callback(self._spend, began)
            subjects = [closing.enter_context(opened(self.asked, world)) for world in sides]
            for subject in subjects:
                subject.pause()
            ends = time.monotonic() + ONE_TRIAL * self.left_s
            for row in self._bench(subjects).rows():
                rows.append(row)
                if self._clear(rows, trial) or time.monotonic() > ends:
                    break
        return judged(trial, figures.comparison(rows, confidence), self._original)

    def _spend(self, since: float) -> None:
        self.left_s -= time.monotonic() - since

    def _bench(self, subjects: Sequence[AnySubject]) -> Bench:
        machine, seed = this_machine(), self.asked.seed(self.workload)
        pacer = this_pacer(machine, priority=self.asked.settings.priority == "auto")
        granted, online = machine.cores_granted, machine.cores_online
        return Bench(subjects, counters.for_this_system(), granted, seed, pacer, online, different_work=True)

    @property
    def _original(self) -> Interval | None:
        """The speed-up that missed its limit."""
        compared = self.evidence.result.comparison
        return compared.speedup if compared else None

    def _clear(self, rows: Sequence[tuple[Round, ...]], trial: Trial) -> bool:
        confidence = self.asked.settings.confidence
        if len(figures.clean_rows(rows)) < fewest_values(confidence):
            return False
        return settled(trial, figures.comparison(rows, confidence), self._original)

    def _sides(self, trial: Trial) -> tuple[World, World]:
        """The changed world and what it is compared with."""
        change, threads = trial.change, self.asked.contender
        stage = self.stage.with_blas(change.blas, self.voice.step) if change.blas else self.stage
        one = other = self.workload
        if trial.replay:
            one, other = _replayed(trial.replay.changed), _replayed(trial.replay.original)
        elif change.arguments:
            one = replace(one, arguments={**one.arguments, **change.arguments})
        changed = World(stage, one, threads, change)
        if trial.effect is Effect.SCALES:
            return changed, replace(changed, threads=self.asked.baseline)
        return changed, World(self.stage, other, threads, UNCHANGED)


def _replayed(arguments: Mapping[str, Any]) -> Workload:
    return Workload("replay", "builtin:replay_numpy", dict(arguments))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
