"""One measurement, told from beginning to end: prepare, open, measure, decide.

``measure`` is the story; each of its lines is a function of a few lines below, and each of those is a door to a room.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from .asked import Asked, Voice
from .environments.threads import REPORTED_VARIABLES
from .interpreters.stage import Stage
from .interpreters.workload import Workload, import_path
from .measurement import counters
from .measurement.bench import Bench
from .measurement.control import ControlRuns, control_runs
from .measurement.libraries import blas_in_use, links_its_own
from .measurement.machine import Machine, busiest, cpu_by_process, this_machine
from .measurement.rounds import Round
from .measurement.scheduling import joined
from .measurement.subject import AnySubject, OpenedWorkload
from .measurement.turns import turns
from .settings import Settings
from .verdicts import figures
from .verdicts.decision import Judgement, judgement
from .verdicts.limits import Outcome, unreachable
from .verdicts.open_reasons import Undecided, threads_in_words, why_inconclusive
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
#: Of the speed-up that cores of one's own would give: a machine that attains less has something to say about that.
HARDLY_ALL = 0.85
#: Seconds between two looks whether rows to come could decide anything.
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Taken:
    """The rounds of one measurement, and what was learnt beside them.

    Attributes:
        rows: one round a side, as they were taken.
        found: what they say of the limits.
        rounds_s: seconds that all rows took, waits included.
        facts: the child of the side in question, of itself.
        priority: what came of raising the children's CPU priority.
        fixed_layout: whether all sides' interpreters lie at the same addresses.
        busy_others: other processes that used the machine meanwhile, and how many cores.
    """

    rows: list[tuple[Round, ...]]
    found: Judgement
    rounds_s: float
    facts: Mapping[str, Any]
    priority: str
    fixed_layout: bool
    busy_others: list[tuple[str, float]]


def measure(asked: Asked, stage: Stage, voice: Voice) -> Result:
    """Prepare, open, measure, decide.

    Raises:
        MulticoreError: the measurement could not be made; says whose fault it was.
    """
    began, machine, workload = time.monotonic(), this_machine(), asked.workload(stage)
    if why := unreachable(asked.limits, machine.cores_granted, asked.contender, asked.baseline):
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
    control = _control(asked, machine)
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
    began, others_before, stopping = time.monotonic(), cpu_by_process(), _stopping(asked)
    longest_s, row_began, looked = 0.0, None, began
    for row in bench.rows():
        now = time.monotonic()
        # The first row's time may hold that of rounds too short to count: the estimate would be too careful.
        longest_s, row_began = max(longest_s, now - (now if row_began is None else row_began)), now
        rows, took_s = joined(rows, row), now - began
        voice.live(f"{workload}: round {len(rows)} a side, {took_s:.0f} s of at most {stopping.budget_s:g} s")
        if row:
            found = judgement(asked.limits, asked.compared(rows), asked.settings.confidence)
            if stopping.enough(found, took_s):
                break
        if took_s + longest_s > stopping.budget_s:
            break
        if found and now - looked >= LOOK_EVERY_S:
            looked = now
            if stopping.hopeless(found, asked.compared(rows), took_s):
                break
    rounds_s = time.monotonic() - began
    contender = subjects[-1 if asked.scale else 0].interpreter
    facts = contender.ask("facts", "facts", FACTS_TIMEOUT_S, variables=list(REPORTED_VARIABLES))
    own = {os.getpid(), *(use.pid for row in rows for one in row for use in one.thread_use)}
    own |= control.pids if control else set()
    others = busiest(others_before, cpu_by_process(), rounds_s, own)
    fixed = all(subject.interpreter.fixed_layout for subject in subjects)
    assert found is not None  # noqa: S101 - the first row counts
    return Taken(rows, found, rounds_s, facts, contender.priority, fixed, others)


def _control(asked: Asked, machine: Machine) -> ControlRuns | None:
    """Who shows what the machine gives; nobody has to for one side alone: nothing of it depends on that."""
    if len(asked.sides) == 1:
        return None
    return control_runs(machine, priority=asked.settings.priority == "auto")


def _stopping(asked: Asked) -> Stopping:
    wishes = asked.settings
    return Stopping(asked.limits, wishes.confidence, wishes.budget_s, wishes.settle_s, len(asked.sides))


def _told(asked: Asked, stage: Stage, workload: Workload, taken: Taken, machine: Machine, began: float) -> Result:
    """What the rounds say."""
    confidence, rows, found = asked.settings.confidence, taken.rows, taken.found
    undecided = Undecided(rows, found, taken.rounds_s, asked.settings.budget_s, confidence, taken.busy_others)
    outcome = found.outcome if found.verdicts else _bounded(found)
    threads = [count for count in asked.sides if count is not None]
    return _result(
        asked,
        stage,
        workload,
        began,
        outcome,
        why_inconclusive(undecided) if outcome is Outcome.INCONCLUSIVE else "",
        verdicts=found.verdicts,
        measurement=found.measured,
        comparison=found.compared,
        scaling=figures.scaling(threads, rows, confidence, machine.cores_granted) if asked.scale else None,
        python=str(taken.facts.get("python", "")),
        facts=taken.facts,
        blas=blas_in_use(workload.target, taken.facts),
        warnings=tuple(filter(None, [busy_is_not_fast(found.verdicts, found.compared)])),
        notes=_notes(asked, stage, workload, taken, machine),
    )


def _bounded(found: Judgement) -> Outcome:
    """Without limits a measurement passes when its figures have bounds: a rough number is never a pass."""
    figure = found.compared.ratio if found.compared else found.measured.wall_s
    return Outcome.PASSED if figure.bounded else Outcome.INCONCLUSIVE


def _notes(asked: Asked, stage: Stage, workload: Workload, taken: Taken, machine: Machine) -> tuple[str, ...]:
    overridden = stage.variables(asked.contender, asked.theano_flags, asked.env).overridden
    notes = [f"{name}={before} of the outer world was overridden" for name, before in sorted(overridden.items())]
    asked_for = max((count for count in asked.sides if count is not None), default=0)
    if asked_for > machine.cores_granted:
        notes.append(f"{asked_for} threads were asked for on {machine.why_granted()}")
    if stage.selection.note:
        notes.append(f"BLAS {stage.selection.name}: {stage.selection.note}")
    if stage.selection.carried_by_numpy and not links_its_own(workload.target):
        notes.append(f"NumPy goes on using the BLAS that it carries ({stage.selection.carried_by_numpy})")
    notes.extend(_of_attained(taken.found, machine))
    notes.append(f"CPU priority: {taken.priority}")
    if len(asked.sides) > 1 and not taken.fixed_layout:
        notes.append(
            "memory layout: cannot be fixed here; two interpreters that do the same can differ by some percent"
        )
    return tuple(notes)


def _of_attained(found: Judgement, machine: Machine) -> Iterator[str]:
    """What it means for limits where the machine attains far less than its cores' number says."""
    compared = found.compared
    if compared is None or compared.attained is None or compared.contender.threads is None:
        return
    ideal = min(compared.contender.threads, machine.cores_granted) / (compared.baseline.threads or 1)
    if compared.attained.estimate < HARDLY_ALL * ideal:
        yield (
            f"attained: {ideal:g} cores do the work of less than {HARDLY_ALL * ideal:.2g} here just now, by a compute "
            "loop that shares nothing: no program can be expected to gain more; min_efficiency is held against that"
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
