"""One measurement, told from beginning to end: prepare, open, measure, decide.

``measure`` is the story; each of its lines is a function of a few lines below, and each of those is a door to a room.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from pytest_multicore.environments.threads import REPORTED_VARIABLES
from pytest_multicore.interpreters.blas_in_use import blas_in_use
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement import counters
from pytest_multicore.measurement.control import control_runs
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.measurement.machine import Machine, busiest_processes, cpu_by_process, this_machine
from pytest_multicore.measurement.real_time import with_row
from pytest_multicore.measurement.subject import AnySubject
from pytest_multicore.measurement.take import RowTaker
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.judge import judgement
from pytest_multicore.verdicts.limits import OpenReason, Outcome, leave_open, why_unreachable
from pytest_multicore.verdicts.open_reasons import OpenMeasurement, why_inconclusive
from pytest_multicore.verdicts.repeatable import why_not_repeatable
from pytest_multicore.verdicts.result import Result
from pytest_multicore.verdicts.stopping import StoppingRule
from pytest_multicore.verdicts.warnings import waste_warning
from pytest_multicore.verdicts.words import threads_in_words

from .first_calls import FirstCallCheck
from .notes import MeasuredRows, notes
from .open_side import FACTS_TIMEOUT_S, SETUP_TIMEOUT_S
from .request import MeasurementRequest, Progress

#: Seconds between two looks whether rows to come could decide anything.
LOOK_EVERY_S = 1.0


def measure(request: MeasurementRequest, prepared: PreparedEnvironment, progress: Progress) -> Result:
    """Prepare, open, measure, decide.

    Raises:
        MulticoreError: the measurement could not be made; says whose fault it was.
    """
    began, machine, workload = time.monotonic(), this_machine(), request.workload(prepared)
    if why := why_unreachable(
        request.limits, machine.cores_granted, request.contender, request.baseline, machine.cores_online
    ):
        return _result(
            request, prepared, workload, began, Outcome.INCONCLUSIVE, f"{why}: it grants {machine.why_granted()}"
        )
    with ExitStack() as measuring:
        with request.program.standing_still():  # while it waits for its turn it is nobody's neighbour
            measuring.enter_context(host_lock().exclusive(progress.step))
        progress.live(f"{workload}: setting up with {' and '.join(map(threads_in_words, request.sides))}")
        subjects = measuring.enter_context(request.program.sides(request, prepared, workload))
        try:
            taken = _take(request, workload, subjects, machine, progress)
        finally:
            for subject in subjects:
                subject.interpreter.reset_scheduling()
    return _told(request, prepared, workload, taken, machine, began)


def _take(
    request: MeasurementRequest,
    workload: Workload,
    subjects: Sequence[AnySubject],
    machine: Machine,
    progress: Progress,
) -> MeasuredRows:
    """Rounds until every limit is decided, or until another row would not fit into the budget."""
    control = control_runs(machine, priority=request.settings.priority == "auto")
    row_taker = RowTaker(
        subjects,
        counters.for_this_system(),
        machine.cores_granted,
        request.seed(workload),
        control,
        cores_online=machine.cores_online,
        cores_in_reach=machine.cores_in_reach,
    )
    rows, found = list[tuple[Round, ...]](), None
    beginnings = FirstCallCheck(subjects, request.in_question, SETUP_TIMEOUT_S)
    began, others_before, stopping = time.monotonic(), cpu_by_process(), _stopping(request)
    longest_s, row_began, looked = 0.0, None, began
    for row in row_taker.rows():
        now = time.monotonic()
        # The first row's time may hold that of rounds too short to count: the estimate would be too careful.
        longest_s, row_began = max(longest_s, now - (now if row_began is None else row_began)), now
        rows, took_s = with_row(rows, row), now - began - beginnings.spent_s
        progress.live(f"{workload}: round {len(rows)} a side, {took_s:.0f} s of at most {stopping.budget_s:g} s")
        if row:
            found = judgement(request.limits, request.compared(rows), request.settings.confidence)
            lasted_s = rows[-1][0].began_s - rows[0][0].began_s  # since the class that counts
            if beginnings.not_repeatable(rows) or stopping.enough(found, min(took_s, lasted_s)):
                break
            row_began = max(now, beginnings.over)
        if took_s + longest_s > stopping.budget_s:
            break
        if found and now - looked >= LOOK_EVERY_S:
            looked = now
            if stopping.futile(found, request.compared(rows), took_s):
                break
    rounds_s = time.monotonic() - began - beginnings.spent_s
    contender = subjects[request.in_question].interpreter
    facts = _facts(contender)
    own = {os.getpid(), *(use.pid for row in rows for one in row for use in one.thread_use)}
    own |= control.pids
    others = busiest_processes(others_before, cpu_by_process(), rounds_s, own)
    fixed = all(subject.interpreter.fixed_layout for subject in subjects)
    assert found is not None  # noqa: S101 - the first row counts
    return MeasuredRows(rows, found, rounds_s, facts, contender.priority, fixed, others, tuple(beginnings.told))


def _facts(interpreter: IsolatedInterpreter) -> Mapping[str, Any]:
    """What it tells of itself; nothing where a new set-up has ended it."""
    if interpreter.ended:
        return {}
    return interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=list(REPORTED_VARIABLES))


def _stopping(request: MeasurementRequest) -> StoppingRule:
    wishes = request.settings
    return StoppingRule(request.limits, wishes.confidence, wishes.budget_s, wishes.settle_s, len(request.sides))


def _told(
    request: MeasurementRequest,
    prepared: PreparedEnvironment,
    workload: Workload,
    taken: MeasuredRows,
    machine: Machine,
    began: float,
) -> Result:
    """What the rounds say."""
    confidence, rows, found = request.settings.confidence, taken.rows, taken.found
    unlike = why_not_repeatable(taken.first_calls[request.in_question], found.measured.rounds, request.program.advice)
    if unlike:
        found = replace(found, verdicts=tuple(leave_open(one, OpenReason.NOT_REPEATABLE) for one in found.verdicts))
    undecided = OpenMeasurement(rows, found, taken.rounds_s, request.settings.budget_s, confidence, taken.busy_others)
    threads = [count for count in request.sides if count is not None]
    return _result(
        request,
        prepared,
        workload,
        began,
        found.outcome,
        (unlike or why_inconclusive(undecided)) if found.outcome is Outcome.INCONCLUSIVE else "",
        verdicts=found.verdicts,
        measurement=found.measured,
        comparison=found.compared,
        scaling=figures.scaling(threads, rows, confidence, machine.cores_granted) if request.scale else None,
        python=str(taken.facts.get("python", "")),
        facts=taken.facts,
        blas=blas_in_use(workload.target, taken.facts),
        warnings=tuple(filter(None, [waste_warning(found.verdicts, found.compared), not found.verdicts and unlike])),
        notes=notes(request, prepared, workload, taken, machine, undecided),
        first_calls=taken.first_calls,
    )


def _result(
    request: MeasurementRequest,
    prepared: PreparedEnvironment,
    workload: Workload,
    began: float,
    outcome: Outcome,
    reason: str,
    **found: Any,
) -> Result:
    return Result(
        test=request.test,
        workload=str(workload),
        arguments=workload.arguments,
        environment=prepared.environment.name,
        threads=request.contender,
        baseline=request.baseline,
        outcome=outcome,
        reason=reason,
        budget_s=request.settings.budget_s,
        duration_s=time.monotonic() - began,
        confidence=request.settings.confidence,
        seed=request.seed(workload),
        **found,
    )
