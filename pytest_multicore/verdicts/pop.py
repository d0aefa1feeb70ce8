"""The efficiencies of the POP Centre of Excellence, from the clocks of threads.

POP's metrics (https://co-design.pop-coe.eu/metrics) take useful time from a trace: time outside of the parallel
runtime. TALP of the DLB library does so while a program runs. Here CPU time stands in for it, so a thread that waits
busily counts as useful.

With t the CPU times of the contender's threads in a round, T its wall time and N its cores:

    load balance               =  sum of t / (N x heaviest)
    serialisation efficiency   =  heaviest / T
    parallel efficiency        =  load balance x serialisation efficiency     =  sum of t / (N x T)
    computation scaling        =  CPU time of a repetition at the baseline / at the contender
    global efficiency          =  parallel efficiency x computation scaling   =  useful cores / N

``heaviest`` is the largest t, and at least the mean of a core: more threads than cores take turns. POP multiplies the
serialisation efficiency by one of transfer. Threads share their memory and transfer nothing.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_multicore.rounds.round import Round

from .cores_split import contender_cores
from .row_sets import Rows
from .statistics import Interval, interval_of
from .thread_loads import heaviest_load_s


@dataclass(frozen=True, slots=True)
class PopMetrics:
    """POP's efficiencies of the contender; the estimates keep to POP's products.

    Attributes:
        load_balance: mean CPU time of a core / the heaviest. POP counts a core without a thread as unevenly loaded, so
            a serial program has 1 / cores.
        serialisation_efficiency: share of the wall time in which the heaviest was at work.
        parallel_efficiency: load balance x serialisation efficiency.
        computation_scaling: CPU time at the baseline / at the contender.
        global_efficiency: parallel efficiency x computation scaling.
    """

    load_balance: Interval
    serialisation_efficiency: Interval
    parallel_efficiency: Interval
    computation_scaling: Interval
    global_efficiency: Interval


def pop_metrics(rows: Rows, confidence: float) -> PopMetrics | None:
    """POP's efficiencies of each row's first round, with its second as the reference.

    Returns:
        None where the number of cores is unknown, or a clock that ticks saw no CPU time in any row.
    """
    cores = statistics.median_high(contender_cores(row[0]) for row in rows)
    at_work = [row for row in rows if row[0].cpu_s > 0]
    if not at_work or not 0 < cores < math.inf:
        return None
    found = [_row_metrics(row[0], row[1], cores) for row in at_work]
    balance, heaviest, parallel, scaling, total = (
        _spanned([one[place] for one in found], confidence) for place in range(len(found[0]))
    )
    return PopMetrics(
        load_balance=_with_estimate(balance, parallel.estimate / heaviest.estimate),
        serialisation_efficiency=heaviest,
        parallel_efficiency=parallel,
        computation_scaling=_with_estimate(scaling, total.estimate / parallel.estimate),
        global_efficiency=total,
    )


def _row_metrics(contender: Round, baseline: Round, cores: float) -> tuple[tuple[float, ...], ...]:
    """The metrics of one row, in their order, each by its readings; the likeliest first."""
    parallel = min(1.0, contender.busy_cores / cores)
    heaviest = tuple(max(parallel, load_s / contender.wall_s) for load_s in heaviest_load_s(contender, cores))
    scaling = baseline.repetition_cpu_s / contender.repetition_cpu_s
    return tuple(parallel / load for load in heaviest), heaviest, (parallel,), (scaling,), (parallel * scaling,)


def _spanned(readings: Sequence[Sequence[float]], confidence: float) -> Interval:
    """The median of the likeliest readings, with bounds that span all of them."""
    low, high = (interval_of([bound(of_row) for of_row in readings], confidence) for bound in (min, max))
    return Interval(low.low, statistics.median(of_row[0] for of_row in readings), high.high, confidence)


def _with_estimate(interval: Interval, estimate: float) -> Interval:
    """The interval with another estimate, that it includes: a quotient of medians is no median of quotients."""
    return Interval(min(interval.low, estimate), estimate, max(interval.high, estimate), interval.confidence)
