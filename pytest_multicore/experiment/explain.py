"""Why, told from beginning to end: look, suspect, try one change after the other, stop at the first proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from pytest_multicore.diagnosis.causes import catalogue
from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.evidence_record import evidence_record
from pytest_multicore.diagnosis.profile import Profile
from pytest_multicore.diagnosis.suspicions import Explanation, Suspicion, Trial
from pytest_multicore.diagnosis.trials import Finding, TrialResult
from pytest_multicore.errors import EnvironmentError_, MulticoreError
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.verdicts.limits import Outcome
from pytest_multicore.verdicts.result import Result

from .observe import observe
from .request import MeasurementRequest, Progress
from .run_trial import MeasuredProgram, run_trial
from .theano_profile import profile_theano

#: Of the budget for all trials, what one may take.
ONE_TRIAL = 0.5
#: Causes told beside the likeliest: a page is what anybody reads.
MOST_TOLD = 4


def explain(request: MeasurementRequest, prepared: PreparedEnvironment, result: Result, progress: Progress) -> Result:
    """The result with its causes, where the settings ask for them. Its verdict is never changed.

    A missed limit is looked into and tried; with ``always`` a met one is looked into. What was left open has its reason
    already, which needs no run.
    """
    wish = request.settings.explain
    if wish == "never" or result.outcome is Outcome.ERROR:
        return result
    if result.outcome is not Outcome.INCONCLUSIVE and result.outcome is not Outcome.FAILED and wish != "always":
        return result
    try:
        if result.outcome is Outcome.INCONCLUSIVE:
            return explain_open(result)
        with request.program.standing_still():
            return _search_causes(request, prepared, result, progress)
    except MulticoreError as error:
        why = _first_line(error)
    except Exception as error:  # a mistake of ours here must not hide what was measured
        why = f"{type(error).__name__}: {_first_line(error)}: a defect of pytest-multicore, please report it"
    return replace(result, notes=(*result.notes, f"why could not be found out: {why}"))


def explain_open(result: Result) -> Result:
    """An undecided result with what the table makes of its reason; no run is needed for that."""
    found = [
        Explanation(one.key, False, one.evidence, one.remedy)
        for one in catalogue.ranked_suspicions(_nothing_seen(result))
    ]
    return replace(result, causes=tuple(map(asdict, found)))


def _nothing_seen(result: Result) -> Evidence:
    return Evidence(result, "", this_machine())


def _search_causes(
    request: MeasurementRequest, prepared: PreparedEnvironment, result: Result, progress: Progress
) -> Result:
    workload = request.workload(prepared)
    progress.live(f"{workload}: looking why")
    with host_lock().exclusive(progress.step):
        evidence = observe(request, prepared, workload, result)
        profile, missing = _profile(request, prepared, workload, evidence)
    result, found = replace(result, notes=(*result.notes, *missing)), evidence_record(evidence, profile)
    if result.outcome is not Outcome.FAILED:
        return replace(result, evidence=found)
    told = CauseSearch(request, prepared, workload, evidence, progress, request.settings.budget_s).causes()
    return replace(result, causes=tuple(map(asdict, told[:MOST_TOLD])), evidence=found)


def _profile(
    request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload, evidence: Evidence
) -> tuple[Profile | None, tuple[str, ...]]:
    """The profile, or why there is none: what was seen otherwise explains without it."""
    try:
        return profile_theano(request, prepared, workload, evidence), ()
    except MulticoreError as error:
        return None, (f"no profile: {_first_line(error)}",)


@dataclass
class CauseSearch:
    """The search for the cause of one missed limit.

    Attributes:
        request, prepared, workload: what was measured, and where.
        evidence: what was seen of it.
        progress: told what is tried.
        left_s: seconds that trials may still take; waiting for the machine's lock is nobody's cost. A trial that has
            begun may take longer by its set-up.
    """

    request: MeasurementRequest
    prepared: PreparedEnvironment
    workload: Workload
    evidence: Evidence
    progress: Progress
    left_s: float

    def causes(self) -> list[Explanation]:
        """Try what is likeliest first. A proof goes to the front and ends it; what a trial refuted is left out.

        What the measurement itself has shown comes next: it says how much, and not what.
        """
        shown: list[Explanation] = []
        suspected: list[Explanation] = []
        for suspicion in catalogue.ranked_suspicions(self.evidence):
            if suspicion.conclusive:
                shown.append(_told(suspicion, proven=True))
                continue
            results = self._try(suspicion.trials)
            proof = next((one.text for one in results if one.finding is Finding.PROVEN), "")
            if proof:
                also = tuple(one.text for one in self._try(suspicion.follow_ups))
                return [_told(suspicion, proven=True, trial=proof, also=also), *shown, *suspected]
            if not results or any(one.finding is Finding.OPEN for one in results):
                suspected.append(_told(suspicion, trial="; ".join(one.text for one in results)))
        return [*shown, *suspected]

    def _try(self, trials: Sequence[Trial]) -> list[TrialResult]:
        """Trials, until one proves its cause or the time is up."""
        done: list[TrialResult] = []
        for trial in trials:
            if self.left_s <= 0:
                done.append(TrialResult(trial, Finding.OPEN, f"{trial.knob}: not tried, the budget was spent"))
                break
            self.progress.live(f"{self.workload}: trying {trial.knob}")
            program = MeasuredProgram(self.request, self.prepared, self.workload, self.progress, self._spend)
            try:
                done.append(run_trial(trial, program, ONE_TRIAL * self.left_s))
            except EnvironmentError_:
                continue  # not to be had here: nothing is said by that
            except MulticoreError as error:
                done.append(TrialResult(trial, Finding.OPEN, f"{trial.knob}: failed ({_first_line(error)})"))
            if done[-1].finding is Finding.PROVEN:
                break
        return done

    def _spend(self, seconds: float) -> None:
        self.left_s -= seconds


def _told(suspicion: Suspicion, *, proven: bool = False, trial: str = "", also: tuple[str, ...] = ()) -> Explanation:
    return Explanation(suspicion.key, proven, suspicion.evidence, suspicion.remedy, trial, also)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
