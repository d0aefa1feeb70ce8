"""How much faster one side is than another, and how much faster it may be on a machine that gives all its cores.

The speed-up is the median of the ratios of pairs. Its interval brackets what the program would come to on a machine
that gives it all its cores:

* **From below** by the ratios as they are. A side that demands more cores cannot gain by a lack of them.
* **From above** by the ratios and the control, a compute loop that shares nothing and is timed in the same rows
  (measurement/control.py). N of its workers, of which each is slowed to a share q of one alone, attain N q. On a
  machine of its own the program would keep more than the baseline's cores busy for a share x of its time: at most the
  cores by which it keeps more busy, over the evenness of the cores. Just that part was stretched, by 1 / q at most:

      ratio * (1 + x * (1 / q - 1)), pair by pair, high end of the median

  It is at most 1 + x * (cores / baseline's cores - 1), or the ratio: in that share it does the work of all cores.
  A control that meets what the program meets leaves that median where the program's own is, by the argument of pairs.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import replace

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import MAX_CORES_DIFFERENCE, MIN_CONTROL_ROWS_SHARE

from .bounds import held_up_share, max_busy_cores, min_busy_cores, usable_cores
from .control_evidence import (
    baseline_core_share,
    control_gain,
    core_evenness,
    core_speed_share,
    memory_is_impaired,
    rows_with_control,
    undelayed_share,
)
from .row_sets import Rows, RowSet, row_sets
from .rules import NO_RULES, Rule
from .statistics import Interval, intersection, interval_of


def speedup_intervals(
    rows: Rows,
    side: int,
    other: int,
    confidence: float,
    without: frozenset[Rule] = NO_RULES,
    *,
    of_change: bool = False,
) -> tuple[Interval, Interval]:
    """The speed-up of one side over another, each given by its place in a row.

    Args:
        rows: one round of each side in a row.
        side: the place of the one.
        other: the place of the other.
        confidence: of the intervals.
        without: rules to leave out.
        of_change: whether one program is the other with a change, at the same threads: it may keep cores busy that the
            other leaves idle, and they may not have been there.

    Returns:
        As it was measured, and with the bounds that it may have on a machine that gives all its cores.
    """
    if side == other:
        same = Interval(1.0, 1.0, 1.0, confidence)
        return same, same
    pairs = [(row[side], row[other]) for row in rows]
    sets = row_sets(pairs, confidence, without)
    ratio = intersection(_ratio(row_set, row_set.confidence) for row_set in sets)
    bracket = intersection(_bracket(row_set, without, of_change=of_change) for row_set in sets)
    if Rule.MEMORY not in without and memory_is_impaired(pairs):
        bracket = Interval(-math.inf, bracket.estimate, bracket.high, confidence)
    return ratio, bracket


def told_rows(rows: Rows, side: int, other: int, confidence: float, without: frozenset[Rule] = NO_RULES) -> Rows:
    """The rows whose median is the speed-up as it was measured: times that stand beside it are of these.

    They are the undisturbed rows, or all where those do not bound it, or contradict all. For the arguments see
    ``speedup_intervals``.
    """
    sets = row_sets(rows, confidence, without)
    pairs = [replace(one, rows=[(row[side], row[other]) for row in one.rows]) for one in (sets[0], sets[-1])]
    of_all, of_set = (_ratio(one, one.confidence) for one in pairs)
    return sets[-1].rows if of_set.bounded and of_set.meets(of_all) else rows


def efficiency(
    rows: Rows, confidence: float, speedup: Interval, without: frozenset[Rule] = NO_RULES
) -> Interval | None:
    """Speed-up / attained speed-up, pair by pair; over the number of cores without a control. None: inherited threads.

    What the machine does not attain is put down to it for as long as the program demanded its cores: a serial program
    has the same efficiency on a machine that attains nothing as on any other. Each pair bounds it from both sides: from
    below by all that the control's workers did together, from above by the slowest of them.
    """
    contender, baseline = rows[-1][0], rows[-1][1]
    if contender.threads is None or baseline.threads is None:
        return None
    gains = [(row[0], row[1], gain) for row in rows if (gain := control_gain(row[0], row[1]))]
    if len(gains) < MIN_CONTROL_ROWS_SHARE * len(rows):
        return speedup.scaled(usable_cores(baseline) / usable_cores(contender))
    bounds = [_efficiency_of_pair(of, to, gain, without) for of, to, gain in gains]
    low, high = (interval_of([bound[end] for bound in bounds], confidence) for end in (0, 1))
    extra_cores = statistics.median(
        max_busy_cores(row[0], False, without) - min_busy_cores(row[1], without) for row in rows
    )
    unbounded = (Rule.FEWER_CORES not in without and extra_cores < -MAX_CORES_DIFFERENCE) or (
        Rule.MEMORY not in without and memory_is_impaired(rows)
    )
    share = 1.0 if Rule.SLOW_CORE in without else baseline_core_share(rows)
    bound = -math.inf if unbounded else low.low * share
    return Interval(bound, low.estimate, max(low.estimate, high.high), confidence)


def _efficiency_of_pair(
    contender: Round, baseline: Round, slowest: float, without: frozenset[Rule]
) -> tuple[float, float]:
    """The bounds that one pair gives, which has a control; ``slowest``: the control's gain by its slowest worker."""
    assert contender.control is not None  # noqa: S101 - there is a gain
    assert baseline.control is not None  # noqa: S101 - likewise
    cores, baseline_cores = contender.control.cores, baseline.control.cores
    ideal = cores / baseline_cores
    ratio = baseline.repetition_s / contender.repetition_s / ideal
    together = (control_gain(contender, baseline, together=True) or slowest) / ideal
    demanded = contender.busy_cores if contender.demanded_cores is None else contender.demanded_cores
    least = min(1.0, max(0.0, (demanded - baseline_cores) / max(cores - baseline_cores, 1e-9)))
    most = extra_cores_share(contender, baseline, False, without)
    low = ratio / (1 - least * (1 - min(1.0, together)))
    if Rule.HELD_UP not in without:
        low *= 1 - held_up_share(baseline, contender)
    return low, ratio * stretch(most, min(slowest / ideal, undelayed_share(contender, without)))


def _bracket(row_set: RowSet, without: frozenset[Rule], *, of_change: bool) -> Interval:
    """The speed-up as it may be on a machine that gives all cores; see the head of this module."""
    measured = _ratio(row_set, row_set.confidence)
    contender, baseline = row_set.rows[-1][0], row_set.rows[-1][1]
    low, high = measured.low, measured.high
    # Two sides at the same threads, as of an explanation's trials, are not compared for what more cores gain.
    if contender.threads != baseline.threads:
        if Rule.HELD_UP not in without:
            least = [_ratio_of(of, to) * (1 - held_up_share(to, of, row_set.idle_machine)) for of, to in row_set.rows]
            low = interval_of(least, row_set.confidence).low
        low *= 1.0 if Rule.SLOW_CORE in without or not math.isfinite(low) else baseline_core_share(row_set.rows)
    # What gained by a change that has it need fewer cores is judged where the other side got those that it asked for.
    lacked_none = row_set.idle_machine or row_set.undisturbed
    may_lack = not lacked_none if of_change else contender.threads != baseline.threads
    if Rule.FEWER_CORES not in without and may_lack:
        extra_cores = statistics.median(
            max_busy_cores(of, row_set.idle_machine, without) - min_busy_cores(to, without) for of, to in row_set.rows
        )
        if extra_cores < -MAX_CORES_DIFFERENCE:
            low = -math.inf
    most = usable_cores(contender) if of_change else ideal_speedup(contender, baseline)
    if Rule.CONTROL not in without:
        high = max(high, high_by_control(row_set, most, without))
    if Rule.CAP not in without:
        high = max(measured.high, min(high, most))
    return Interval(low, measured.estimate, high if row_set.spans_measurement else math.inf, measured.confidence)


def high_by_control(
    row_set: RowSet, most: float, without: frozenset[Rule], gain: Callable[[Round], float] = lambda _: 1.0
) -> float:
    """The high end on a machine that gives all cores, pair by pair.

    Args:
        row_set: the rows.
        most: the speed-up that the cores allow.
        without: rules to leave out.
        gain: times as fast that the contender's round may have been for another reason.
    """
    pairs = [(row[0], row[1], core_speed_share(row[0], row[1], without)) for row in rows_with_control(row_set)]
    if len(pairs) < MIN_CONTROL_ROWS_SHARE * len(row_set.rows):
        # Without enough controls all cores together may do no more than the baseline's.
        pairs = [(row[0], row[1], 0.0) for row in row_set.rows]
    ratios = []
    for of, to, speed_share in pairs:
        share = extra_cores_share(of, to, row_set.idle_machine, without)
        ratio = to.repetition_s / of.repetition_s
        ratios.append(gain(of) * min(ratio * stretch(share, speed_share), most_by_share(ratio, share, most)))
    return interval_of(ratios, row_set.confidence).high


def extra_cores_share(contender: Round, baseline: Round, idle_machine: bool, without: frozenset[Rule]) -> float:
    """Share of its time in which one round would keep more cores busy than another, at most, on even cores."""
    extra = max_busy_cores(contender, idle_machine, without) - min_busy_cores(baseline, without)
    return min(1.0, max(0.0, extra) / core_evenness([contender]))


def stretch(extra_share: float, speed_share: float) -> float:
    """Times as long as on a machine of its own that a program takes.

    Args:
        extra_share: share of its time, on that machine, in which it keeps more cores busy than its baseline.
        speed_share: speed of each core with several at work, as a share of one alone.
    """
    if not extra_share or speed_share >= 1:
        return 1.0
    return 1 + extra_share * (1 / speed_share - 1) if speed_share > 0 else math.inf


def most_by_share(ratio: float, extra_share: float, most: float) -> float:
    """Its speed-up at most, however long its threads waited: in that share it does the work of all its cores, no more.

    Args:
        ratio: its speed-up over its baseline, as it was measured.
        extra_share: share of its time in which it keeps more cores busy than its baseline.
        most: the speed-up that the cores allow.
    """
    return max(ratio, 1 + extra_share * (most - 1))


def ideal_speedup(contender: Round, baseline: Round) -> float:
    """A program cannot be faster than by the cores that it has more."""
    cores = usable_cores(contender)
    return cores / max(1.0, min(baseline.threads or 1, cores))


def _ratio(row_set: RowSet, confidence: float) -> Interval:
    return interval_of([_ratio_of(of, to) for of, to in row_set.rows], confidence)


def _ratio_of(contender: Round, baseline: Round) -> float:
    return baseline.repetition_s / contender.repetition_s if contender.repetition_s > 0 else math.inf
