"""The rounds of one measurement, and what its reader should know beside the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .asked import Asked
from .interpreters.stage import Stage
from .interpreters.workload import Workload
from .measurement.libraries import links_its_own
from .measurement.machine import Machine
from .measurement.rounds import Round
from .verdicts import figures, reasons
from .verdicts.repeatable import FirstCalls, why_not, worth_knowing

#: Of the granted cores: a machine that attains less of them has something to say about that.
HARDLY_ALL = 0.85


@dataclass(frozen=True, slots=True)
class Taken:
    """The rounds of one measurement, and what was learnt beside them.

    Attributes:
        rows: one round a side, as they were taken.
        rounds_s: seconds that all rows took, waits included.
        facts: the child of the side in question, of itself.
        priority: what came of raising the children's CPU priority.
        fixed_layout: whether all sides' interpreters lie at the same addresses.
        busy_others: other processes that used the machine meanwhile, and how many cores.
        cores_attainable: what the machine's cores do at once, as far as anybody looked.
        first_calls: of each side, before the rounds.
    """

    rows: list[tuple[Round, ...]]
    rounds_s: float
    facts: Mapping[str, Any]
    priority: str
    fixed_layout: bool
    busy_others: list[tuple[str, float]]
    cores_attainable: float | None
    first_calls: tuple[FirstCalls | None, ...]


def bounded(asked: Asked, rows: Sequence[tuple[Round, ...]]) -> bool:
    """Whether the figures that nobody holds to limits have bounds, so that they are no rough numbers."""
    if len(asked.sides) == 1:
        return figures.measurement([row[0] for row in rows], asked.settings.confidence).wall_s.bounded
    return figures.comparison(asked.compared(rows), asked.settings.confidence).speedup.bounded


def notes(
    asked: Asked, stage: Stage, workload: Workload, taken: Taken, machine: Machine, found: reasons.Found
) -> tuple[str, ...]:
    """What to know of the figures, then of the world that they were taken in."""
    return (*_of_figures(asked, workload, found, taken), *_of_the_world(asked, stage, workload, taken, machine))


def _of_figures(asked: Asked, workload: Workload, found: reasons.Found, taken: Taken) -> Iterator[str]:
    """The notes on what the figures are of, and on those without bounds where there is no limit to be undecided."""
    calls, rounds = taken.first_calls[asked.in_question], [row[asked.in_question] for row in found.rows]
    if why_not(calls, rounds):
        return
    if told := worth_knowing(calls, rounds):
        yield f"{workload}: {told}"
    if not found.verdicts and not bounded(asked, found.rows):
        yield f"{workload}: the figures have no bounds: {reasons.why_inconclusive(found)}"


def _of_the_world(asked: Asked, stage: Stage, workload: Workload, taken: Taken, machine: Machine) -> Iterator[str]:
    overridden = stage.variables(asked.contender, asked.theano_flags, asked.env).overridden
    for name, before in sorted(overridden.items()):
        yield f"{name}={before} of the outer world was overridden"
    asked_for = max((count for count in asked.sides if count is not None), default=0)
    if asked_for > machine.cores_granted:
        yield f"{asked_for} threads were asked for on {machine.why_granted()}"
    if stage.selection.note:
        yield f"BLAS {stage.selection.name}: {stage.selection.note}"
    if stage.selection.carried_by_numpy and not links_its_own(workload.target):
        yield f"NumPy goes on using the BLAS that it carries ({stage.selection.carried_by_numpy})"
    if taken.cores_attainable is not None and taken.cores_attainable < HARDLY_ALL * machine.cores_granted:
        yield f"{machine.why_granted()} do the work of {taken.cores_attainable:.2f} when all are at work"
    yield f"CPU priority: {taken.priority}"
    if len(asked.sides) > 1 and not taken.fixed_layout:
        yield "memory layout: cannot be fixed here; two interpreters that do the same can differ by some percent"
