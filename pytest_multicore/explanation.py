"""Why, told from beginning to end: look, suspect, try one change after the other, stop at the first proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from .asked import Asked, Voice
from .diagnosis import catalogue
from .diagnosis.evidence import Evidence
from .diagnosis.profile import Profile
from .diagnosis.suspicions import Explanation, Suspicion, Trial
from .diagnosis.trials import Finding, Tried
from .errors import EnvironmentError_, MulticoreError
from .interpreters.process import IsolatedInterpreter
from .interpreters.stage import Stage
from .interpreters.workload import Workload
from .looking import look
from .measurement.machine import this_machine
from .measurement.turns import turns
from .profiling import profiled
from .reports.evidence import evidence_record
from .trying import Original, tried
from .verdicts.limits import Outcome
from .verdicts.result import Result

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
    if result.outcome is not Outcome.INCONCLUSIVE and result.outcome is not Outcome.FAILED and wish != "always":
        return result
    try:
        if result.outcome is Outcome.INCONCLUSIVE:
            return explained_open(result)
        for subject in asked.ready:
            subject.pause()
        with _standing_still(asked.live):
            return _looked_into(asked, stage, result, voice)
    except MulticoreError as error:
        why = _first_line(error)
    except Exception as error:  # a mistake of ours here must not hide what was measured
        why = f"{type(error).__name__}: {_first_line(error)}: a defect of pytest-multicore, please report it"
    return replace(result, notes=(*result.notes, f"why could not be found out: {why}"))


@contextmanager
def _standing_still(live: IsolatedInterpreter | None) -> Iterator[None]:
    """The user's own interpreter is nobody's neighbour meanwhile, and goes on afterwards: it may hold a server."""
    if live:
        live.pause()
    try:
        yield
    finally:
        if live:
            live.resume()


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
        profile, missing = _profile(asked, stage, workload, evidence)
    result, found = replace(result, notes=(*result.notes, *missing)), evidence_record(evidence, profile)
    if result.outcome is not Outcome.FAILED:
        return replace(result, evidence=found)
    told = Inquiry(asked, stage, workload, evidence, voice, asked.settings.budget_s).causes()
    return replace(result, causes=tuple(map(asdict, told[:MOST_TOLD])), evidence=found)


def _profile(
    asked: Asked, stage: Stage, workload: Workload, evidence: Evidence
) -> tuple[Profile | None, tuple[str, ...]]:
    """The profile, or why there is none: what was seen otherwise explains without it."""
    try:
        return profiled(asked, stage, workload, evidence), ()
    except MulticoreError as error:
        return None, (f"no profile: {_first_line(error)}",)


@dataclass
class Inquiry:
    """The search for the cause of one missed limit.

    Attributes:
        asked, stage, workload: what was measured, and where.
        evidence: what was seen of it.
        voice: told what is tried.
        left_s: seconds that trials may still take; waiting for the machine's lock is nobody's cost. A trial that has
            begun may take longer by its set-up.
    """

    asked: Asked
    stage: Stage
    workload: Workload
    evidence: Evidence
    voice: Voice
    left_s: float

    def causes(self) -> list[Explanation]:
        """Try what is likeliest first. A proof goes to the front and ends it; what a trial refuted is left out.

        What the measurement itself has shown comes next: it says how much, and not what.
        """
        shown: list[Explanation] = []
        suspected: list[Explanation] = []
        for suspicion in catalogue.ranked(self.evidence):
            if suspicion.shown:
                shown.append(_told(suspicion, proven=True))
                continue
            tried = self._try(suspicion.trials)
            proof = next((one.text for one in tried if one.finding is Finding.PROVEN), "")
            if proof:
                also = tuple(one.text for one in self._try(suspicion.also))
                return [_told(suspicion, proven=True, trial=proof, also=also), *shown, *suspected]
            if not tried or any(one.finding is Finding.OPEN for one in tried):
                suspected.append(_told(suspicion, trial="; ".join(one.text for one in tried)))
        return [*shown, *suspected]

    def _try(self, trials: Sequence[Trial]) -> list[Tried]:
        """Trials, until one proves its cause or the time is up."""
        done: list[Tried] = []
        for trial in trials:
            if self.left_s <= 0:
                done.append(Tried(trial, Finding.OPEN, f"{trial.knob}: not tried, the budget was spent"))
                break
            self.voice.live(f"{self.workload}: trying {trial.knob}")
            program = Original(self.asked, self.stage, self.workload, self.voice, self._spend)
            try:
                done.append(tried(trial, program, ONE_TRIAL * self.left_s))
            except EnvironmentError_:
                continue  # not to be had here: nothing is said by that
            except MulticoreError as error:
                done.append(Tried(trial, Finding.OPEN, f"{trial.knob}: failed ({_first_line(error)})"))
            if done[-1].finding is Finding.PROVEN:
                break
        return done

    def _spend(self, seconds: float) -> None:
        self.left_s -= seconds


def _told(suspicion: Suspicion, *, proven: bool = False, trial: str = "", also: tuple[str, ...] = ()) -> Explanation:
    return Explanation(suspicion.key, proven, suspicion.evidence, suspicion.remedy, trial, also)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
