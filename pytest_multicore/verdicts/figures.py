"""Rounds in, figures with intervals out: what one side used, how two sides compare, how many sides scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_multicore.rounds.round import Round

from .attained import attained_speedup, evenness, memory_taken
from .bounds import cores_there, least_cores, most_cores
from .row_sets import Rows, RowSet, row_sets, undisturbed_rows
from .rules import ALL, Rule
from .scaling_law import Law, fit
from .speedup import efficiency, speed_up
from .statistics import Interval, intersection, interval_of

#: Cores that one thread keeps busy which does nothing else, by clocks that are read one after the other.
ONE_CORE = (0.9, 1.1)
#: Times the threads that a side was told to use: clearly a pool that nobody told.
MANY_MORE = 1.25
#: Processes that do the same differ by no more, whatever threads they were told to use.
ALIKE = (1 / 1.12, 1.12)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One side: a workload at one thread count.

    Every figure is the ``Interval`` of a median over its rounds. Two snapshots bracket each round, without sampling in
    between; docs/explanation/measuring.md says where the times come from.

    Attributes:
        threads: thread count that the side was set to use; None when it was inherited.
        rounds: all rounds in the order they were taken, disturbed ones too: one a row.
        wall_s: wall seconds of one repetition of the region, over the undisturbed rounds where there are any.
        cpu_s: CPU seconds of one repetition, of the whole process tree, over the same rounds.
        busy: cores busy as measured: CPU seconds / wall seconds.
        cores: cores busy while the region ran, as limits take them. The low end comes from CPU time alone. The high end
            adds waits for a core, steal and throttling, so that the interval brackets the truth on a crowded machine.
        demand: cores demanded: (CPU seconds + seconds of waits for a core) / wall seconds; None where the system does
            not report waits.
        threads_seen: OS threads that got CPU time, a count. The high end counts those that may have ended before they
            were counted; it is infinite where some have.
    """

    threads: int | None
    rounds: tuple[Round, ...]
    wall_s: Interval
    cpu_s: Interval
    busy: Interval
    cores: Interval
    demand: Interval | None
    threads_seen: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides of one workload, measured in turns; each row of rounds gives one pair.

    The speed-up is the median over pairs in random order, so noise that hits both sides alike does not move it (Abedi
    and Brecht, ICPE 2017; Bulej and others, arXiv:2001.05811). docs/explanation/verdicts.md derives the bounds.

    Attributes:
        contender: the side that limits are about; its round ``rounds[i]`` and the baseline's form row i.
        baseline: the side that it is compared with.
        pairs: how many pairs have no disturbed round.
        ratio: wall time of a repetition at the baseline / at the contender, as it was measured.
        speedup: the same, with the bounds that it may have on a machine that gives all its cores.
        attained: the control's speed-up: what the machine gave in these rows; None where no control ran.
        efficiency: ratio / attained speed-up, pair by pair, as far as the program wants its cores. Without a control in
            half of the rows it is speedup x baseline cores / contender cores. None when threads were inherited.
        useful_cores: ratio x cores busy at the baseline: what the busy cores are worth, in cores.
        cpu_inflation: CPU time of a repetition at the contender / at the baseline: above 1 is work burnt, not done.
        memory_taken: whether a neighbour had the memory's bandwidth while the baseline ran.
    """

    contender: Measurement
    baseline: Measurement
    pairs: int
    ratio: Interval
    speedup: Interval
    attained: Interval | None
    efficiency: Interval | None
    useful_cores: float
    cpu_inflation: Interval
    memory_taken: bool

    @property
    def baseline_ignores_thread_count(self) -> bool:
        """Whether the baseline kept clearly more cores busy than it was set to use: it has the gain of more threads."""
        threads = self.baseline.threads
        return threads is not None and self.baseline.cores.low > MANY_MORE * threads

    @property
    def both_single_threaded(self) -> bool:
        """Whether one thread did all the work on both sides: what they differ by is no gain from threads.

        One that was not busy may have waited for somebody else to do it, as a server.
        """
        return all_single_threaded([self.contender, self.baseline])


@dataclass(frozen=True, slots=True)
class Scaling:
    """One workload at several thread counts, measured in turns: each row has a round of every count.

    The serial fraction follows Amdahl (1967) or Gunther's Universal Scalability Law (2007); docs/explanation/scaling.md
    derives it.

    Attributes:
        measurements: one ``Measurement`` for each thread count.
        speedups: for each thread count, wall time at the first count / wall time at this count.
        law: the serial fraction, predictions and their bounds; None where there is nothing to fit. It is 1 where one
            thread did all the work at every count, nearly as fast: then the counts differ by their processes' speeds.
    """

    measurements: Mapping[int, Measurement]
    speedups: Mapping[int, Interval]
    law: Law | None


def all_single_threaded(sides: Iterable[Measurement]) -> bool:
    """Whether one thread did all the work on every side: see ``Comparison.both_single_threaded``."""
    least, most = ONE_CORE
    return all(
        side.threads_seen.estimate <= 1 and least <= side.cores.estimate and side.cores.high <= most for side in sides
    )


def measurement(rounds: Sequence[Round], confidence: float, without: frozenset[Rule] = ALL) -> Measurement:
    """One side's figures, of one round at least."""
    every = row_sets([(one,) for one in rounds], confidence, without)
    busy = intersection(
        interval_of([least_cores(each, without) for each in _first(one.rows)], one.confidence) for one in every
    )
    cores = intersection(_cores(one, without) for one in every)
    demanded = [one.demanded_cores for one in rounds if one.demanded_cores is not None]
    return Measurement(
        threads=rounds[0].threads,
        rounds=tuple(rounds),
        wall_s=interval_of([one.one_s for one in _first(every[-1].rows)], confidence),
        cpu_s=interval_of([one.cpu_s / one.repeat for one in _first(every[-1].rows)], confidence),
        busy=busy,
        cores=Interval(cores.low, cores.estimate, cores.high, confidence),
        demand=interval_of(demanded, confidence) if demanded else None,
        threads_seen=_threads_seen(rounds, confidence),
    )


def _first(rows: Rows) -> list[Round]:
    return [row[0] for row in rows]


def _cores(one: RowSet, without: frozenset[Rule]) -> Interval:
    """Cores busy; rows from a part of the measurement alone, a slow beginning, bound nothing from above."""
    least = interval_of([least_cores(each, without) for each in _first(one.rows)], one.confidence)
    rounds = _first(one.rows)
    most = interval_of([most_cores(each, one.alone, without) for each in rounds], one.confidence).high
    # On even cores none of the threads would rest until the one on a slow core is done.
    high = max(most, min(most / evenness(rounds), cores_there(rounds[-1])))
    return replace(least, high=max(least.estimate, high) if one.spans_measurement else math.inf)


def comparison(rows: Rows, confidence: float, without: frozenset[Rule] = ALL) -> Comparison:
    """The figures of rows whose first round is the contender's and whose second is the baseline's."""
    contender = measurement([row[0] for row in rows], confidence, without)
    baseline = measurement([row[1] for row in rows], confidence, without)
    ratio, speedup = speed_up(rows, 0, 1, confidence, without)
    attained = attained_speedup(rows, 0, 1, confidence)
    return Comparison(
        contender=contender,
        baseline=baseline,
        pairs=len(undisturbed_rows(rows, without)),
        ratio=ratio,
        speedup=speedup,
        attained=attained,
        efficiency=efficiency(rows, confidence, speedup, without),
        useful_cores=ratio.estimate * baseline.cores.estimate,
        cpu_inflation=_inflation(rows, confidence),
        memory_taken=memory_taken(rows),
    )


def scaling(threads: Sequence[int], rows: Rows, confidence: float, cores_granted: float = math.inf) -> Scaling:
    """The figures of rows that hold one round for each thread count; more threads than cores say nothing of the law."""
    measurements = {count: measurement([row[side] for row in rows], confidence) for side, count in enumerate(threads)}
    speedups = {count: speed_up(rows, side, 0, confidence)[1] for side, count in enumerate(threads)}
    alike = all(one.bounded and ALIKE[0] <= one.estimate <= ALIKE[1] for one in speedups.values())
    nothing = alike and all_single_threaded(measurements.values())

    def gained(side: int, each: float) -> Interval:
        return Interval(1.0, 1.0, 1.0, each) if nothing else speed_up(rows, side, 0, each)[1]

    return Scaling(
        measurements=measurements,
        speedups=speedups,
        law=fit(threads, gained, confidence, cores_granted),
    )


def _threads_seen(rounds: Sequence[Round], confidence: float) -> Interval:
    """Threads that ended within a round may have left their CPU time, and there was one more, or any number.

    Where they left no more than clocks differ by, those that may have ended are counted by what was started; where
    nobody tells that, the count has no high end either.
    """
    told = all(one.delay_s is not None for one in rounds)  # else time is told in ticks, which pass over short threads
    least = [float(len(one.thread_use) + (not one.all_threads_seen)) for one in rounds]
    unseen = [one.threads_unseen if told and one.all_threads_seen else None for one in rounds]
    most = [math.inf if more is None else one + more for one, more in zip(least, unseen, strict=True)]
    living = interval_of(least, confidence)
    return Interval(living.low, living.estimate, interval_of(most, confidence).high, confidence)


def _inflation(rows: Rows, confidence: float) -> Interval:
    """CPU time on one side / on the other; without bounds where clocks that tick saw none in any row."""
    used = [row for row in undisturbed_rows(rows) or rows if row[1].cpu_s > 0]
    ratios = [(one.cpu_s / one.repeat) / (other.cpu_s / other.repeat) for one, other in used]
    return interval_of(ratios, confidence) if ratios else Interval(-math.inf, 1.0, math.inf, confidence)
