"""How much faster one side is than another, and how much faster it may be on a machine that gives all its cores.

The speed-up is the median of the ratios of pairs. Its interval brackets what the program would come to on a machine
that gives it all its cores:

* **From below** by the ratios as they are. Who asks for more cores cannot gain by a lack of them.
* **From above** by the ratios and the control, a compute loop that shares nothing and is timed in the same rows
  (measurement/control.py). N of its workers, of which each is slowed to a share q of one alone, attain N q. On a
  machine of its own the program would keep more than the baseline's cores busy for a share x of its time, at most the
  cores by which it keeps more busy. Just that part was stretched, by 1 / q at most:

      high end  =  measured, high end * (1 + x, high end * (1 / q, low end - 1))

  The four bounds that go into it share out the error.
"""

from __future__ import annotations

import math
import statistics

from pytest_multicore.measurement.rounds import Control, Round

from .bounds import cores_for, least_cores, most_cores
from .evidence import Evidence, Rows, evidence
from .rules import ALL, Rule
from .statistics import Interval, interval_of, joined, median_interval

#: Cores that two sides' medians may differ by and be the same.
AS_MANY_CORES = 0.1
#: A control worker that got so much of the time was kept waiting by nobody.
UNDISTURBED_SHARE = 0.95
#: Of the memory's bandwidth, and of the looks. Of 60 pairs of looks without such a neighbour the lowest tenth lay under
#: 0.76 to 0.92, beside one the lowest quarter under 0.54 (one run each, 2 cores).
HELD_BACK, OFTEN = 0.75, 0.25


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
    every = evidence(pairs, confidence, without)
    ratio = joined(_ratio(one, one.confidence) for one in every)
    bracket = joined(_bracket(one, without) for one in every)
    if Rule.MEMORY not in without and memory_taken(pairs):
        bracket = Interval(-math.inf, bracket.estimate, bracket.high, confidence)
    return ratio, bracket


def attained_speedup(rows: Rows, side: int, other: int, confidence: float) -> Interval | None:
    """What as many cores as a side was told to use do for the control, against those of the other; None: unknown."""
    found = [gain for row in rows if (gain := _attained(row[side], row[other]))]
    return median_interval(found, confidence)


def _attained(one: Round, other: Round) -> float | None:
    """What the control gained right after two rounds; None where it was not taken on the cores that were told."""
    look, base = one.control, other.control
    if look is None or base is None or not base.speed or look.cores < cores_for(one):
        return None
    return look.cores * look.speed / (base.cores * base.speed)


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


def _bracket(one: Evidence, without: frozenset[Rule]) -> Interval:
    """The speed-up as it may be on a machine that gives all cores; see the head of this module."""
    measured, each_at = _ratio(one, one.confidence), one.shared(4)
    contender, baseline = ([row[side] for row in one.rows] for side in (0, 1))
    most = interval_of([most_cores(each, without) for each in contender], each_at).high
    least = interval_of([least_cores(each, without) for each in baseline], each_at).low
    # Two worlds at the same threads, as of an explanation's trials, are not compared for what more cores gain.
    more_threads = contender[-1].threads != baseline[-1].threads
    gains_by_a_lack = Rule.FEWER_CORES not in without and more_threads and most < least - AS_MANY_CORES
    high = measured.high
    if Rule.CONTROL not in without:
        more = min(1.0, max(0.0, most - max(least, 0.0)))
        # Whatever the looks have not shown yet: all cores together do as much as the baseline's.
        slowed_to = max(_slowed_to(one, each_at).low, 1 / _at_most(contender[-1], baseline[-1]))
        high = _ratio(one, each_at).high * _stretched(more, slowed_to)
    if Rule.CAP not in without:
        high = max(measured.high, min(high, _at_most(contender[-1], baseline[-1])))
    return Interval(
        -math.inf if gains_by_a_lack else measured.low,
        measured.estimate,
        high if one.of_the_whole else math.inf,
        measured.confidence,
    )


def _stretched(more: float, slowed_to: float) -> float:
    """Times as long as on a machine of its own that a program takes, with more cores busy for such a share of its time.

    Args:
        more: the share, on that machine.
        slowed_to: speed of each core with several at work, as a share of one alone.
    """
    if not more or slowed_to >= 1:
        return 1.0
    return 1 + more * (1 / slowed_to - 1) if slowed_to > 0 else math.inf


def _slowed_to(one: Evidence, confidence: float) -> Interval:
    """How fast each core is with the contender's cores at work, as a share of what it is with the baseline's."""
    looks = [(row[0].control, row[1].control) for row in one.rows]
    shares = [
        contender.speed / baseline.speed
        for contender, baseline in looks
        if contender and baseline and baseline.speed > 0
        if not one.undisturbed or (_calm(contender) and _calm(baseline))
    ]
    told = one.undisturbed or len(shares) >= len(looks) / 2  # else the workers were ended by somebody on the way
    found = median_interval(shares, confidence) if told else None
    return found or Interval(-math.inf, 1.0, math.inf, confidence)


def _calm(look: Control) -> bool:
    return look.cpu_share >= UNDISTURBED_SHARE


def _at_most(contender: Round, baseline: Round) -> float:
    """A program cannot be faster than by the cores that it has more."""
    return cores_for(contender) / max(1.0, min(baseline.threads or 1, cores_for(contender)))


def efficiency(rows: Rows, confidence: float, speedup: Interval, without: frozenset[Rule] = ALL) -> Interval | None:
    """Speed-up / attained speed-up, pair by pair; by the cores alone where nobody looked. None: threads were inherited.

    What the machine does not attain is put down to it for as long as the program wanted its cores: a serial program
    has the same efficiency on a machine that attains nothing as on any other. Each pair bounds it from both sides.
    """
    contender, baseline = rows[-1][0], rows[-1][1]
    if contender.threads is None or baseline.threads is None:
        return None
    more, ideal = cores_for(contender), cores_for(contender) / cores_for(baseline)
    looked = [(row[0], row[1], min(1.0, gain / ideal)) for row in rows if (gain := _attained(row[0], row[1]))]
    if len(looked) < len(rows) / 2:
        return speedup.scaled(1 / ideal)
    low, high = [], []
    for one, other, attained in looked:
        ratio, base = other.one_s / one.one_s / ideal, cores_for(other)
        wanted = one.busy_cores if one.demanded_cores is None else one.demanded_cores
        least = min(1.0, max(0.0, (wanted - base) / max(more - base, 1e-9)))
        most = min(1.0, max(0.0, most_cores(one, without) - least_cores(other, without)))
        low.append(ratio / (1 - least * (1 - attained)))
        high.append(ratio * _stretched(most, attained))
    least_of, most_of = interval_of(low, confidence), interval_of(high, confidence)
    fewer = statistics.median(most_cores(row[0], without) - least_cores(row[1], without) for row in rows)
    unshown = (Rule.FEWER_CORES not in without and fewer < -AS_MANY_CORES) or (
        Rule.MEMORY not in without and memory_taken(rows)
    )
    return Interval(
        -math.inf if unshown else least_of.low, least_of.estimate, max(least_of.estimate, most_of.high), confidence
    )


def _ratio(one: Evidence, confidence: float) -> Interval:
    return interval_of([row[1].one_s / row[0].one_s if row[0].one_s > 0 else math.inf for row in one.rows], confidence)
