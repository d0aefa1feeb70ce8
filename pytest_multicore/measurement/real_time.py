"""Which scheduling class the sides run in: tried where threads wait; rows of the class before count no more.

A thread that wakes up waits for the end of a neighbour's slice, also at the highest nice priority, and a scheduler may
wake two threads on one core and leave them there. In the real-time class it waits for nobody. But that class changes
what some programs do: one that waits by asking again and again gives way to nobody there and burns a core, and more
threads than cores are in each other's way. So where threads waited in some rows, the next ones are taken in that
class, and it is kept only if the program does the same work there.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from pytest_multicore.rounds.round import Round

#: Rows taken in each class before one is chosen.
TRIAL_ROWS = 3
#: Times that the real-time class is tried: a few rows may look like other work by what their host does meanwhile.
MOST_TRIALS = 3
#: Waits of this share of a round's wall time are waits; so many rounds with such waits are no chance.
WAIT_SHARE, ROUNDS_WITH_WAITS = 0.05, 3
#: Cores demanded, of those that may be used: two threads on two cores demand two at most, whoever else is there.
CROWDED = 1.1
#: Times the work per repetition. Rounds of the same work differ by less; a spinning pool of one worker took 1.6 times.
OTHER_WORK = 1.25

Rows = Sequence[Sequence[Round]]


def wants_real_time(rows: Rows, cores_granted: float) -> bool:
    """Whether threads waited for a core in these rows, and are not too many for the cores on any side."""
    rounds = [one for row in rows for one in row]
    waits = sum((one.delay_s or 0.0) - one.throttled_s > WAIT_SHARE * one.wall_s for one in rounds)
    return waits >= ROUNDS_WITH_WAITS and not any(_crowded(side, cores_granted) for side in zip(*rows, strict=True))


def keeps_its_work(before: Rows, within: Rows) -> bool:
    """Whether all sides were in the real-time class, and did the same work there as outside of it."""
    if not all(one.real_time for row in within for one in row):
        return False
    pairs = zip(zip(*before, strict=True), zip(*within, strict=True), strict=True)
    return all(_work(now, then) <= OTHER_WORK * _work(then, now) for then, now in pairs)


def with_row(rows: Sequence[tuple[Round, ...]], row: tuple[Round, ...]) -> list[tuple[Round, ...]]:
    """The rows so far and one more: those of another class than this one's are dropped, and one on trial is none.

    Nor is one whose sides are of different classes: a new interpreter may be refused what the one before it had.
    """
    if len({one.real_time for one in row}) != 1:
        return list(rows)
    return [*(one for one in rows if one[0].real_time is row[0].real_time), row]


def _crowded(side: Sequence[Round], cores_granted: float) -> bool:
    demands = [(one.demanded_cores or 0.0) / min(cores_granted, one.cores_open or cores_granted) for one in side]
    return statistics.median(demands) > CROWDED


def _work(side: Sequence[Round], other: Sequence[Round]) -> float:
    """CPU seconds of a repetition; in units of the control's work where all rounds have it: core speeds change."""
    told = all(one.control and one.control.cpu_share > 0 for one in (*side, *other))
    return statistics.median(one.cpu_s / one.repeat * (_speed(one) if told else 1.0) for one in side)


def _speed(one: Round) -> float:
    return one.control.speed / one.control.cpu_share if one.control else 1.0
