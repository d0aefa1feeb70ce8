"""Which rows count for a verdict, and at which confidence.

All rows count. Noise that hits both sides alike leaves the median of their ratio where it is, and a lack of cores hits
the side more that demands more. Undisturbed rows count once more by themselves: beside a neighbour that comes and goes
they show what the program does without it. The error of a verdict is shared out between the two.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import (
    ALL_ROWS_ERROR_SHARE,
    MAX_DISTURBANCE_SHARE,
    MIN_CONTROL_CPU_SHARE,
    MIN_SPAN_SHARE,
)

from .bounds import computed_once, max_foreign_wait_s
from .rules import NO_RULES, Rule
from .statistics import fewest_values

Rows = Sequence[tuple[Round, ...]]


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows that count for a verdict.

    Attributes:
        rows: one at least, of one round a side.
        confidence: of each side of an interval that is drawn from them.
        spans_measurement: whether they come from all of the measurement, not from a part of it alone.
        undisturbed: whether they are the undisturbed rows.
        idle_machine: whether there was next to no background load while all rows were taken.
    """

    rows: Rows
    confidence: float
    spans_measurement: bool = True
    undisturbed: bool = False
    idle_machine: bool = False


def fewest_rows(confidence: float) -> int:
    """The fewest rows that can decide at all."""
    return fewest_values(1 - ALL_ROWS_ERROR_SHARE * (1 - confidence))


def bounds_by_itself(undisturbed: int, confidence: float) -> bool:
    """Whether so many undisturbed rows bound a figure; with fewer it is what all rows say, beside other load."""
    return undisturbed >= fewest_values(1 - (1 - ALL_ROWS_ERROR_SHARE) * (1 - confidence))


def row_sets(rows: Rows, confidence: float, without: frozenset[Rule] = NO_RULES) -> list[RowSet]:
    """All rows and the undisturbed ones, each with its share of the error; both right at the asked confidence."""
    idle = machine_is_idle(rows)
    if Rule.UNDISTURBED_ROWS in without:
        return [RowSet(rows, confidence, idle_machine=idle)]
    error, undisturbed = 1 - confidence, undisturbed_rows(rows, without)
    sets = [RowSet(rows, 1 - ALL_ROWS_ERROR_SHARE * error, idle_machine=idle)]
    if undisturbed:
        spans = Rule.SPAN in without or spans_measurement(undisturbed, rows)
        their_confidence = 1 - (1 - ALL_ROWS_ERROR_SHARE) * error
        sets.append(RowSet(undisturbed, their_confidence, spans, undisturbed=True, idle_machine=idle))
    return sets


def machine_is_idle(rows: Rows) -> bool:
    """Whether there was next to no background load, summed over each side: clocks that tick err in single rounds.

    And whether the control's workers got their cores: a quota that is out of sight holds them back, too.
    """
    sides = list(zip(*rows, strict=True))
    return not any(map(_has_background_load, sides)) and not any(map(_control_waited, sides))


@computed_once
def is_undisturbed(round_: Round, without: frozenset[Rule] = NO_RULES) -> bool:
    """Whether the other sides were at rest, and others neither kept its threads waiting nor stole its cores."""
    tolerated_s = MAX_DISTURBANCE_SHARE * round_.wall_s
    return round_.quiet and round_.steal_s <= tolerated_s and max_foreign_wait_s(round_, without) <= tolerated_s


def undisturbed_rows(rows: Rows, without: frozenset[Rule] = NO_RULES) -> Rows:
    """The rows in which every round is undisturbed.

    A pool that is made within the region takes its waits along, and some systems tell none. Where background load
    stands in for those waits it is counted in ticks of 10 ms, so a round of 30 ms may hide two thirds of a core of it
    on two cores. The sum over many rounds hides nothing.
    """
    undisturbed = [row for row in rows if all(is_undisturbed(round_, without) for round_ in row)]
    if Rule.UNKNOWN_WAITS in without or not undisturbed:
        return undisturbed
    for side in range(len(rows[0])):
        if _has_background_load([row[side] for row in rows if not _waits_are_told(row[side])]):
            undisturbed = [row for row in undisturbed if _waits_are_told(row[side])]
    return undisturbed


def _waits_are_told(round_: Round) -> bool:
    """Whether what its threads waited is bounded by their own clocks, or by those of which each had a core."""
    return round_.waits_are_known or round_.told_wait_s <= max(round_.foreign_s, MAX_DISTURBANCE_SHARE * round_.wall_s)


def spans_measurement(some: Rows, rows: Rows) -> bool:
    """Whether some of the rows come from all of the measurement."""
    began, of_some = [row[0].began_s for row in rows], [row[0].began_s for row in some]
    return max(of_some) - min(of_some) >= MIN_SPAN_SHARE * (max(began) - min(began))


def disturbance(round_: Round) -> str:
    """What disturbed a round, in words; empty where nothing did."""
    if is_undisturbed(round_):
        return ""
    if not round_.quiet:
        return "the other interpreter's threads kept spinning after their round and never came to rest"
    if round_.steal_s > MAX_DISTURBANCE_SHARE * round_.wall_s:
        return f"a hypervisor took {round_.steal_s / round_.wall_s:.2f} cores"
    waits, foreign = max_foreign_wait_s(round_) / round_.wall_s, round_.foreign_s / round_.wall_s
    return f"others used {foreign:.2f} cores; our threads waited for {waits:.2f} cores"


def _has_background_load(rounds: Sequence[Round]) -> bool:
    foreign_s = sum(round_.foreign_s if round_.foreign_raw_s is None else round_.foreign_raw_s for round_ in rounds)
    return foreign_s > MAX_DISTURBANCE_SHARE * sum(round_.wall_s for round_ in rounds)


def _control_waited(rounds: Sequence[Round]) -> bool:
    shares = [round_.control.cpu_share for round_ in rounds if round_.control]
    return bool(shares) and statistics.median(shares) < MIN_CONTROL_CPU_SHARE
