"""Which rows of rounds speak for a verdict, and at which confidence.

All rows do: noise that hits both sides alike leaves the median of their ratio where it is, and a lack of cores hits
the side more that asks for more. Those that nobody disturbed are looked at once more by themselves: beside a neighbour
that comes and goes they show what the program does without him. The error of a verdict is shared out between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pytest_multicore.rounds.round import Round

from .bounds import KEPT, waited_for_others_s
from .rules import ALL, Rule
from .statistics import fewest_values

Rows = Sequence[tuple[Round, ...]]

#: The error of a round's time that is let pass, as a share of its wall time: a wait of ours, or stolen time.
TOLERATED_SHARE = 0.05
#: Of the error of a verdict, what all rows together may have; the undisturbed ones have the rest.
SHARE_OF_ALL_ROWS = 0.8
#: Of the time that a measurement took: rows from at least so much of it are of the whole.
WHOLE = 0.5


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows that speak for a verdict.

    Attributes:
        rows: of one round a side, one at least.
        confidence: of each side of an interval that is drawn from them.
        spans_measurement: whether they come from all of the measurement, not from a part of it alone.
        undisturbed: whether nobody disturbed any of them.
        alone: whether others used next to nothing while they were taken, in all.
    """

    rows: Rows
    confidence: float
    spans_measurement: bool = True
    undisturbed: bool = False
    alone: bool = False


def fewest_rows(confidence: float) -> int:
    """The fewest rows that can decide at all."""
    return fewest_values(1 - SHARE_OF_ALL_ROWS * (1 - confidence))


def row_sets(rows: Rows, confidence: float, without: frozenset[Rule] = ALL) -> list[RowSet]:
    """All rows and the undisturbed ones, each at its part of the error; right together at the asked confidence."""
    alone = nobody_else(rows)
    if Rule.UNDISTURBED in without:
        return [RowSet(rows, confidence, alone=alone)]
    error, calm = 1 - confidence, undisturbed_rows(rows, without)
    found = [RowSet(rows, 1 - SHARE_OF_ALL_ROWS * error, alone=alone)]
    if calm:
        whole = Rule.SPAN in without or spans_measurement(calm, rows)
        found.append(RowSet(calm, 1 - (1 - SHARE_OF_ALL_ROWS) * error, whole, undisturbed=True, alone=alone))
    return found


def nobody_else(rows: Rows) -> bool:
    """Whether others used next to nothing, summed over all rows of each side: clocks that tick err in single ones."""
    for side in zip(*rows, strict=True):
        others_s = sum(one.foreign_s if one.balance_s is None else one.balance_s for one in side)
        if others_s > TOLERATED_SHARE * sum(one.wall_s for one in side):
            return False
    return True


@lru_cache(KEPT)
def undisturbed(one: Round, without: frozenset[Rule] = ALL) -> bool:
    """Whether nobody kept a round's threads waiting, stole its cores, or went on beside it."""
    tolerated_s = TOLERATED_SHARE * one.wall_s
    return one.quiet and one.steal_s <= tolerated_s and waited_for_others_s(one, without) <= tolerated_s


def undisturbed_rows(rows: Rows, without: frozenset[Rule] = ALL) -> Rows:
    """The rows of which no round was disturbed.

    A pool that is made within the region takes its waits along, and some systems tell none. What others used stands in
    for them. It is counted in ticks of 10 ms, so that a round of 30 ms may hide two thirds of a core of it on two
    cores; the sum over many rounds hides nothing.
    """
    found = [row for row in rows if all(undisturbed(one, without) for one in row)]
    if Rule.HIDDEN in without or not found:
        return found
    for side in range(len(rows[0])):
        unknown = [row[side] for row in rows if not row[side].waits_are_known]
        others_s = sum(one.foreign_s if one.balance_s is None else one.balance_s for one in unknown)
        if others_s > TOLERATED_SHARE * sum(one.wall_s for one in unknown):
            found = [row for row in found if row[side].waits_are_known]
    return found


def spans_measurement(some: Rows, rows: Rows) -> bool:
    """Whether some of the rows come from all of the measurement."""
    began, of_some = [row[0].began_s for row in rows], [row[0].began_s for row in some]
    return max(of_some) - min(of_some) >= WHOLE * (max(began) - min(began))


def disturbance(one: Round) -> str:
    """What disturbed a round, in words; empty where nothing did."""
    if undisturbed(one):
        return ""
    if not one.quiet:
        return "the other interpreter's threads kept spinning after their round and never came to rest"
    if one.steal_s > TOLERATED_SHARE * one.wall_s:
        return f"a hypervisor took {one.steal_s / one.wall_s:.2f} cores"
    waited, foreign = waited_for_others_s(one) / one.wall_s, one.foreign_s / one.wall_s
    return f"others used {foreign:.2f} cores; our threads waited for {waited:.2f} cores"
