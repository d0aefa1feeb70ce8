"""The rounds of one measurement, and what its reader should know beside the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .asked import Asked
from .interpreters.stage import Stage
from .interpreters.workload import Workload
from .measurement.libraries import links_its_own
from .measurement.machine import Machine
from .measurement.rounds import Round
from .verdicts.attained import HARDLY_ALL
from .verdicts.decision import Judgement
from .verdicts.open_reasons import Undecided, why_inconclusive
from .verdicts.repeatable import FirstCalls, why_not, worth_knowing


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
        first_calls: of each side, before the rounds.
    """

    rows: list[tuple[Round, ...]]
    found: Judgement
    rounds_s: float
    facts: Mapping[str, Any]
    priority: str
    fixed_layout: bool
    busy_others: list[tuple[str, float]]
    first_calls: tuple[FirstCalls | None, ...]


def notes(
    asked: Asked, stage: Stage, workload: Workload, taken: Taken, machine: Machine, told: Undecided
) -> tuple[str, ...]:
    """What to know of the figures, then of the world that they were taken in."""
    calls = taken.first_calls[asked.in_question]
    return (*_of_figures(workload, told, calls), *_of_the_world(asked, stage, workload, taken, machine))


def _of_figures(workload: Workload, told: Undecided, calls: FirstCalls | None) -> Iterator[str]:
    """What the figures are of, and that they lack bounds where there is no limit to be undecided."""
    found, rounds = told.found, told.found.measured.rounds
    if why_not(calls, rounds):
        return
    if what := worth_knowing(calls, rounds):
        yield f"{workload}: {what}"
    figure = found.compared.ratio if found.compared else found.measured.wall_s
    if not (found.verdicts or figure.bounded):
        yield f"{workload}: the figures have no bounds: {why_inconclusive(told)}"


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
    yield from _of_attained(taken.found, machine)
    yield f"CPU priority: {taken.priority}"
    if len(asked.sides) > 1 and not taken.fixed_layout:
        yield "memory layout: cannot be fixed here; two interpreters that do the same can differ by some percent"


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
