"""What the control says of the machine: what it attains, how much its cores slow down, and how even they are."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from pytest_multicore.rounds.round import Control, Round
from pytest_multicore.rounds.tolerances import (
    MAX_CORES_DIFFERENCE,
    MAX_SLOW_MEMORY_SHARE,
    MIN_CONTROL_CPU_SHARE,
    MIN_EVENNESS,
    MIN_MEMORY_SHARE,
)

from .bounds import max_foreign_wait_s, usable_cores
from .row_sets import Rows, RowSet
from .rules import NO_RULES, Rule
from .statistics import Interval, median_interval


def attained_speedup(rows: Rows, side: int, other: int, confidence: float) -> Interval | None:
    """The control's gain on the cores of one side over those of another; None where it is unknown."""
    gains = [gain for row in rows if (gain := control_gain(row[side], row[other]))]
    return median_interval(gains, confidence)


def control_gain(contender: Round, baseline: Round, *, together: bool = False) -> float | None:
    """The control's speed after one round over that after another; None where it lacked cores that the side had.

    Args:
        contender: round of the side in question.
        baseline: round of the side that it is compared with.
        together: whether all that the workers did counts, in place of the slowest worker's speed on each core.
    """
    control, base = contender.control, baseline.control
    if control is None or base is None or not base.speed or control.cores < usable_cores(contender):
        return None
    slowest = control.cores * control.speed
    return (control.total if together and control.total else slowest) / (base.cores * base.speed)


def rows_with_control(row_set: RowSet) -> Rows:
    """The rows with a control on both sides; of undisturbed rows, those with an undisturbed one."""
    return [
        row
        for row in row_set.rows
        if row[0].control and row[1].control and row[1].control.speed > 0
        if not row_set.undisturbed or (_is_undisturbed(row[0].control) and _is_undisturbed(row[1].control))
    ]


def core_speed_share(contender: Round, baseline: Round, without: frozenset[Rule] = NO_RULES) -> float:
    """Speed of a core with the contender's cores at work, as a share of that with the baseline's; at most 1.

    It is at most the share of its time that the contender did not wait for others, too. The control's workers share
    nothing; where threads wait for each other, a wait of one is a wait of all. Both rounds have a control.
    """
    assert contender.control is not None  # noqa: S101 - see rows_with_control
    assert baseline.control is not None  # noqa: S101 - likewise
    return min(1.0, contender.control.speed / baseline.control.speed, undelayed_share(contender, without))


def core_evenness(rounds: Sequence[Round]) -> float:
    """Speed of the slowest core as a share of the fastest's, with a side's cores at work; 1 without a control.

    Where one of several threads is on a slow core, the others rest while they wait for it: fewer cores are busy than on
    even ones.
    """
    controls = [round_.control for round_ in rounds if round_.control]
    shares = [control.speed / control.fastest for control in controls if control.fastest]
    # A worker that got no core at all says that the program may have got none.
    return min(1.0, max(MIN_EVENNESS, statistics.median(shares))) if shares else 1.0


def baseline_core_share(rows: Rows) -> float:
    """Speed of the baseline's cores as a share of those that the contender can have kept busy; at most 1.

    A baseline that stays on a slow core looks slow, and the contender has the fast core, too.
    """
    shares = [share for row in rows if (share := _core_share(row[0], row[1]))]
    return min(1.0, statistics.median(shares)) if shares else 1.0


def _core_share(contender: Round, baseline: Round) -> float | None:
    """The baseline's speed on its cores over that of the cores that the contender can have kept busy, the fastest."""
    control, base = contender.control, baseline.control
    if not control or not base or not control.fastest:
        return None
    busy = min(max(1.0, contender.busy_cores), control.cores)
    return base.speed / min(control.fastest, control.total / busy if control.total else math.inf)


def memory_is_impaired(rows: Rows) -> bool:
    """Whether a neighbour had the memory's bandwidth and the caches beside the baseline, and not beside the contender.

    A neighbour that streams memory on a core that the baseline leaves free is driven away by a side that keeps more
    cores busy. Single bursts spread by a tenth. A neighbour that copies memory takes half, in every burst beside it.
    """
    shares = [control.memory for row in rows if (control := row[1].control) and control.memory is not None]
    if sum(share < MIN_MEMORY_SHARE for share in shares) <= max(MAX_SLOW_MEMORY_SHARE * len(shares), 1):
        return False
    busy, baseline_busy = (statistics.median(row[side].busy_cores for row in rows) for side in (0, 1))
    return busy - baseline_busy > MAX_CORES_DIFFERENCE


def undelayed_share(round_: Round, without: frozenset[Rule]) -> float:
    """Share of a round's time in which others kept none of its threads waiting: one that waits may hold up all."""
    return max(0.0, 1 - (max_foreign_wait_s(round_, without) + round_.steal_s) / round_.wall_s)


def _is_undisturbed(control: Control) -> bool:
    return control.cpu_share >= MIN_CONTROL_CPU_SHARE
