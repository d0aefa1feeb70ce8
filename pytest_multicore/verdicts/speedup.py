"""How much faster one side is than another, and how much faster it may be on a machine that gives all its cores.

The speed-up is the median of the ratios of pairs. Its interval brackets what the program would come to on a machine
that gives it all its cores:

* **From below** by the ratios as they are. Who asks for more cores cannot gain by a lack of them.
* **From above** by the ratios and the control, a compute loop that shares nothing and is timed in the same rows
  (measurement/control.py). N of its workers, of which each is slowed to a share q of one alone, attain N q. On a
  machine of its own the program would keep more than the baseline's cores busy for a share x of its time: at most the
  cores by which it keeps more busy, over the evenness of the cores. Just that part was stretched, by 1 / q at most:

      ratio * (1 + x * (1 / q - 1)), pair by pair, high end of the median

  A control that meets what the program meets leaves that median where the program's own is, by the argument of pairs.
"""

from __future__ import annotations

import math
import statistics

from pytest_multicore.rounds.round import Round

from .attained import AS_MANY_CORES, evenness, gain, looked_at, memory_taken, on_a_slow_core, slowed_to, time_share
from .bounds import cores_for, least_cores, most_cores
from .row_sets import Rows, RowSet, row_sets
from .rules import ALL, Rule
from .statistics import Interval, intersection, interval_of


def speed_up(
    rows: Rows, side: int, other: int, confidence: float, without: frozenset[Rule] = ALL
) -> tuple[Interval, Interval]:
    """The speed-up of one side over another, each given by its place in a row.

    Returns:
        As it was measured, and with the bounds that it may have on a machine that gives all its cores.
    """
    if side == other:
        same = Interval(1.0, 1.0, 1.0, confidence)
        return same, same
    pairs = [(row[side], row[other]) for row in rows]
    every = row_sets(pairs, confidence, without)
    ratio = intersection(_ratio(one, one.confidence) for one in every)
    bracket = intersection(_bracket(one, without) for one in every)
    if Rule.MEMORY not in without and memory_taken(pairs):
        bracket = Interval(-math.inf, bracket.estimate, bracket.high, confidence)
    return ratio, bracket


def _bracket(one: RowSet, without: frozenset[Rule]) -> Interval:
    """The speed-up as it may be on a machine that gives all cores; see the head of this module."""
    measured = _ratio(one, one.confidence)
    contender, baseline = one.rows[-1][0], one.rows[-1][1]
    low, high = measured.low, measured.high
    # Two worlds at the same threads, as of an explanation's trials, are not compared for what more cores gain.
    if contender.threads != baseline.threads:
        low *= 1.0 if Rule.SLOW_CORE in without or not math.isfinite(low) else on_a_slow_core(one.rows)
        more = statistics.median(most_cores(of, one.alone, without) - least_cores(to, without) for of, to in one.rows)
        if Rule.FEWER_CORES not in without and more < -AS_MANY_CORES:
            low = -math.inf
    at_most = _at_most(contender, baseline)
    if Rule.CONTROL not in without:
        looked = [(row[0], row[1], slowed_to(row[0], row[1], without)) for row in looked_at(one)]
        # Whatever the looks have not shown yet: all cores together do as much as the baseline's.
        known = len(looked) >= len(one.rows) / 2
        pairs = looked if known else [(row[0], row[1], 0.0) for row in one.rows]
        each = [
            to.one_s / of.one_s * _stretched(_more(of, to, one.alone, without), max(slowed, 1 / at_most))
            for of, to, slowed in pairs
        ]
        high = max(high, interval_of(each, one.confidence).high)
    if Rule.CAP not in without:
        high = max(measured.high, min(high, at_most))
    return Interval(low, measured.estimate, high if one.spans_measurement else math.inf, measured.confidence)


def _more(one: Round, other: Round, alone: bool, without: frozenset[Rule]) -> float:
    """The share of its time in which a round would keep more cores busy than the other, at most, on even cores."""
    more = most_cores(one, alone, without) - least_cores(other, without)
    return min(1.0, max(0.0, more) / evenness([one]))


def _stretched(more: float, slowed: float) -> float:
    """Times as long as on a machine of its own that a program takes, with more cores busy for such a share of its time.

    Args:
        more: the share, on that machine.
        slowed: speed of each core with several at work, as a share of one alone.
    """
    if not more or slowed >= 1:
        return 1.0
    return 1 + more * (1 / slowed - 1) if slowed > 0 else math.inf


def _at_most(contender: Round, baseline: Round) -> float:
    """A program cannot be faster than by the cores that it has more."""
    return cores_for(contender) / max(1.0, min(baseline.threads or 1, cores_for(contender)))


def efficiency(rows: Rows, confidence: float, speedup: Interval, without: frozenset[Rule] = ALL) -> Interval | None:
    """Speed-up / attained speed-up, pair by pair; by the cores alone where nobody looked. None: threads were inherited.

    What the machine does not attain is put down to it for as long as the program wanted its cores: a serial program
    has the same efficiency on a machine that attains nothing as on any other. Each pair bounds it from both sides: from
    below by all that the control's workers did together, from above by the slowest of them.
    """
    contender, baseline = rows[-1][0], rows[-1][1]
    if contender.threads is None or baseline.threads is None:
        return None
    looked = [(row[0], row[1], slowest) for row in rows if (slowest := gain(row[0], row[1]))]
    if len(looked) < len(rows) / 2:
        return speedup.scaled(cores_for(baseline) / cores_for(contender))
    low, high = [], []
    for one, other, slowest in looked:
        assert one.control is not None  # noqa: S101 - it was looked at
        assert other.control is not None  # noqa: S101 - likewise
        base, ideal = other.control.cores, one.control.cores / other.control.cores
        ratio, together = other.one_s / one.one_s / ideal, (gain(one, other, together=True) or slowest) / ideal
        wanted = one.busy_cores if one.demanded_cores is None else one.demanded_cores
        least = min(1.0, max(0.0, (wanted - base) / max(one.control.cores - base, 1e-9)))
        most = _more(one, other, False, without)
        low.append(ratio / (1 - least * (1 - min(1.0, together))))
        high.append(ratio * _stretched(most, min(slowest / ideal, time_share(one, without))))
    least_of, most_of = interval_of(low, confidence), interval_of(high, confidence)
    fewer = statistics.median(most_cores(row[0], False, without) - least_cores(row[1], without) for row in rows)
    unshown = (Rule.FEWER_CORES not in without and fewer < -AS_MANY_CORES) or (
        Rule.MEMORY not in without and memory_taken(rows)
    )
    bound = -math.inf if unshown else least_of.low * on_a_slow_core(rows)
    return Interval(bound, least_of.estimate, max(least_of.estimate, most_of.high), confidence)


def _ratio(one: RowSet, confidence: float) -> Interval:
    return interval_of([row[1].one_s / row[0].one_s if row[0].one_s > 0 else math.inf for row in one.rows], confidence)
