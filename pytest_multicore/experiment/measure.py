"""One measurement from beginning to end: prepare, open, measure, decide.

``measure`` is the story. Each of its lines is a function of a few lines below, or the door to another room.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from pytest_multicore.diagnosis.start_changes import warnings_of
from pytest_multicore.interpreters.blas_in_use import blas_in_use
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.measurement.machine import Machine, this_machine
from pytest_multicore.settings import clocks
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.figures import Scaling
from pytest_multicore.verdicts.judge import Judgement
from pytest_multicore.verdicts.limits import (
    BASE_LIMITS,
    Limits,
    OpenReason,
    Outcome,
    Unreachable,
    asks_for_more_cores,
    leave_open,
    why_unreachable,
)
from pytest_multicore.verdicts.open_reasons import OpenMeasurement, why_inconclusive
from pytest_multicore.verdicts.repeatable import why_not_repeatable
from pytest_multicore.verdicts.result import Result
from pytest_multicore.verdicts.warnings import waste_warning
from pytest_multicore.verdicts.words import side_in_words

from .base_modules import modules_from_elsewhere
from .collection_changes import collection_changes, collection_notes
from .differences import differences
from .further_processes import confirmed
from .notes import notes
from .request import MeasuredProgram, MeasurementRequest, Progress
from .round_loop import MeasuredRows, RoundLoop
from .worth_of_cores import compared_by_cores


def measure(request: MeasurementRequest, prepared: PreparedEnvironment, progress: Progress) -> Result:
    """Prepare, open, measure, decide.

    Raises:
        MulticoreError: the measurement could not be made; its class says whose fault it was.
    """
    began, machine, workload = clocks.monotonic(), this_machine(), request.workload(prepared)
    findings: dict[str, Any]
    if why := why_not_here(request.limits, request.contender, request.baseline, request.settings.vary):
        findings = {"outcome": Outcome.INCONCLUSIVE, **why._asdict()}
    else:
        measured_rows = _take_rows(request, prepared, workload, progress)
        findings = _findings(request, prepared, workload, measured_rows, machine)
        changes = collection_changes(measured_rows.facts, progress.step)
        findings["collection_changes"] = changes
        findings["notes"] = (*findings["notes"], *collection_notes(changes))
    return Result(
        test=request.test,
        workload=str(workload),
        arguments=workload.arguments,
        environment=prepared.name,
        threads=request.contender,
        baseline=request.baseline,
        budget_s=request.settings.budget_s,
        duration_s=clocks.monotonic() - began,
        confidence=request.settings.confidence,
        seed=request.seed(workload),
        settle_s=request.settings.settle_s,
        vary=request.settings.vary,
        **findings,
    )


def why_not_here(limits: Limits, threads: int | None, baseline: int | None, vary: str) -> Unreachable | None:
    """Why nothing can be decided on this machine, with what it grants; see ``why_unreachable``."""
    machine = this_machine()
    why = why_unreachable(limits, machine.cores_granted, threads, baseline, machine.cores_online, vary)
    return why and why._replace(reason=f"{why.reason}: it grants {machine.why_granted()}")


def _take_rows(
    request: MeasurementRequest, prepared: PreparedEnvironment, workload: Workload, progress: Progress
) -> MeasuredRows:
    """Take the machine, open all sides and take rounds of them."""
    with ExitStack() as stack:
        with request.program.paused():  # while it waits for its turn it must disturb no other measurement
            stack.enter_context(host_lock().exclusive(progress.step))
        against = f", and the same against {request.base.base_name}" if request.base else ""
        sides = " and ".join(side_in_words(count, request.settings.vary) for count in request.sides)
        progress.live(f"{workload}: setting up with {sides}{against}")
        subjects = stack.enter_context(request.program.sides(request, prepared, workload))
        try:
            program = MeasuredProgram(request, prepared, workload, progress)
            measured = RoundLoop(request, workload, subjects, progress).run()
            if request.base is None:
                return replace(measured, by_cores=compared_by_cores(program, measured.judgement, subjects))
            return confirmed(program, measured, subjects)
        finally:
            for subject in subjects:
                subject.interpreter.reset_scheduling()


def _findings(
    request: MeasurementRequest,
    prepared: PreparedEnvironment,
    workload: Workload,
    measured: MeasuredRows,
    machine: Machine,
) -> dict[str, Any]:
    """What the rows say, as fields of the result."""
    judgement, unlike = _final_judgement(request, measured)
    foreign = modules_from_elsewhere(prepared, measured.facts)
    if foreign:
        judgement = _left_open(judgement, [verdict.quantity for verdict in judgement.verdicts])
    elif foreign := modules_from_elsewhere(request.base, measured.base_facts):
        judgement = _left_open(judgement, BASE_LIMITS)
    inconclusive = judgement.outcome is Outcome.INCONCLUSIVE
    open_measurement = OpenMeasurement(
        measured.rows,
        judgement,
        measured.rounds_s,
        request.settings.budget_s,
        request.settings.confidence,
        measured.busy_others,
        request.settings.vary,
    )
    warnings = (
        waste_warning(judgement.verdicts, judgement.compared, measured.by_cores),
        "" if judgement.verdicts else unlike,
        *_start_warnings(request, prepared, measured, judgement, machine),
    )
    return {
        "outcome": judgement.outcome,
        "reason": (unlike or foreign or why_inconclusive(open_measurement)) if inconclusive else "",
        "lacks_cores": inconclusive and any(map(asks_for_more_cores, judgement.verdicts)),
        "verdicts": judgement.verdicts,
        "measurement": judgement.measured,
        "comparison": judgement.compared,
        "scaling": _scaling(request, measured, machine),
        **(_base_findings(request.base, prepared, measured) if request.base else {}),
        "python": str(measured.facts.get("python", "")),
        "facts": measured.facts,
        "blas": blas_in_use(workload.target, measured.facts),
        "warnings": tuple(filter(None, warnings)),
        "notes": notes(request, prepared, workload, measured, machine, open_measurement),
        "first_calls": measured.first_calls,
    }


def _start_warnings(
    request: MeasurementRequest,
    prepared: PreparedEnvironment,
    measured: MeasuredRows,
    judgement: Judgement,
    machine: Machine,
) -> Iterator[str]:
    """What an import or a step of the program changed that its users would meet; a miss has it as its cause."""
    if judgement.outcome is Outcome.FAILED:
        return
    started = prepared.variables(request.contender, request.theano_flags, request.env)
    ours = {name for name in started.set if name not in started.overridden and name not in request.env}
    users = {name: value for name, value in started.variables.items() if name not in ours}
    held = {verdict.quantity for verdict in judgement.verdicts}
    wants_few = bool(held) and held <= {"max_cores", "max_threads", "max_speedup"}
    yield from warnings_of(measured.facts, machine.cores_granted, users, wants_few=wants_few)


def _base_findings(base: PreparedEnvironment, prepared: PreparedEnvironment, measured: MeasuredRows) -> dict[str, Any]:
    """What is said of the base, as fields of the result."""
    ours, theirs, over = prepared.packages(), base.packages(), base.base
    if over:
        # What only the overlay has is what its packages ask for, and no difference. A commit is told by its name.
        ours = {name: version for name, version in ours.items() if not (over.commit and name == over.own)}
        theirs = {name: version for name, version in theirs.items() if name in ours}
    commits = (over.commit if over else "", prepared.base.commit if prepared.base else "")
    return {
        "base": base.base_name,
        "against": measured.judgement.against,
        "further_losses": measured.further_losses,
        "differences": differences(ours, theirs, measured.facts, measured.base_facts, commits),
    }


def _final_judgement(request: MeasurementRequest, measured: MeasuredRows) -> tuple[Judgement, str]:
    """The judgement, and why the rounds do not repeat the test's work: then it decides nothing. Empty where they do."""
    judgement, first_calls = measured.judgement, measured.first_calls[request.contender_index]
    unlike = why_not_repeatable(first_calls, judgement.measured.rounds, request.program.advice)
    if unlike:
        verdicts = tuple(leave_open(verdict, OpenReason.NOT_REPEATABLE) for verdict in judgement.verdicts)
        judgement = replace(judgement, verdicts=verdicts)
    return judgement, unlike


def _left_open(judgement: Judgement, limits: Container[str]) -> Judgement:
    """Some sides did not run what was laid over their environment: limits on them are open."""
    verdicts = (
        leave_open(verdict, OpenReason.NOT_THE_BASE) if verdict.quantity in limits else verdict
        for verdict in judgement.verdicts
    )
    return replace(judgement, verdicts=tuple(verdicts))


def _scaling(request: MeasurementRequest, measured: MeasuredRows, machine: Machine) -> Scaling | None:
    if not request.scale:
        return None
    threads = [count for count in request.sides if count is not None]
    return figures.scaling(threads, measured.rows, request.settings.confidence, machine.cores_granted)
