"""A verdict on a base that a process's own speed could turn: further processes must say it, too.

Where its memory lies makes a process faster or slower for as long as it lives (docs/explanation/measuring.md, Layout).
Program and base are different programs, so that does not cancel, and no number of rows from the same processes tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from pytest_multicore.measurement.subject import AnySubject
from pytest_multicore.rounds.tolerances import FURTHER_PROCESSES
from pytest_multicore.verdicts.judge import borne_out, to_bear_out

from .layouts import LAYOUT_VARIABLE
from .open_side import open_variant
from .request import MeasuredProgram, Variant
from .round_loop import MeasuredRows, RoundLoop

#: By how much longer its text is in each set of processes.
LAYOUT_STEP_BYTES = 1040


def confirmed(program: MeasuredProgram, first: MeasuredRows, subjects: Sequence[AnySubject]) -> MeasuredRows:
    """The rows, with those verdicts left open that further processes do not bear out.

    Args:
        program: requested with a base.
        first: rows of the first processes, and what they say.
        subjects: these processes; they rest meanwhile.

    Raises:
        MulticoreError: a side could not be opened, or failed.
    """
    judged, losses = first.judgement, list[float]()
    for number in range(1, FURTHER_PROCESSES + 1):
        near = to_bear_out(judged, first.fixed_layout)
        if not near:
            break
        for subject in subjects:
            subject.pause()
        others = _rows_of_others(program, number).judgement
        assert others.against is not None  # noqa: S101 - the request has a base
        losses.append(others.against.measured_loss.estimate)
        judged = borne_out(judged, others, near)
    return replace(first, judgement=judged, further_losses=tuple(losses))


def _rows_of_others(program: MeasuredProgram, number: int) -> MeasuredRows:
    """Rows of a new set of processes."""
    request = replace(program.request, limits=program.request.limits.on_base())
    extra = {LAYOUT_VARIABLE: "x" * (number * LAYOUT_STEP_BYTES)}
    program.progress.live(f"{program.workload}: further processes, {number} of {FURTHER_PROCESSES}")
    with ExitStack() as stack:
        subjects = [
            stack.enter_context(open_variant(request, Variant(place, request.workload(place), threads, extra=extra)))
            for place, threads in request.openings(program.prepared)
        ]
        for subject in subjects:
            subject.pause()
        return RoundLoop(request, program.workload, subjects, program.progress).run()
