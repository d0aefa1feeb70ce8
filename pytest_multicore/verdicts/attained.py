"""What the machine gave, by the control: how much a core is slowed with several at work, and how even the cores are."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from pytest_multicore.rounds.round import Control, Round

from .bounds import cores_for, waited_for_others_s
from .row_sets import Rows, RowSet
from .rules import ALL, Rule
from .statistics import Interval, median_interval

#: A control worker that got so much of the time was kept waiting by nobody.
UNDISTURBED_SHARE = 0.95
#: Of the speed-up that cores of one's own would give: a machine that attains less has something to say about that.
HARDLY_ALL = 0.85
#: Of the fastest core's speed; single bursts spread by some percent.
SLOW_CORE = 0.9
#: No machine's cores differ by more.
LEAST_EVENNESS = 0.05
#: Of the memory's bandwidth, and of the looks. Of 60 pairs of looks without such a neighbour the lowest tenth lay under
#: 0.76 to 0.92, beside one the lowest quarter under 0.54 (one run each, 2 cores).
HELD_BACK, OFTEN = 0.75, 0.25
#: Cores that two sides' medians may differ by and be the same.
AS_MANY_CORES = 0.1


def attained_speedup(rows: Rows, side: int, other: int, confidence: float) -> Interval | None:
    """What as many cores as a side was told to use do for the control, against those of the other; None: unknown."""
    found = [one for row in rows if (one := gain(row[side], row[other]))]
    return median_interval(found, confidence)


def gain(one: Round, other: Round, *, together: bool = False) -> float | None:
    """What the control gained right after two rounds; None where it was not taken on the cores that were told.

    Args:
        one: round of the side in question.
        other: of the side that it is compared with.
        together: by all that the workers did, in place of the slowest one's speed on each core.
    """
    look, base = one.control, other.control
    if look is None or base is None or not base.speed or look.cores < cores_for(one):
        return None
    slowest = look.cores * look.speed
    return (look.total if together and look.total else slowest) / (base.cores * base.speed)


def looked_at(one: RowSet) -> Rows:
    """The rows after which the control was taken on both sides; of undisturbed ones, where nobody disturbed it."""
    return [
        row
        for row in one.rows
        if row[0].control and row[1].control and row[1].control.speed > 0
        if not one.undisturbed or (_calm(row[0].control) and _calm(row[1].control))
    ]


def slowed_to(one: Round, other: Round, without: frozenset[Rule] = ALL) -> float:
    """Speed of a core with the contender's cores at work, as a share of that with the baseline's; at most 1.

    Held to the share of its time that the contender did not wait for others, too: the control's workers share nothing,
    and where threads wait for each other a wait of one is a wait of all. Both rounds were looked at.
    """
    assert one.control is not None  # noqa: S101 - it was looked at
    assert other.control is not None  # noqa: S101 - likewise
    return min(1.0, one.control.speed / other.control.speed, time_share(one, without))


def evenness(rounds: Sequence[Round]) -> float:
    """Speed of the slowest core as a share of the fastest's, with a side's cores at work; 1 where nobody looked.

    Threads of which one is on a slow core rest while they wait for it: fewer cores are busy than on even ones.
    """
    shares = [look.speed / look.fastest for one in rounds if (look := one.control) and look.fastest]
    # A worker that got no core at all says that the program may have got none.
    return min(1.0, max(LEAST_EVENNESS, statistics.median(shares))) if shares else 1.0


def on_a_slow_core(rows: Rows) -> float:
    """Speed of the cores where the baseline ran, as a share of the contender's fastest; 1 where it was no less.

    A baseline that stays on a slow core looks slow, and the contender has the fast one, too.
    """
    looks = [(row[0].control, row[1].control) for row in rows]
    shares = [base.speed / look.fastest for look, base in looks if look and base and look.fastest]
    share = statistics.median(shares) if shares else 1.0
    return share if share < SLOW_CORE else 1.0


def memory_taken(rows: Rows) -> bool:
    """Whether a neighbour had the memory's bandwidth and the caches beside the baseline, and not beside the contender.

    One that streams memory on a core that the baseline leaves free is driven away by a side that keeps more cores busy.
    Single looks spread by a tenth; a neighbour that copies memory takes half, in as many looks as find it beside.
    """
    looks = [look.memory for row in rows if (look := row[1].control) and look.memory is not None]
    if sum(share < HELD_BACK for share in looks) <= max(OFTEN * len(looks), 1):
        return False
    more = statistics.median(one.busy_cores for one, _ in rows) - statistics.median(one.busy_cores for _, one in rows)
    return more > AS_MANY_CORES


def time_share(one: Round, without: frozenset[Rule]) -> float:
    """The share of a round's time that nobody kept a thread of it from a core: where one stops, all may wait for it."""
    return max(0.0, 1 - (waited_for_others_s(one, without) + one.steal_s) / one.wall_s)


def _calm(look: Control) -> bool:
    return look.cpu_share >= UNDISTURBED_SHARE
