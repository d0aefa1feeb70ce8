"""One measurement, told from beginning to end: prepare, open, measure, decide.

``measure`` is the story; each of its lines is a function of a few lines below, and each of those is a door to a room.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from .asked import Asked, Voice
from .environments.threads import REPORTED_VARIABLES
from .first_calls import Beginnings
from .interpreters.process import IsolatedInterpreter
from .interpreters.stage import Stage
from .interpreters.workload import Workload, import_path
from .measurement import counters
from .measurement.bench import Bench
from .measurement.libraries import blas_in_use
from .measurement.machine import Machine, busiest, cpu_by_process, this_machine
from .measurement.pace import Pacer, this_pacer
from .measurement.rounds import Round
from .measurement.subject import AnySubject, OpenedWorkload
from .measurement.turns import turns
from .settings import Settings
from .taken import Taken, bounded, notes
from .verdicts import figures, reasons
from .verdicts.decision import decide
from .verdicts.limits import (
    Outcome,
    Verdict,
    overall,
    says_slow,
    settled,
    unreachable,
)
from .verdicts.repeatable import ALIKE, FRESH, left_open, why_not
from .verdicts.result import Result
from .verdicts.rows import clean_rows
from .verdicts.scaling_law import each_confidence
from .verdicts.statistics import fewest_values
from .verdicts.warnings import busy_is_not_fast, says_busy

#: Imports, data and compilation may take long on a cold machine; a hang must end all the same.
SETUP_TIMEOUT_S = 600.0
FACTS_TIMEOUT_S = 60.0
#: A round that alone takes the whole budget can decide nothing; none is given up before this, however small the budget.
SHORTEST_ROUND_TIMEOUT_S = 30.0
#: Times its first run that a round may take before its interpreter is taken for hung: neighbours may come.
PATIENCE = 5.0
#: A virtual machine's cores can share one real core for a second or two. The pacer sees most of that; what says that a
#: program is slow is believed only when it lasts longer.
SHORTEST_FAILURE_S = 4.0
#: Clean rows taken when no limit says when to stop: two more than the fewest that bound a median.
ROWS_BEYOND_FEWEST = 2


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
    voice.live(f"{workload}: setting up with {' and '.join(map(reasons.threads_in_words, asked.sides))}")
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
    pacer = _pacer(asked, machine)
    bench = Bench(
        subjects,
        counters.for_this_system(),
        machine.cores_granted,
        asked.seed(workload),
        pacer,
        cores_online=machine.cores_online,
        cores_in_reach=machine.cores_in_reach,
    )
    rows: list[tuple[Round, ...]] = []
    beginnings = Beginnings(subjects, asked.in_question, SETUP_TIMEOUT_S)
    began, others_before, budget_s = time.monotonic(), cpu_by_process(), asked.settings.budget_s
    longest_s, row_began = 0.0, None
    for row in bench.rows():
        now = time.monotonic()
        # The first row's time may hold that of rounds too short to count: the estimate would be too careful.
        longest_s, row_began = max(longest_s, now - (now if row_began is None else row_began)), now
        if row:
            rows.append(row)
            if beginnings.are_unlike(rows):
                break
            tried_s = time.monotonic() - now  # a set-up is no part of what rounds may take
            began, row_began = began + tried_s, now + tried_s
        voice.live(f"{workload}: round {len(rows)} a side, {now - began:.0f} s of at most {budget_s:g} s")
        if (rows and _enough(asked, rows, now - began)) or now - began + longest_s > budget_s:
            break
    rounds_s = time.monotonic() - began
    contender = subjects[asked.in_question].interpreter
    facts = _facts(contender)
    own = {os.getpid(), *(use.pid for row in rows for one in row for use in one.thread_use)}
    own |= pacer.pids if pacer else set()
    others = busiest(others_before, cpu_by_process(), rounds_s, own)
    fixed = all(subject.interpreter.fixed_layout for subject in subjects)
    attainable = pacer.cores_attainable if pacer else None
    return Taken(rows, rounds_s, facts, contender.priority, fixed, others, attainable, tuple(beginnings.told))


def _facts(interpreter: IsolatedInterpreter) -> Mapping[str, Any]:
    """What it tells of itself; nothing where a new set-up has ended it."""
    if interpreter.ended:
        return {}
    return interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=list(REPORTED_VARIABLES))


def _pacer(asked: Asked, machine: Machine) -> Pacer | None:
    """Who looks at the cores' speed; nobody has to for one side alone: nothing of it depends on that."""
    if len(asked.sides) == 1:
        return None
    return this_pacer(machine, priority=asked.settings.priority == "auto")


def _enough(asked: Asked, rows: Sequence[tuple[Round, ...]], took_s: float) -> bool:
    """Whether the limits are decided; without limits, whether the medians are bounded with a little to spare."""
    if asked.limits.asked():
        verdicts = decide(asked.limits, asked.compared(rows), asked.settings.confidence)
        last = any(map(says_slow, verdicts)) or _untold_whether_useful(asked, rows, verdicts)
        return settled(verdicts) and (took_s >= SHORTEST_FAILURE_S or not last)
    each = each_confidence(asked.settings.confidence, len(asked.sides) - 1)
    spared = len(clean_rows(rows)) - fewest_values(each)
    return spared >= ROWS_BEYOND_FEWEST and bounded(asked, rows)


def _untold_whether_useful(asked: Asked, rows: Sequence[tuple[Round, ...]], verdicts: Sequence[Verdict]) -> bool:
    """Whether cores are known to be busy, and not yet whether that is faster: beside neighbours more rows tell that."""
    if len(asked.sides) == 1 or not says_busy(verdicts):
        return False
    return math.isinf(figures.comparison(asked.compared(rows), asked.settings.confidence).speedup.high)


def _told(asked: Asked, stage: Stage, workload: Workload, taken: Taken, machine: Machine, began: float) -> Result:
    """What the rounds say."""
    confidence, rows = asked.settings.confidence, taken.rows
    verdicts = decide(asked.limits, asked.compared(rows), confidence)
    rounds = [row[0] for row in asked.compared(rows)]
    unlike = why_not(taken.first_calls[asked.in_question], rounds, FRESH if asked.reopen else ALIKE)
    verdicts = left_open(verdicts) if unlike else verdicts
    outcome = overall(verdicts)
    compared = figures.comparison(asked.compared(rows), confidence) if len(asked.sides) > 1 else None
    found = reasons.Found(
        rows, verdicts, taken.rounds_s, asked.settings.budget_s, confidence, taken.busy_others, compared
    )
    measured = compared.contender if compared else figures.measurement([row[0] for row in rows], confidence)
    threads = [count for count in asked.sides if count is not None]
    return _result(
        asked,
        stage,
        workload,
        began,
        outcome,
        (unlike or reasons.why_inconclusive(found)) if outcome is Outcome.INCONCLUSIVE else "",
        verdicts=verdicts,
        measurement=measured,
        comparison=compared,
        scaling=figures.scaling(threads, rows, confidence, machine.cores_granted) if asked.scale else None,
        python=str(taken.facts.get("python", "")),
        facts=taken.facts,
        blas=blas_in_use(workload.target, taken.facts),
        warnings=tuple(filter(None, [busy_is_not_fast(verdicts, compared), "" if verdicts else unlike])),
        notes=notes(asked, stage, workload, taken, machine, found),
        cores_attainable=taken.cores_attainable,
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
