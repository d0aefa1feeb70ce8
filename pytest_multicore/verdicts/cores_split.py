"""Where the contender's cores went: what they were worth, and what they were lost to, in parts that add up.

In a row the contender has N cores (``contender_cores``) for the wall time of its round. The parts, in cores, are taken
in this order. Each is at most what is left, so none is negative and all add up to N in each row:

1. Busy cores are CPU time / wall time. Where that is over N, as a clock is late or a pool does not keep to its setting,
   the CPU time is scaled down to N cores.
2. **Useful**: CPU time of a repetition at the baseline / wall time of one at the contender, which is speed-up x busy
   cores of the baseline. At most the busy cores: what threads gain beyond that, as in caches, is none of the N.
3. **Not given**: of the busy cores beyond the useful ones, what the useful work took longer because each core was
   slower than alone. By the control it was useful x p x (1 / q - 1), with q the speed of a core for each CPU second and
   p the share of CPU time that the program spent on more cores than the baseline.
4. **Extra CPU**: the rest of the busy cores: spinning, contention, copies.
5. **Waited**: of the cores that were not busy, those that others had: run-queue delay as far as there was background
   load, steal, and throttling.
6. **Uneven**: of the rest, what the cores of a team waited for its busiest thread (thread_loads.py).
7. **Idle**: what is left: a serial part, locks, sleep.

Some of it can be read in several ways. Then each reading splits the row anew: the likeliest makes the estimates, and
the intervals span all of them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import MAX_LOSSES_RATIO

from .bounds import max_foreign_wait_s, usable_cores
from .row_sets import Rows
from .statistics import Interval, interval_of
from .thread_loads import team_size, uneven_s


@dataclass(frozen=True, slots=True)
class CoresSplit:
    """Where the contender's cores went; docs/explanation/where-the-cores-went.md has the formulas.

    The estimates of all parts add up to ``cores``.

    Attributes:
        cores: those of the contender: as many as it was told to use, and as the machine grants.
        useful: what they were worth: speed-up x busy cores of the baseline.
        extra_cpu: busy for more than the baseline's CPU time: spinning, contention, copies.
        uneven: at rest until the busiest thread of a team was done.
        idle: at rest for other reasons: a serial part, locks, sleep.
        waited: had by others, while a thread waited for one: run-queue delay, steal, throttling.
        not_given: at work, but slower than alone, by the control.
    """

    cores: float
    useful: Interval
    extra_cpu: Interval
    uneven: Interval
    idle: Interval
    waited: Interval
    not_given: Interval


class RowParts(NamedTuple):
    """The parts of one row, in cores: they add up to the contender's."""

    useful: float
    extra_cpu: float
    uneven: float
    idle: float
    waited: float
    not_given: float


def cores_split(rows: Rows, confidence: float) -> CoresSplit | None:
    """Where the cores of each row's first round went, against its second; None where their number is unknown.

    Args:
        rows: of the contender's and the baseline's round; one at least.
        confidence: of each bound.
    """
    cores = statistics.median_high(contender_cores(row[0]) for row in rows)
    if not 0 < cores < math.inf:
        return None
    readings = [row_readings(row[0], row[1], cores) for row in rows]
    estimates = _estimates([likeliest for likeliest, *_ in readings], cores)
    parts = (
        _interval([[one[place] for one in of_row] for of_row in readings], estimates[place], confidence)
        for place in range(len(estimates))
    )
    return CoresSplit(cores, *parts)


def contender_cores(contender: Round) -> float:
    """The cores that a side was told to use, as far as the machine grants them.

    A program that pins itself to fewer leaves the others idle. The control was run on as many as are granted.
    """
    usable, control = usable_cores(contender), contender.control
    return float(control.cores) if control and control.cores > math.ceil(usable) else usable


def row_readings(contender: Round, baseline: Round, cores: float) -> list[RowParts]:
    """Where the cores of one round went, by each reading; the likeliest first."""
    wall_s = contender.wall_s
    uneven = [seconds / wall_s for seconds in uneven_s(contender, cores)]
    return [
        _split(contender, baseline, cores, one_uneven, one_waited, slowdown)
        for one_uneven, one_waited, slowdown in product(
            uneven, _waited(contender, cores), _slowdowns(contender, baseline)
        )
    ]


def _split(contender: Round, baseline: Round, cores: float, uneven: float, waited: float, slowdown: float) -> RowParts:
    """The parts in their order; ``slowdown``: 1 / q - 1, see the head of this module."""
    fit = min(1.0, cores / contender.busy_cores) if contender.busy_cores > 0 else 1.0
    busy = fit * contender.busy_cores
    useful = min(busy, fit * baseline.repetition_cpu_s / contender.repetition_s)
    slowed = useful * _parallel_share(busy, cores, baseline) * slowdown if useful > 0 else 0.0
    not_given = min(busy - useful, slowed)
    left = cores - busy
    waited = min(left, waited)
    uneven = min(left - waited, uneven)
    return RowParts(useful, busy - useful - not_given, uneven, left - waited - uneven, waited, not_given)


def _parallel_share(busy: float, cores: float, baseline: Round) -> float:
    """Share of its CPU time in which a side had all of its cores at work, if else it had the baseline's."""
    alone = min(usable_cores(baseline), cores)
    if cores <= alone or busy <= 0:
        return 1.0
    return min(1.0, max(0.0, busy - alone) / (cores - alone) * cores / busy)


def _slowdowns(contender: Round, baseline: Round) -> tuple[float, ...]:
    """CPU seconds more that a second's work took with the contender's cores at work: the control's; 0 or any without.

    The control is timed by the wall. Where its worker had to wait for a core, the core was not slower for it.
    """
    control, alone = contender.control, baseline.control
    if control is None or alone is None or control.cores < usable_cores(contender):
        return 0.0, math.inf
    if min(control.speed, control.cpu_share, alone.speed, alone.cpu_share) <= 0:
        return 0.0, math.inf
    # Of a worker that lacked CPU time, the share that it got is known; of the others it is not.
    speed = max((control.total or 0.0) / control.cores, control.speed / control.cpu_share)
    return (max(0.0, alone.speed / alone.cpu_share / speed - 1),)


def _waited(contender: Round, cores: float) -> tuple[float, ...]:
    """Cores that others had while threads waited; where waits are unknown the background load stands in for them."""
    beyond_s = contender.steal_s + contender.throttled_s
    if contender.waits_are_known:
        return ((max_foreign_wait_s(contender) + beyond_s) / contender.wall_s,)
    known_s = min(contender.delay_s or 0.0, contender.foreign_s)
    # No more threads can have waited than there were at work.
    wanted = min(cores, team_size(contender) or cores)
    most_s = min(max_foreign_wait_s(contender), max(0.0, wanted * contender.wall_s - contender.cpu_s))
    return (max(known_s, most_s) + beyond_s) / contender.wall_s, (known_s + beyond_s) / contender.wall_s


def _estimates(rows: Sequence[RowParts], cores: float) -> tuple[float, ...]:
    """The median of what is useful, and the medians of the losses, scaled by one factor so that all add up.

    Where losses come and go their medians may be next to nothing. Then their means are scaled.
    """
    useful, *losses = (statistics.median(part) for part in zip(*rows, strict=True))
    lost = cores - useful
    if lost > MAX_LOSSES_RATIO * sum(losses):
        _, *losses = (statistics.fmean(part) for part in zip(*rows, strict=True))
    factor = lost / sum(losses) if sum(losses) > 0 else 0.0
    return useful, *(factor * loss for loss in losses)


def _interval(readings: Sequence[Sequence[float]], estimate: float, confidence: float) -> Interval:
    """From the low end of what each row has at least, to the high end of what it has at most."""
    low = interval_of([min(of_row) for of_row in readings], confidence).low
    high = interval_of([max(of_row) for of_row in readings], confidence).high
    return Interval(min(low, estimate), estimate, max(high, estimate), confidence)
