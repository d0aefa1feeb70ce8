"""What the reader of a result should know besides its figures."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_multicore.diagnosis.start_changes import lock_in_words
from pytest_multicore.interpreters.blas_in_use import links_own_blas
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.rounds.round import threads_at_work
from pytest_multicore.rounds.tolerances import MIN_ATTAINED_SHARE, MIN_SAME_WORK_CPU_SHARE
from pytest_multicore.verdicts.figures import Comparison, Measurement
from pytest_multicore.verdicts.judge import Judgement
from pytest_multicore.verdicts.limits import OpenReason
from pytest_multicore.verdicts.more_cores import wants_no_cores
from pytest_multicore.verdicts.open_reasons import OpenMeasurement, own_pool_in_words, why_inconclusive
from pytest_multicore.verdicts.repeatable import FirstCalls, first_call_note, why_not_repeatable
from pytest_multicore.verdicts.words import cores_in_words, side_in_words

from .base_modules import nothing_imported
from .request import MeasurementRequest
from .round_loop import MeasuredRows


def notes(
    request: MeasurementRequest,
    prepared: PreparedEnvironment,
    workload: Workload,
    measured: MeasuredRows,
    machine: Machine,
    open_measurement: OpenMeasurement,
) -> tuple[str, ...]:
    """What to know of the figures, then of the environment that they were taken in."""
    first_calls = measured.first_calls[request.contender_index]
    return (
        *_figure_notes(measured.judgement, open_measurement, first_calls),
        *_environment_notes(request, prepared, workload, machine, measured.facts),
        *_attained_notes(measured.judgement, machine),
        f"CPU priority: {measured.priority}",
        *_layout_notes(request, measured),
        *_base_notes(request, measured),
    )


def _figure_notes(
    judgement: Judgement, open_measurement: OpenMeasurement, first_calls: FirstCalls | None
) -> Iterator[str]:
    """Which calls the figures are of; and, where there is no limit to be undecided, that they have no bounds."""
    rounds = judgement.measured.rounds
    if why_not_repeatable(first_calls, rounds):
        return
    if note := first_call_note(first_calls, rounds):
        yield note
    figure = judgement.compared.ratio if judgement.compared else judgement.measured.wall_s
    if not (judgement.verdicts or figure.bounded):
        yield f"the figures have no bounds: {why_inconclusive(open_measurement)}"
    if judgement.compared and wants_no_cores(judgement.compared):
        busy = judgement.compared.contender.cores.estimate
        yield f"waits, not work: {busy:.2f} cores busy, so cores do not bound its speed-up"
    elif judgement.compared:
        yield from _less_work_notes(judgement.compared)
    is_told = any(verdict.open_reason is OpenReason.OWN_POOL for verdict in judgement.verdicts)
    if judgement.compared and judgement.compared.baseline_ignores_thread_count and not is_told:
        yield own_pool_in_words(judgement.compared.baseline, open_measurement.vary)
    if judgement.compared and open_measurement.vary == "cores" and not wants_no_cores(judgement.compared):
        yield from _crowded_notes(judgement.compared.baseline)


def _less_work_notes(compared: Comparison) -> Iterator[str]:
    """That the contender did with far less CPU time: cores share the same work, they do not make it less."""
    if compared.cpu_inflation.high < MIN_SAME_WORK_CPU_SHARE:
        yield (
            f"{compared.cpu_inflation.estimate:.2g}x the CPU time of the baseline: not cores alone make it faster. The "
            "sides differ in more, such as memory that one gives back and takes again (page faults), or caches"
        )


def _crowded_notes(baseline: Measurement) -> Iterator[str]:
    """That the baseline's cores had more threads at work than they can run: its pool follows something else."""
    at_work = statistics.median_high(threads_at_work(taken.thread_use) for taken in baseline.rounds)
    if baseline.threads is not None and at_work > baseline.threads:
        yield (
            f"the baseline had {at_work} threads at work on {cores_in_words(baseline.threads)}: its pool "
            "does not follow the affinity. What they cost each other there makes the speed-up look larger"
        )


def _base_notes(request: MeasurementRequest, measured: MeasuredRows) -> Iterator[str]:
    """What a base was, or was not, compared with."""
    if same := nothing_imported(request.base, measured.base_facts):
        yield same
    if request.scale and request.settings.against:
        yield f"a scaling series is measured without the base {request.settings.against}"


def _environment_notes(
    request: MeasurementRequest,
    prepared: PreparedEnvironment,
    workload: Workload,
    machine: Machine,
    facts: Mapping[str, Any],
) -> Iterator[str]:
    """What is special about the variables, the thread count and the BLAS."""
    given = request.side_settings(request.contender)
    overridden = prepared.variables(given.threads, request.theano_flags, request.env, given.cpus).overridden
    for name, before in sorted(overridden.items()):
        yield f"{name}={before} of the outer world was overridden"
    most_threads = max((count for count in request.sides if count is not None), default=0)
    if given.cpus is not None:
        yield _cores_given(request)
    elif most_threads > machine.cores_granted:
        yield f"{most_threads} threads were asked for on {machine.why_granted()}"
    yield from pool_notes(request.contender, request.settings.vary, facts)
    yield from filter(None, [lock_in_words(facts)])
    if prepared.selection.note:
        yield f"BLAS {prepared.selection.name}: {prepared.selection.note}"
    if prepared.selection.carried_by_numpy and not links_own_blas(workload.target):
        yield f"NumPy goes on using the BLAS that it carries ({prepared.selection.carried_by_numpy})"


def pool_notes(threads: int | None, vary: str, facts: Mapping[str, Any]) -> Iterator[str]:
    """Pools smaller than what was asked for, each kind once: a BLAS may take no more threads than there are CPUs."""
    sizes = {
        (library["kind"], library["threads"])
        for library in facts.get("libraries", ())
        if library.get("threads") and threads and library["threads"] < threads and library["kind"] != "reference"
    }
    for kind, size in sorted(sizes):
        yield f"{side_in_words(threads, vary)} were asked for, and the pool of {kind} has {size}"


def _cores_given(request: MeasurementRequest) -> str:
    """``cores by affinity: CPUs 0,1 against 0; thread variables are inherited``."""
    sides = [",".join(map(str, request.side_settings(count).cpus or ())) for count in request.sides]
    noun = "CPU" if len(sides) == 1 and "," not in sides[0] else "CPUs"
    return f"cores by affinity: {noun} {' against '.join(sides)}; thread variables are inherited"


def _attained_notes(judgement: Judgement, machine: Machine) -> Iterator[str]:
    """What it means for limits where the machine attains far less than its number of cores."""
    compared = judgement.compared
    if compared is None or compared.attained is None or compared.contender.threads is None or wants_no_cores(compared):
        return
    ideal = min(compared.contender.threads, machine.cores_granted) / (compared.baseline.threads or 1)
    if compared.attained.estimate < MIN_ATTAINED_SHARE * ideal:
        yield (
            f"attained: {ideal:g} cores do the work of less than {MIN_ATTAINED_SHARE * ideal:.2g} here just now, by a "
            "compute loop that shares nothing: no program can be expected to gain more; "
            "min_efficiency is held against that"
        )


def _layout_notes(request: MeasurementRequest, measured: MeasuredRows) -> Iterator[str]:
    if len(request.sides) > 1 and not measured.fixed_layout:
        yield "memory layout: cannot be fixed here; two interpreters that do the same can differ by some percent"
