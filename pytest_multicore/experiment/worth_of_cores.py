"""What busy cores are worth where the baseline keeps as many busy: the contender beside the same program on one core.

A pool that no setting reaches has its threads on both sides, and they may work on both, or spin on both. The affinity
reaches every pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from pytest_multicore.errors import MulticoreError
from pytest_multicore.measurement.real_time import with_row
from pytest_multicore.measurement.subject import AnySubject
from pytest_multicore.rounds.round import Round
from pytest_multicore.settings import clocks
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.figures import Comparison
from pytest_multicore.verdicts.judge import Judgement
from pytest_multicore.verdicts.row_sets import fewest_rows
from pytest_multicore.verdicts.warnings import is_known, needs_fewer_cores

from .open_side import open_variant
from .request import MeasuredProgram, Variant
from .round_loop import row_taker


def compared_by_cores(program: MeasuredProgram, judged: Judgement, subjects: Sequence[AnySubject]) -> Comparison | None:
    """The contender against itself on one core; None where that is not needed, or cannot be measured.

    It takes as many seconds as a miss must last, at most.

    Args:
        program: the measured program.
        judged: what its rows say.
        subjects: its sides; they rest meanwhile, but for the contender.
    """
    request = program.request
    if request.settings.vary == "cores" or request.program.runs_once:
        return None
    if not needs_fewer_cores(judged.verdicts, judged.compared):
        return None
    program.progress.live(f"{program.workload}: what the busy cores are worth, beside the same on one core")
    on_one_core = replace(request, settings=replace(request.settings, vary="cores"))
    try:
        with ExitStack() as stack:
            one = stack.enter_context(open_variant(on_one_core, Variant(program.prepared, program.workload, 1)))
            return _compared(program, [subjects[request.contender_index], one], subjects)
    except MulticoreError:  # no affinity here, or a program that does not run on one core
        return None


def _compared(program: MeasuredProgram, pair: Sequence[AnySubject], resting: Sequence[AnySubject]) -> Comparison | None:
    request, rows = program.request, list[tuple[Round, ...]]()
    for subject in (*resting, *pair):
        subject.pause()
    ends, confidence = clocks.monotonic() + request.settings.settle_s, request.settings.confidence
    for row in row_taker(request, program.workload, pair).rows():
        rows = with_row(rows, row)
        enough = len(rows) >= fewest_rows(confidence) and is_known(figures.comparison(rows, confidence))
        if enough or clocks.monotonic() > ends:
            break
    return figures.comparison(rows, confidence) if rows else None
