"""The rounds of one measurement, and what its reader should know beside the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_multicore.interpreters.blas_in_use import links_own_blas
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import MIN_ATTAINED_SHARE
from pytest_multicore.verdicts.judge import Judgement
from pytest_multicore.verdicts.open_reasons import OpenMeasurement, why_inconclusive
from pytest_multicore.verdicts.repeatable import FirstCalls, first_call_note, why_not_repeatable

from .request import MeasurementRequest


@dataclass(frozen=True, slots=True)
class MeasuredRows:
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
    request: MeasurementRequest,
    prepared: PreparedEnvironment,
    workload: Workload,
    taken: MeasuredRows,
    machine: Machine,
    told: OpenMeasurement,
) -> tuple[str, ...]:
    """What to know of the figures, then of the world that they were taken in."""
    calls = taken.first_calls[request.in_question]
    return (*_of_figures(workload, told, calls), *_of_the_world(request, prepared, workload, taken, machine))


def _of_figures(workload: Workload, told: OpenMeasurement, calls: FirstCalls | None) -> Iterator[str]:
    """What the figures are of, and that they lack bounds where there is no limit to be undecided."""
    found, rounds = told.judged, told.judged.measured.rounds
    if why_not_repeatable(calls, rounds):
        return
    if what := first_call_note(calls, rounds):
        yield f"{workload}: {what}"
    figure = found.compared.ratio if found.compared else found.measured.wall_s
    if not (found.verdicts or figure.bounded):
        yield f"{workload}: the figures have no bounds: {why_inconclusive(told)}"


def _of_the_world(
    request: MeasurementRequest,
    prepared: PreparedEnvironment,
    workload: Workload,
    taken: MeasuredRows,
    machine: Machine,
) -> Iterator[str]:
    overridden = prepared.variables(request.contender, request.theano_flags, request.env).overridden
    for name, before in sorted(overridden.items()):
        yield f"{name}={before} of the outer world was overridden"
    asked_for = max((count for count in request.sides if count is not None), default=0)
    if asked_for > machine.cores_granted:
        yield f"{asked_for} threads were asked for on {machine.why_granted()}"
    if prepared.selection.note:
        yield f"BLAS {prepared.selection.name}: {prepared.selection.note}"
    if prepared.selection.carried_by_numpy and not links_own_blas(workload.target):
        yield f"NumPy goes on using the BLAS that it carries ({prepared.selection.carried_by_numpy})"
    yield from _of_attained(taken.found, machine)
    yield f"CPU priority: {taken.priority}"
    if len(request.sides) > 1 and not taken.fixed_layout:
        yield "memory layout: cannot be fixed here; two interpreters that do the same can differ by some percent"


def _of_attained(found: Judgement, machine: Machine) -> Iterator[str]:
    """What it means for limits where the machine attains far less than its cores' number says."""
    compared = found.compared
    if compared is None or compared.attained is None or compared.contender.threads is None:
        return
    ideal = min(compared.contender.threads, machine.cores_granted) / (compared.baseline.threads or 1)
    if compared.attained.estimate < MIN_ATTAINED_SHARE * ideal:
        yield (
            f"attained: {ideal:g} cores do the work of less than {MIN_ATTAINED_SHARE * ideal:.2g} here just now, by a "
            "compute loop that shares nothing: no program can be expected to gain more; "
            "min_efficiency is held against that"
        )
