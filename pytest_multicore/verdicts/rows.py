"""Rows of rounds, one round a side: which of them tell anything, and what each may prove."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pytest_multicore.measurement.disturbance import TOLERATED_SHARE, a_core_each
from pytest_multicore.measurement.rounds import Round

Rows = Sequence[tuple[Round, ...]]

#: Of the time that a measurement took: the clean rows of at least so much are of the whole.
WHOLE = 0.5
#: Of its full speed; a core's bursts of work differ by 3 % either way, and by 20 to 50 % when it is shared.
FULL_PACE = 0.85
#: Looks that agree so well, in so many rows in succession, are of cores that were as slow all the time. In 1331 rows on
#: a host that came and went (2 cores), such spells of 6 to 15 rows at 0.66 to 0.75 of the full speed gave 31 ratios
#: within 3 % of the value at full speed; single rows whose looks agreed within 15 % gave 0.70x for 0.99x, 1.49x for
#: 1.89x.
EVENLY, SPELL = 0.9, 6
#: Of the memory's bandwidth, and of the looks. Of 60 pairs of looks without such a neighbour the lowest tenth lay under
#: 0.76 to 0.92, beside one the lowest quarter under 0.54 (one run each, 2 cores).
HELD_BACK, OFTEN = 0.75, 0.25
#: Of the clean rows; fewer hardly move a median.
MANY = 1 / 3


def clean_rows(rows: Rows) -> list[tuple[Round, ...]]:
    """The rows of which no round was disturbed."""
    return [row for row in rows if all(one.disturbance is None for one in row)]


def of_the_whole(rows: Rows) -> bool:
    """Whether the clean rows come from all of the measurement, not from a part of it alone."""
    return are_of_the_whole([row[0] for row in clean_rows(rows)], [row[0] for row in rows])


def are_of_the_whole(some: Sequence[Round], rounds: Sequence[Round]) -> bool:
    """Whether some of a side's rounds come from all of the measurement."""
    began, of_some = [one.began_s for one in rounds], [one.began_s for one in some]
    return not some or max(of_some) - min(of_some) >= WHOLE * (max(began) - min(began))


def unseen_neighbours(rounds: Sequence[Round]) -> float:
    """Cores that others used beside undisturbed rounds whose waits nobody knows; 0 where they kept nobody waiting.

    Of those in reach. Without them a round would have been shorter by at most that share of it.

    A pool that is made within the region takes its waits along, and some systems tell none. What others used stands in
    for them, and where that is counted in ticks a round of 30 ms may hide two thirds of a core of it on two cores. Over
    many rounds it does not.
    """
    clean = [one for one in rounds if one.disturbance is None]
    unknown = [one for one in clean if not one.waits_are_known]
    if len(unknown) <= MANY * len(clean):
        return 0.0
    wall_s = sum(one.wall_s for one in unknown)
    foreign = sum(one.foreign_s if one.balance_s is None else one.balance_s for one in unknown) / wall_s
    busy, last = sum(one.cpu_s for one in unknown) / wall_s, unknown[-1]
    foreign = min(foreign, max(0.0, (last.cores_in_reach or math.inf) - busy))
    if foreign <= TOLERATED_SHARE or a_core_each(last.threads or math.inf, busy, foreign, last.cores_in_reach):
        return 0.0
    return foreign


def bounding(rows: Rows, side: int, other: int) -> tuple[Rows, Rows]:
    """The clean rows that bound the speed-up of one side over another from below, and those that do from above.

    A core below its full speed makes its side slower, and nothing makes one faster. So a row in which the other side
    had its full pace can show the speed-up too low, never too high: such rows bound it from below. Those in which the
    side itself had its full pace bound it from above. And where the cores were slow evenly, for both sides alike, rows
    do both.

    Args:
        rows: of rounds, in the order in which they were taken.
        side: the place in a row of the one that is to be faster.
        other: the place of the one it is compared with.
    """
    full = full_speeds(clean_rows(rows))
    marked = _clean_and_even(rows, (side, other), full)
    rising, falling = (
        [row for row, evenly in marked if evenly or at_full_pace(row[one], full)] for one in (other, side)
    )
    return rising if has_its_memory(clean_rows(rows), other) else [], falling


def slow_rows(rows: Rows) -> Rows:
    """The clean rows in which the cores of some side were slower than they can be, and not evenly."""
    full = full_speeds(clean_rows(rows))
    marked = _clean_and_even(rows, range(len(rows[0])), full)
    return [row for row, evenly in marked if not evenly and not all(at_full_pace(one, full) for one in row)]


def waits_matter(rows: Rows, side: int) -> bool:
    """Whether a side's threads stood in queues beside free cores in so many clean rows that it moves their median."""
    taken = [row[side] for row in clean_rows(rows)]
    waited = sum(one.undelayed_one_s < (1 - TOLERATED_SHARE) * one.one_s for one in taken)
    return waited > MANY * len(taken)


def has_its_memory(rows: Rows, side: int) -> bool:
    """Whether neighbours on the cores that a side left free let it have the memory's bandwidth and the caches.

    Single looks spread by a tenth; a neighbour that copies memory takes half, in as many looks as find it beside.
    """
    paces = [pace for row in rows if (pace := row[side].pace) is not None]
    looks = [pace.memory for pace in paces if pace.memory is not None]
    return sum(share < HELD_BACK for share in looks) <= max(OFTEN * len(looks), 1)


def full_speeds(rows: Rows) -> dict[int, float]:
    """What each of so many cores can do, by how many, as was known when the rounds had been taken."""
    found: dict[int, float] = {}
    for one in (one for row in rows for one in row):
        if one.pace is not None:
            found[one.pace.cores] = max(found.get(one.pace.cores, 0.0), one.pace.full_speed)
    return found


def at_full_pace(taken: Round, full: Mapping[int, float]) -> bool:
    """Whether the cores had their full speed in a round, as far as anybody looked."""
    pace = taken.pace
    if pace is None:
        return True
    return pace.speed is not None and pace.speed >= FULL_PACE * full[pace.cores]


def _clean_and_even(
    rows: Rows, sides: Sequence[int], full: Mapping[int, float]
) -> list[tuple[tuple[Round, ...], bool]]:
    """The clean rows, each with whether it lies in an even spell: of all rows, for the others' looks tell as much."""
    return [
        (row, evenly)
        for row, evenly in zip(rows, _even(rows, sides, full), strict=True)
        if all(one.disturbance is None for one in row)
    ]


def _even(rows: Rows, sides: Sequence[int], full: Mapping[int, float]) -> list[bool]:
    """Of each row, whether it lies in a spell in which all looks of these sides found the cores equally slow."""
    shares = [[share for side in sides for share in _shares(row[side], full)] for row in rows]
    slowest, fastest = [min(each) for each in shares], [max(each) for each in shares]
    even = [False] * len(rows)
    begin = 0
    while begin < len(rows):
        end, low, high = begin, math.inf, 0.0
        while end < len(rows) and min(low, slowest[end]) >= EVENLY * max(high, fastest[end]) > 0:
            low, high = min(low, slowest[end]), max(high, fastest[end])
            end += 1
        if end - begin >= SPELL:
            even[begin:end] = [True] * (end - begin)
        begin = end if end - begin >= SPELL else begin + 1
    return even


def _shares(taken: Round, full: Mapping[int, float]) -> tuple[float, float]:
    """Of their full speed, what the cores had at the slower and at the faster look round a round; 0: not known.

    A full speed that nobody has seen yet is no measure for two numbers of cores: it is put low, to be safe for one.
    """
    pace = taken.pace
    if pace is None or pace.speed is None or pace.fastest is None or not pace.full_is_seen or not full.get(pace.cores):
        return 0.0, 0.0
    return pace.speed / full[pace.cores], pace.fastest / full[pace.cores]
