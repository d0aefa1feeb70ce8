"""One measurement, told from beginning to end: prepare, open, measure, decide.

``measure`` is the story; each of its lines is a function of a few lines below, and each of those is a door to a room.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from .asked import Asked, Voice
from .environments.threads import REPORTED_VARIABLES
from .first_calls import Beginnings
from .interpreters.process import IsolatedInterpreter
from .interpreters.stage import Stage
from .interpreters.workload import Workload, import_path
from .measurement import counters
from .measurement.bench import Bench
from .measurement.control import control_runs
from .measurement.libraries import blas_in_use
from .measurement.machine import Machine, busiest, cpu_by_process, this_machine
from .measurement.rounds import Round
from .measurement.scheduling import joined
from .measurement.subject import AnySubject, OpenedWorkload
from .measurement.turns import turns
from .settings import Settings
from .taken import Taken, notes
from .verdicts import figures
from .verdicts.decision import judgement
from .verdicts.limits import OpenReason, Outcome, opened, unreachable
from .verdicts.open_reasons import Undecided, threads_in_words, why_inconclusive
from .verdicts.repeatable import ALIKE, FRESH, why_not
from .verdicts.result import Result
from .verdicts.stopping import Stopping
from .verdicts.warnings import busy_is_not_fast

#: Imports, data and compilation may take long on a cold machine; a hang must end all the same.
SETUP_TIMEOUT_S = 600.0
FACTS_TIMEOUT_S = 60.0
#: A round that alone takes the whole budget can decide nothing; none is given up before this, however small the budget.
SHORTEST_ROUND_TIMEOUT_S = 30.0
#: Times its first run that a round may take before its interpreter is taken for hung: neighbours may come.
PATIENCE = 5.0
#: Seconds between two looks whether rows to come could decide anything.
LOOK_EVERY_S = 1.0


def measure(asked: Asked, stage: Stage, voice: Voice) -> Result:
    """Prepare, open, measure, decide.

    Raises:
        MulticoreError: the measurement could not be made; says whose fault it was.
    """
    began, machine, workload = time.monotonic(), this_machine(), asked.workload(stage)
    if why := unreachable(asked.limits, machine.cores_granted, asked.contender, asked.baseline, machine.cores_online):
        return _result(asked, stage, workload, began, Outcome.INCONCLUSIVE, f"{why}: it grants {machine.why_granted()}")
    for subject in asked.ready:
        subject.pause()  # while it waits for its turn, it is nobody's neighbour
    with turns().alone(voice.step), _opened(asked, stage, workload, voice) as subjects:
        try:
            taken = _take(asked, workload, subjects, machine, voice)
        finally:
            for subject in subjects:
                subject.interpreter.calm()
    return _told(asked, stage, workload, taken, machine, began)


@contextmanager
def _opened(asked: Asked, stage: Stage, workload: Workload, voice: Voice) -> Iterator[Sequence[AnySubject]]:
    """Live interpreters, one a side, each with the workload set up and warmed up; they set up side by side."""
    if asked.ready:
        yield asked.ready
        return
    voice.live(f"{workload}: setting up with {' and '.join(map(threads_in_words, asked.sides))}")
    path = import_path(stage.provisioned.is_current)
    with ExitStack() as interpreters:
        subjects = []
        for side, threads in enumerate(asked.sides):
            interpreter = asked.live if side == 0 else None
            if interpreter is None:
                variables = stage.variables(threads, asked.theano_flags, asked.env)
                interpreter = interpreters.enter_context(stage.open(variables, priority=asked.settings.priority))
            subjects.append(OpenedWorkload(interpreter, threads, SETUP_TIMEOUT_S))
            subjects[-1].set_up(workload, path)
        for subject in subjects:
            subject.wait_until_ready(SETUP_TIMEOUT_S)
            subject.timeout_s = round_timeout_s(asked.settings, subject.first_s)
        subjects[0].first = asked.called or subjects[0].first
        yield subjects
        for subject in subjects[1 if asked.live else 0 :]:
            subject.interpreter.say_goodbye()


def round_timeout_s(settings: Settings, first_s: float | None) -> float:
    """After so long a silence within a round its interpreter is taken for hung; ``first_s``: of the region's first run.

    That one has the time of a set-up: how long a region takes is nobody's mistake, and too long for the budget is
    inconclusive.
    """
    return max(SHORTEST_ROUND_TIMEOUT_S, settings.budget_s, PATIENCE * (first_s or 0.0))


def _take(asked: Asked, workload: Workload, subjects: Sequence[AnySubject], machine: Machine, voice: Voice) -> Taken:
    """Rounds until every limit is decided, or until another row would not fit into the budget."""
    control = control_runs(machine, priority=asked.settings.priority == "auto")
    bench = Bench(
        subjects,
        counters.for_this_system(),
        machine.cores_granted,
        asked.seed(workload),
        control,
        cores_online=machine.cores_online,
        cores_in_reach=machine.cores_in_reach,
    )
    rows, found = list[tuple[Round, ...]](), None
    beginnings = Beginnings(subjects, asked.in_question, SETUP_TIMEOUT_S)
    began, others_before, stopping = time.monotonic(), cpu_by_process(), _stopping(asked)
    longest_s, row_began, looked = 0.0, None, began
    for row in bench.rows():
        now = time.monotonic()
        # The first row's time may hold that of rounds too short to count: the estimate would be too careful.
        longest_s, row_began = max(longest_s, now - (now if row_began is None else row_began)), now
        rows, took_s = joined(rows, row), now - began - beginnings.spent_s
        voice.live(f"{workload}: round {len(rows)} a side, {took_s:.0f} s of at most {stopping.budget_s:g} s")
        if row:
            found = judgement(asked.limits, asked.compared(rows), asked.settings.confidence)
            lasted_s = rows[-1][0].began_s - rows[0][0].began_s  # since the class that counts
            if beginnings.are_unlike(rows) or stopping.enough(found, min(took_s, lasted_s)):
                break
            row_began = max(now, beginnings.over)
        if took_s + longest_s > stopping.budget_s:
            break
        if found and now - looked >= LOOK_EVERY_S:
            looked = now
            if stopping.hopeless(found, asked.compared(rows), took_s):
                break
    rounds_s = time.monotonic() - began - beginnings.spent_s
    contender = subjects[asked.in_question].interpreter
    facts = _facts(contender)
    own = {os.getpid(), *(use.pid for row in rows for one in row for use in one.thread_use)}
    own |= control.pids
    others = busiest(others_before, cpu_by_process(), rounds_s, own)
    fixed = all(subject.interpreter.fixed_layout for subject in subjects)
    assert found is not None  # noqa: S101 - the first row counts
    return Taken(rows, found, rounds_s, facts, contender.priority, fixed, others, tuple(beginnings.told))


def _facts(interpreter: IsolatedInterpreter) -> Mapping[str, Any]:
    """What it tells of itself; nothing where a new set-up has ended it."""
    if interpreter.ended:
        return {}
    return interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=list(REPORTED_VARIABLES))


def _stopping(asked: Asked) -> Stopping:
    wishes = asked.settings
    return Stopping(asked.limits, wishes.confidence, wishes.budget_s, wishes.settle_s, len(asked.sides))


def _told(asked: Asked, stage: Stage, workload: Workload, taken: Taken, machine: Machine, began: float) -> Result:
    """What the rounds say."""
    confidence, rows, found = asked.settings.confidence, taken.rows, taken.found
    unlike = why_not(taken.first_calls[asked.in_question], found.measured.rounds, FRESH if asked.reopen else ALIKE)
    if unlike:
        found = replace(found, verdicts=tuple(opened(one, OpenReason.NOT_REPEATABLE) for one in found.verdicts))
    undecided = Undecided(rows, found, taken.rounds_s, asked.settings.budget_s, confidence, taken.busy_others)
    threads = [count for count in asked.sides if count is not None]
    return _result(
        asked,
        stage,
        workload,
        began,
        found.outcome,
        (unlike or why_inconclusive(undecided)) if found.outcome is Outcome.INCONCLUSIVE else "",
        verdicts=found.verdicts,
        measurement=found.measured,
        comparison=found.compared,
        scaling=figures.scaling(threads, rows, confidence, machine.cores_granted) if asked.scale else None,
        python=str(taken.facts.get("python", "")),
        facts=taken.facts,
        blas=blas_in_use(workload.target, taken.facts),
        warnings=tuple(filter(None, [busy_is_not_fast(found.verdicts, found.compared), not found.verdicts and unlike])),
        notes=notes(asked, stage, workload, taken, machine, undecided),
        first_calls=taken.first_calls,
    )


def _result(
    asked: Asked, stage: Stage, workload: Workload, began: float, outcome: Outcome, reason: str, **found: Any
) -> Result:
    return Result(
        test=asked.test,
        workload=str(workload),
        arguments=workload.arguments,
        environment=stage.environment.name,
        threads=asked.contender,
        baseline=asked.baseline,
        outcome=outcome,
        reason=reason,
        budget_s=asked.settings.budget_s,
        duration_s=time.monotonic() - began,
        confidence=asked.settings.confidence,
        seed=asked.seed(workload),
        **found,
    )
