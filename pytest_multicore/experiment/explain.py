"""Why a limit was missed: observe, suspect, try one change after the other, stop at the first proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace

from pytest_multicore.diagnosis.causes import catalogue
from pytest_multicore.diagnosis.causes.settings import is_set_by_program
from pytest_multicore.diagnosis.causes.thread_pools import was_blas_called
from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.evidence_record import evidence_record
from pytest_multicore.diagnosis.profile import Profile
from pytest_multicore.diagnosis.remedies import proven_remedy, told, unproven_remedy
from pytest_multicore.diagnosis.suspicions import Explanation, Suspicion, Trial
from pytest_multicore.diagnosis.trials import Finding, TrialResult
from pytest_multicore.errors import EnvironmentUnavailable, HostBusy, HostUnfit, MulticoreError, SessionEnds, first_line
from pytest_multicore.interpreters.blas_in_use import blas_in_use
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.settings import clocks
from pytest_multicore.verdicts.limits import Outcome
from pytest_multicore.verdicts.result import Result

from .observe import observe
from .request import MeasuredProgram, MeasurementRequest, Progress
from .run_trial import run_trial
from .theano_profile import profile_theano

#: Share of the seconds left for trials that a single trial may take.
MAX_TRIAL_BUDGET_SHARE = 0.5
#: Causes reported of one missed limit, the likeliest first: they fit on a page.
MAX_REPORTED_CAUSES = 4


def explain(request: MeasurementRequest, prepared: PreparedEnvironment, result: Result, progress: Progress) -> Result:
    """The result with its causes, where the settings ask for them. Its verdicts are never changed.

    A missed limit is observed and tried. With ``always`` a limit that is met is observed. An undecided one has its
    reason already and needs no run.
    """
    mode = request.settings.explain
    if mode == "never" or result.outcome is Outcome.ERROR:
        return result
    if result.outcome not in (Outcome.INCONCLUSIVE, Outcome.FAILED) and mode != "always":
        return result
    try:
        if result.outcome is Outcome.INCONCLUSIVE:
            return explain_open(result)
        with request.program.paused():
            return _search_causes(request, prepared, result, progress)
    except SessionEnds:
        raise
    except MulticoreError as error:
        why = first_line(error)
    except OSError as error:
        why = first_line(HostUnfit.of(error, "looking why"))
    except Exception as error:  # a mistake of ours here must not hide what was measured
        why = f"{type(error).__name__}: {first_line(error)}: a defect of pytest-multicore, please report it"
    return replace(result, notes=(*result.notes, f"why could not be found out: {why}"))


def explain_open(result: Result) -> Result:
    """An undecided result with the causes that its reason suggests; no run is needed for that."""
    explanations = [
        _explanation(suspicion) for suspicion in catalogue.ranked_suspicions(Evidence(result, "", this_machine()))
    ]
    return replace(result, causes=tuple(map(asdict, explanations)))


def _search_causes(
    request: MeasurementRequest, prepared: PreparedEnvironment, result: Result, progress: Progress
) -> Result:
    workload = request.workload(prepared)
    progress.live(f"{workload}: looking why")
    with host_lock().exclusive(progress.step):
        evidence = observe(request, prepared, workload, result)
        profile, notes = _profile(request, prepared, workload, evidence)
    result = replace(
        result,
        notes=(*result.notes, *notes),
        evidence=evidence_record(evidence, profile),
        blas=_blas(workload, result, evidence),
    )
    if result.outcome is not Outcome.FAILED:
        return result
    program = MeasuredProgram(request, prepared, workload, progress)
    search = CauseSearch(program, evidence, TrialBudget(request.settings.budget_s))
    causes = tuple(map(asdict, search.causes()[:MAX_REPORTED_CAUSES]))
    return replace(result, causes=causes, notes=(*result.notes, *search.refuted))


def _blas(workload: Workload, result: Result, evidence: Evidence) -> str | None:
    """The BLAS in use, now that somebody looked: one that was mapped and never called did none of the work."""
    called = was_blas_called(evidence)
    if called is None or workload.target.startswith("builtin:"):
        return result.blas
    return blas_in_use(workload.target, result.facts, called=called)


def _profile(
    request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload, evidence: Evidence
) -> tuple[Profile | None, tuple[str, ...]]:
    """The profile; or None and a note why there is none, since the other evidence explains without it."""
    try:
        return profile_theano(request, prepared, workload, evidence), ()
    except MulticoreError as error:
        return None, (f"no profile: {first_line(error)}",)


@dataclass
class TrialBudget:
    """The seconds that trials may still take.

    The wait for the machine's lock costs nothing. A trial that has begun may take longer than the budget by its set-up.
    """

    left_s: float

    @property
    def for_next_s(self) -> float:
        """Seconds that the rounds of the next trial may take."""
        return MAX_TRIAL_BUDGET_SHARE * self.left_s

    @contextmanager
    def spending(self) -> Iterator[None]:
        """The seconds within this context are spent, whatever comes of them."""
        began = clocks.monotonic()
        try:
            yield
        finally:
            self.left_s -= clocks.monotonic() - began


@dataclass
class CauseSearch:
    """The search for the cause of one missed limit.

    Attributes:
        program: the measured program.
        evidence: what was observed of it.
        budget: for trials.
        refuted: the causes that trials have refuted, in words.
    """

    program: MeasuredProgram
    evidence: Evidence
    budget: TrialBudget
    refuted: list[str] = field(default_factory=list)

    def causes(self) -> list[Explanation]:
        """Try the likeliest suspicion first. A proof comes first and ends the search; what a trial refutes is left out.

        Next comes what the measurement itself has proven: it says how much, but not what.
        """
        proven: list[Explanation] = []
        suspected: list[tuple[Suspicion, Explanation]] = []
        for suspicion in catalogue.ranked_suspicions(self.evidence):
            if suspicion.conclusive:
                proven.append(_explanation(suspicion, proven=True))
                continue
            results = self._try([trial for trial in suspicion.trials if not (suspicion.is_minor and trial.replay)])
            proof = next((result for result in results if result.finding is Finding.PROVEN), None)
            if proof:
                also = tuple(result.text for result in self._try(suspicion.follow_ups))
                first = _explanation(suspicion, proven=True, trial=proof.text, also=also)
                first = replace(first, remedy=proven_remedy(suspicion, proof))
                return [first, *proven, *told(suspected)]
            if not results or any(result.finding is Finding.OPEN for result in results):
                explanation = _explanation(suspicion, trial="; ".join(result.text for result in results))
                suspected.append((suspicion, replace(explanation, remedy=unproven_remedy(suspicion, results))))
            else:
                self.refuted.append(f"not {suspicion.key}: {'; '.join(result.text for result in results)}")
        return proven + told(suspected, first=not proven)

    def _try(self, trials: Sequence[Trial]) -> list[TrialResult]:
        """Run trials until one proves its cause or the budget is spent."""
        results: list[TrialResult] = []
        for trial in (self._ready(one) for one in trials):
            if self.budget.left_s <= 0:
                results.append(_not_run(trial, "not tried, the budget was spent"))
                break
            self.program.progress.live(f"{self.program.workload}: trying {trial.knob}")
            try:
                with host_lock().exclusive(self.program.progress.step), self.budget.spending():
                    results.append(run_trial(trial, self.program, self.budget.for_next_s))
            except HostBusy as error:
                results.append(_not_run(trial, f"not tried ({first_line(error)})"))
                self.budget.left_s = 0.0  # the next trial would wait as long
                break
            except EnvironmentUnavailable:
                continue  # the changed environment is not available here: that says nothing of the cause
            except MulticoreError as error:
                results.append(_not_run(trial, f"failed ({first_line(error)})"))
            if results[-1].finding is Finding.PROVEN:
                break
        return results

    def _ready(self, trial: Trial) -> Trial:
        """The trial for this limit. What it sets the program must not set again when it runs."""
        again = [name for name in trial.change.variables if is_set_by_program(self.evidence, name)]
        kept = dict.fromkeys((*trial.change.agent_changes, *(f"keep-variable {name}" for name in again)))
        change = replace(trial.change, agent_changes=tuple(kept))
        return replace(trial, change=change, has_to_gain=self.evidence.only_gain_missed)


def _not_run(trial: Trial, why: str) -> TrialResult:
    return TrialResult(trial, Finding.OPEN, f"{trial.knob}: {why}", ran=False)


def _explanation(
    suspicion: Suspicion, *, proven: bool = False, trial: str = "", also: tuple[str, ...] = ()
) -> Explanation:
    return Explanation(suspicion.key, proven, suspicion.evidence, suspicion.remedy, trial, also)
