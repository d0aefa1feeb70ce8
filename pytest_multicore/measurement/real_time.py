"""Which scheduling class the sides run in: the real-time class is tried where threads wait.

A thread that wakes up waits for the end of a neighbour's slice, also at the highest nice priority, and a scheduler may
wake two threads on one core and leave them there. In the real-time class it waits for no ordinary thread. But that
class changes what some programs do. One that waits by asking again and again gives way to no other thread there and
burns a core, and more threads than cores are in each other's way. So where threads waited in some rows, the next rows
are taken in that class, and it is kept only if the program does the same work there. Rows of the other class then count
no more.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import (
    MAX_DEMAND_RATIO,
    MAX_DISTURBANCE_SHARE,
    MAX_WORK_RATIO,
    MIN_ROUNDS_WITH_WAITS,
)

Rows = Sequence[Sequence[Round]]


def wants_real_time(rows: Rows, cores_granted: float) -> bool:
    """Whether threads waited for a core in these rows, and are not too many for the cores on any side.

    Beside a contender that has more cores, a baseline of one core may have too many: its threads take turns there in
    either class, and their CPU time shows whether they spin.
    """
    waits = sum(_has_waits(round_) for row in rows for round_ in row)
    contender, *others = zip(*rows, strict=True)
    if any(round_.cores_open != 1 for round_ in contender):
        others = [side for side in others if any(round_.cores_open != 1 for round_ in side)]
    sides = (contender, *others)
    return waits >= MIN_ROUNDS_WITH_WAITS and not any(_is_oversubscribed(side, cores_granted) for side in sides)


def does_same_work(before: Rows, within: Rows) -> bool:
    """Whether all sides were in the real-time class, and did the same work in it as before."""
    if not all(round_.real_time for row in within for round_ in row):
        return False
    sides = zip(zip(*before, strict=True), zip(*within, strict=True), strict=True)
    return all(_work(now, then) <= MAX_WORK_RATIO * _work(then, now) for then, now in sides)


def with_row(rows: Sequence[tuple[Round, ...]], row: tuple[Round, ...]) -> list[tuple[Round, ...]]:
    """The rows so far and one more, without those of another class than the last one's.

    An empty row, of a trial, does not count. Neither does one whose sides are of different classes: a new interpreter
    may be refused what the one before it had.
    """
    if len({round_.real_time for round_ in row}) != 1:
        return list(rows)
    return [*(earlier for earlier in rows if earlier[0].real_time is row[0].real_time), row]


def _has_waits(round_: Round) -> bool:
    return (round_.delay_s or 0.0) - round_.throttled_s > MAX_DISTURBANCE_SHARE * round_.wall_s


def _is_oversubscribed(side: Sequence[Round], cores_granted: float) -> bool:
    ratios = [
        (round_.demanded_cores or 0.0) / min(cores_granted, round_.cores_open or cores_granted) for round_ in side
    ]
    return statistics.median(ratios) > MAX_DEMAND_RATIO


def _work(side: Sequence[Round], other: Sequence[Round]) -> float:
    """CPU seconds of a repetition; in units of the control's work where all rounds have it: core speeds change."""
    has_speeds = all(round_.control and round_.control.cpu_share > 0 for round_ in (*side, *other))
    return statistics.median(round_.repetition_cpu_s * (_core_speed(round_) if has_speeds else 1.0) for round_ in side)


def _core_speed(round_: Round) -> float:
    return round_.control.speed / round_.control.cpu_share if round_.control else 1.0
