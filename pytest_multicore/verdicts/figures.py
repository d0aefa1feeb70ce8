"""Rounds in, figures with intervals out: what one side used, how two sides compare, how many sides scale."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_multicore.measurement.probation import MUCH_MORE
from pytest_multicore.measurement.rounds import Round

from .rows import Rows, bounding, clean_rows, waits_matter
from .scaling_law import Law, fit
from .statistics import Interval, median_interval


@dataclass(frozen=True, slots=True)
class Measurement:
    """One side: a workload at one thread count.

    Attributes:
        threads: threads asked for; None when they were inherited.
        rounds: all rounds, disturbed ones too.
        wall_s: seconds of one repetition of the region.
        cpu_s: CPU seconds of one repetition.
        cores: cores busy while the region ran. Its low end comes from CPU time alone, its high end from CPU time and
            waits for a core, so that it brackets the truth on a crowded machine too.
        demand: cores demanded; None where the system does not tell waits.
        threads_seen: OS threads that got CPU time; the high end counts those that may have ended before they were
            counted, and is none where some have.
    """

    threads: int | None
    rounds: tuple[Round, ...]
    wall_s: Interval
    cpu_s: Interval
    cores: Interval
    demand: Interval | None
    threads_seen: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides of one workload, measured in turns.

    Attributes:
        contender: the side at ``threads`` threads.
        baseline: the other side.
        pairs: clean pairs: neither round was disturbed.
        speedup: wall time at the baseline / wall time at the contender, from the ratios of the clean pairs.
        efficiency: speed-up / (threads / baseline threads); None when threads were inherited.
        useful_cores: speed-up x cores busy at the baseline: what the busy cores are worth.
        cpu_inflation: CPU time at the contender / at the baseline: above 1 is work burnt, not done.
    """

    contender: Measurement
    baseline: Measurement
    pairs: int
    speedup: Interval
    efficiency: Interval | None
    useful_cores: float
    cpu_inflation: Interval

    @property
    def baseline_is_its_own(self) -> bool:
        """Whether the baseline kept no more cores busy than it was told to; else what is gained is in it already.

        At most, for a neighbour hides how many it would have kept busy.
        """
        threads = self.baseline.threads
        return threads is None or self.baseline.cores.high <= MANY_MORE * threads

    @property
    def one_thread_each(self) -> bool:
        """Whether one thread did all the work on both sides: what they differ by is no gain from threads.

        One that was not busy may have waited for somebody else to do it, as a server.
        """
        return one_thread_each([self.contender, self.baseline])


@dataclass(frozen=True, slots=True)
class Scaling:
    """One workload at several thread counts, measured in turns.

    Attributes:
        measurements: by thread count.
        speedups: by thread count, against the first count.
        law: what they say of the serial part; None where there is nothing to fit. Where one thread did all the work
            at every count, and nearly as fast, all of it is serial: they differ by the speeds of their processes.
    """

    measurements: Mapping[int, Measurement]
    speedups: Mapping[int, Interval]
    law: Law | None


#: Rounds before a change of the class and after it.
NEXT = 5
#: Cores that one thread keeps busy which does nothing else, by clocks that are read one after the other.
ONE_CORE = (0.9, 1.1)
#: Times the threads that a side was told to use: clearly a pool that nobody told.
MANY_MORE = 1.5
#: Processes that do the same differ by no more, whatever threads they were told to use.
ALIKE = (1 / 1.12, 1.12)


def one_thread_each(sides: Iterable[Measurement]) -> bool:
    """Whether one thread did all the work on every side: see ``Comparison.one_thread_each``."""
    least, most = ONE_CORE
    return all(
        side.threads_seen.estimate <= 1 and least <= side.cores.estimate and side.cores.high <= most for side in sides
    )


def measurement(rounds: Sequence[Round], confidence: float) -> Measurement:
    """One side's figures from its undisturbed rounds (from all, as a rough idea without bounds, when none is clean)."""
    clean = [one for one in rounds if one.disturbance is None]
    used = clean or rounds

    def interval(values: Sequence[float]) -> Interval:
        return _interval(values, confidence, bounded=bool(clean))

    busy, demand, most = _bracket(rounds, confidence)
    return Measurement(
        threads=used[0].threads,
        rounds=tuple(rounds),
        wall_s=interval([one.one_s for one in used]),
        cpu_s=interval([one.cpu_s / one.repeat for one in used]),
        cores=Interval(busy.low, busy.estimate, most.high, confidence),
        demand=demand,
        threads_seen=_threads_seen(used, interval),
    )


def _threads_seen(rounds: Sequence[Round], interval: Callable[[Sequence[float]], Interval]) -> Interval:
    """Threads that ended within a round may have left their CPU time, and there was one more, or any number.

    Where they left no more than clocks differ by, those that may have ended are counted by what was started; where
    nobody tells that, the count has no high end either.
    """
    living = interval([float(len(one.thread_use)) for one in rounds])
    if not all(one.all_threads_seen for one in rounds):
        return Interval(living.low + 1, living.estimate + 1, math.inf, living.confidence)
    told = all(one.delay_s is not None for one in rounds)  # else time is told in ticks, which pass over short threads
    unseen = [one.threads_unseen if told and one.threads_unseen is not None else math.inf for one in rounds]
    most = interval([len(one.thread_use) + more for one, more in zip(rounds, unseen, strict=True)])
    return Interval(living.low, living.estimate, most.high, living.confidence)


def _bracket(rounds: Sequence[Round], confidence: float) -> tuple[Interval, Interval | None, Interval]:
    """Cores busy, demanded, and busy at most. A neighbour lowers the first, not the last: his rounds count here too."""
    used = telling_cores(rounds)
    busy = _interval([one.busy_cores for one in used or rounds], confidence, bounded=bool(used))
    known = [(one.demanded_cores, one.most_cores) for one in used if one.most_cores is not None]
    if not known:
        return busy, None, busy
    demanded, most = zip(*known, strict=True)
    return busy, _interval(demanded, confidence), _interval(most, confidence)


def telling_cores(rounds: Sequence[Round]) -> Sequence[Round]:
    """The rounds that tell how many cores were busy: all whose waits are known, else the undisturbed ones."""
    unchanged = _without_a_changed_class(rounds)
    known = [one for one in unchanged if one.most_cores is not None and one.undivided]
    return known or [one for one in unchanged if one.disturbance is None]


def _without_a_changed_class(rounds: Sequence[Round]) -> Sequence[Round]:
    """Those outside of the real-time class alone, where a program takes much more CPU time within it.

    Then it burns time there, or was kept from burning it before. Neither says how many cores it keeps busy.
    """
    return [one for one in rounds if not one.foremost] if burnt(rounds) else rounds


def burnt(rounds: Sequence[Round]) -> float:
    """How many times the CPU time rounds take in the real-time class, where that is much more; else 0."""
    each_s: tuple[list[float], list[float]] = ([], [])
    for one in rounds:
        each_s[one.foremost].append(one.cpu_s / one.repeat)
    if not all(each_s):
        return 0.0
    # Those next to the change: a program may become another by itself later on.
    outside_s, within_s = statistics.median(each_s[False][-NEXT:]), statistics.median(each_s[True][:NEXT])
    return within_s / outside_s if within_s > MUCH_MORE * outside_s > 0 else 0.0


def _interval(values: Sequence[float], confidence: float, *, bounded: bool = True) -> Interval:
    found = median_interval(values, confidence)
    assert found is not None  # noqa: S101 - there is at least one round
    return found if bounded else Interval(-math.inf, found.estimate, math.inf, confidence)


def comparison(rows: Rows, confidence: float) -> Comparison:
    """The figures of rows whose first round is the contender's and whose second is the baseline's."""
    contender = measurement([row[0] for row in rows], confidence)
    baseline = measurement([row[1] for row in rows], confidence)
    speedup = _speedup(rows, 0, 1, confidence)
    efficiency = None
    if contender.threads is not None and baseline.threads is not None:
        efficiency = speedup.scaled(baseline.threads / contender.threads)
    return Comparison(
        contender=contender,
        baseline=baseline,
        pairs=len(clean_rows(rows)),
        speedup=speedup,
        efficiency=efficiency,
        useful_cores=speedup.estimate * baseline.cores.estimate,
        cpu_inflation=_inflation(rows, confidence),
    )


def scaling(threads: Sequence[int], rows: Rows, confidence: float, cores_granted: float = math.inf) -> Scaling:
    """The figures of rows that hold one round for each thread count; more threads than cores say nothing of the law."""
    measurements = {count: measurement([row[side] for row in rows], confidence) for side, count in enumerate(threads)}
    speedups = {count: _speedup(rows, side, 0, confidence) for side, count in enumerate(threads)}
    alike = all(one.bounded and ALIKE[0] <= one.estimate <= ALIKE[1] for one in speedups.values())
    nothing = alike and one_thread_each(measurements.values())

    def gained(side: int, each: float) -> Interval:
        return Interval(1.0, 1.0, 1.0, each) if nothing else _speedup(rows, side, 0, each)

    return Scaling(
        measurements=measurements,
        speedups=speedups,
        law=fit(threads, gained, confidence, cores_granted),
    )


def _inflation(rows: Rows, confidence: float) -> Interval:
    """CPU time on one side / on the other; without bounds when no row is clean, or clocks that tick saw none in any."""
    clean = clean_rows(rows)
    used = [row for row in clean or rows if row[1].cpu_s > 0]
    ratios = [(one.cpu_s / one.repeat) / (other.cpu_s / other.repeat) for one, other in used]
    return _interval(ratios or [1.0], confidence, bounded=bool(clean and used))


def _speedup(rows: Rows, side: int, other: int, confidence: float) -> Interval:
    """The speed-up of one side over another, each given by its place in a row: bounded by the rows that may.

    The bounds allow for the time that a side's threads stood in queues while cores were free, where they did so often:
    where a scheduler puts two of them is not the program's doing, and is another in the next process.
    """
    if side == other:
        return Interval(1.0, 1.0, 1.0, confidence)
    rising, falling = bounding(rows, side, other)
    may_fall = set(map(id, falling))
    both = [row for row in rising if id(row) in may_fall]

    def interval(used: Rows, slower: Callable[[Round], float], faster: Callable[[Round], float]) -> Interval:
        return _interval([_quotient(slower(row[other]), faster(row[side])) for row in used], confidence)

    estimate = interval(both or clean_rows(rows) or rows, _one_s, _one_s).estimate
    slower, faster = (_undelayed_one_s if waits_matter(rows, one) else _one_s for one in (other, side))
    low = interval(rising, slower, _one_s).low if rising else -math.inf
    high = interval(falling, _one_s, faster).high if falling else math.inf
    return Interval(min(low, estimate), estimate, max(high, estimate), confidence)


def _one_s(one: Round) -> float:
    return one.one_s


def _undelayed_one_s(one: Round) -> float:
    return one.undelayed_one_s


def _quotient(dividend: float, divisor: float) -> float:
    return dividend / divisor if divisor > 0 else math.inf
