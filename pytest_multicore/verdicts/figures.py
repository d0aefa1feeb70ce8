"""Rounds in, figures with intervals out: what one side used, how two sides compare, how many sides scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import (
    MAX_BASELINE_CORES_RATIO,
    MAX_ONE_THREAD_CORES,
    MAX_PROCESS_SPEED_RATIO,
    MIN_ONE_THREAD_CORES,
)

from .bounds import available_cores, max_busy_cores, min_busy_cores
from .control_evidence import attained_speedup, core_evenness, memory_is_impaired
from .cores_split import CoresSplit, cores_split
from .pop import PopMetrics, pop_metrics
from .row_sets import Rows, RowSet, row_sets, undisturbed_rows
from .rules import NO_RULES, Rule
from .scaling_law import Law, fit
from .speedup import efficiency, speedup_intervals, told_rows
from .statistics import Interval, intersection, interval_of


@dataclass(frozen=True, slots=True)
class Measurement:
    """One side: a workload at one thread count.

    Every figure is the ``Interval`` of a median over its rounds. Two snapshots bracket each round, without sampling in
    between; docs/explanation/measuring.md says where the times come from.

    Attributes:
        threads: thread count that the side was set to use; None when it was inherited.
        rounds: all rounds in the order they were taken, disturbed ones too: one a row.
        wall_s: wall seconds of one repetition of the region, over the undisturbed rounds where there are any. Of a side
            that is compared, over the rows that the speed-up is the median of.
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
    rounds: tuple[Round, ...] = field(repr=False)
    wall_s: Interval
    cpu_s: Interval
    busy: Interval
    cores: Interval
    demand: Interval | None
    threads_seen: Interval

    @property
    def ignores_thread_count(self) -> bool:
        """Whether it kept clearly more cores busy than it was set to use."""
        return self.threads is not None and self.cores.low > MAX_BASELINE_CORES_RATIO * self.threads


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
        cpu_inflation: CPU time of a repetition at the contender / at the baseline: above 1 is time that does no work.
        memory_impaired: whether a neighbour had the memory's bandwidth while the baseline ran.
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
    memory_impaired: bool

    @property
    def rows(self) -> Rows:
        """The rounds of the contender and the baseline, row by row."""
        return list(zip(self.contender.rounds, self.baseline.rounds, strict=True))

    @property
    def cores_split(self) -> CoresSplit | None:
        """Where the contender's cores went; None where their number is unknown."""
        return cores_split(self.rows, self.contender.cores.confidence)

    @property
    def pop(self) -> PopMetrics | None:
        """The efficiencies of the POP Centre of Excellence; None where the number of cores, or all CPU time, is."""
        return pop_metrics(self.rows, self.contender.cores.confidence)

    @property
    def baseline_ignores_thread_count(self) -> bool:
        """Whether the baseline did: it has the gain of more threads."""
        return self.baseline.ignores_thread_count

    @property
    def baseline_has_all_threads(self) -> bool:
        """Whether the baseline, told to use fewer threads, had as many as the contender: its pool has its own size.

        It may have had one more than it was told, which hands the work over. Ended ones count; how many is known.
        """
        told, seen, of_contender = self.baseline.threads, self.baseline.threads_seen, self.contender.threads_seen
        if told is None or not math.isfinite(seen.high) or told == self.contender.threads:
            return False
        same_cores = self.baseline.rounds[-1].cores_granted == self.contender.rounds[-1].cores_granted
        return same_cores and seen.high > told + 1 and seen.high >= of_contender.high

    @property
    def both_single_threaded(self) -> bool:
        """Whether one thread did all the work on both sides: what they differ by is no gain from threads."""
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
    """Whether one thread did all the work on every side.

    A side that was not busy is none: it may have waited for another process to do the work, as a client for a server.
    """
    return all(
        side.threads_seen.estimate <= 1
        and side.cores.estimate >= MIN_ONE_THREAD_CORES
        and side.cores.high <= MAX_ONE_THREAD_CORES
        for side in sides
    )


def measurement(
    rounds: Sequence[Round], confidence: float, without: frozenset[Rule] = NO_RULES, told: Sequence[Round] = ()
) -> Measurement:
    """One side's figures, from one round at least; ``told``: the rounds that its times are of, the undisturbed else."""
    sets = row_sets([(round_,) for round_ in rounds], confidence, without)
    busy = intersection(
        interval_of([min_busy_cores(row[0], without) for row in row_set.rows], row_set.confidence) for row_set in sets
    )
    cores = intersection(_cores(row_set, without) for row_set in sets)
    demanded = [round_.demanded_cores for round_ in rounds if round_.demanded_cores is not None]
    told = told or [row[0] for row in sets[-1].rows]
    return Measurement(
        threads=rounds[0].threads,
        rounds=tuple(rounds),
        wall_s=interval_of([round_.repetition_s for round_ in told], confidence),
        cpu_s=interval_of([round_.repetition_cpu_s for round_ in told], confidence),
        busy=busy,
        cores=Interval(cores.low, cores.estimate, cores.high, confidence),
        demand=interval_of(demanded, confidence) if demanded else None,
        threads_seen=_threads_seen(rounds, confidence),
    )


def comparison(
    rows: Rows, confidence: float, without: frozenset[Rule] = NO_RULES, *, of_change: bool = False
) -> Comparison:
    """The figures of rows whose first round is the contender's and whose second is the baseline's.

    ``of_change``: see ``speedup_intervals``.
    """
    told = list(zip(*told_rows(rows, 0, 1, confidence, without), strict=True))
    contender, baseline = (measurement([row[side] for row in rows], confidence, without, told[side]) for side in (0, 1))
    ratio, speedup = speedup_intervals(rows, 0, 1, confidence, without, of_change=of_change)
    return Comparison(
        contender=contender,
        baseline=baseline,
        pairs=len(undisturbed_rows(rows, without)),
        ratio=ratio,
        speedup=speedup,
        attained=attained_speedup(rows, 0, 1, confidence),
        efficiency=efficiency(rows, confidence, speedup, without),
        useful_cores=ratio.estimate * baseline.cores.estimate,
        cpu_inflation=_cpu_inflation(rows, confidence),
        memory_impaired=memory_is_impaired(rows),
    )


def scaling(threads: Sequence[int], rows: Rows, confidence: float, cores_granted: float = math.inf) -> Scaling:
    """The figures of rows with one round for each thread count; more threads than cores say nothing of the law.

    There is none where the first count had a pool of another size: the others are no gain over that many threads.
    """
    told = list(zip(*told_rows(rows, -1, 0, confidence), strict=True))
    measurements = {
        count: measurement([row[side] for row in rows], confidence, told=told[side])
        for side, count in enumerate(threads)
    }
    speedups = {count: speedup_intervals(rows, side, 0, confidence)[1] for side, count in enumerate(threads)}
    no_gain = all(map(_is_process_speed, speedups.values())) and all_single_threaded(measurements.values())

    def gain(side: int, its_confidence: float) -> Interval:
        if no_gain:
            return Interval(1.0, 1.0, 1.0, its_confidence)
        return speedup_intervals(rows, side, 0, its_confidence)[1]

    return Scaling(
        measurements=measurements,
        speedups=speedups,
        law=None if measurements[threads[0]].ignores_thread_count else fit(threads, gain, confidence, cores_granted),
    )


def _is_process_speed(speedup: Interval) -> bool:
    """Whether two processes that do the same may differ by as much."""
    return speedup.bounded and 1 / MAX_PROCESS_SPEED_RATIO <= speedup.estimate <= MAX_PROCESS_SPEED_RATIO


def _cores(row_set: RowSet, without: frozenset[Rule]) -> Interval:
    """Busy cores; rows from a part of the measurement alone, as a slow beginning, bound nothing from above."""
    rounds, confidence = [row[0] for row in row_set.rows], row_set.confidence
    least = interval_of([min_busy_cores(round_, without) for round_ in rounds], confidence)
    most = interval_of([max_busy_cores(round_, row_set.idle_machine, without) for round_ in rounds], confidence).high
    # On even cores none of the threads would rest until the one on a slow core is done.
    high = max(most, min(most / core_evenness(rounds), available_cores(rounds[-1], without)))
    return replace(least, high=max(least.estimate, high) if row_set.spans_measurement else math.inf)


def _threads_seen(rounds: Sequence[Round], confidence: float) -> Interval:
    """OS threads that got CPU time; where some have ended within a round there was one more, or any number.

    Where those that ended left no more CPU time than clocks differ by, they are counted by what was started. Where that
    is unknown too, the count has no high end.
    """
    # Else time is told in ticks, which pass over short threads.
    in_nanoseconds = all(round_.delay_s is not None for round_ in rounds)
    least = [float(len(round_.thread_use) + (not round_.all_threads_seen)) for round_ in rounds]
    unseen = [round_.threads_unseen if in_nanoseconds and round_.all_threads_seen else None for round_ in rounds]
    most = [math.inf if more is None else count + more for count, more in zip(least, unseen, strict=True)]
    living = interval_of(least, confidence)
    return Interval(living.low, living.estimate, interval_of(most, confidence).high, confidence)


def _cpu_inflation(rows: Rows, confidence: float) -> Interval:
    """CPU time on one side / on the other; without bounds where clocks that tick saw none in any row."""
    pairs = [row for row in undisturbed_rows(rows) or rows if row[1].cpu_s > 0]
    ratios = [contender.repetition_cpu_s / baseline.repetition_cpu_s for contender, baseline in pairs]
    return interval_of(ratios, confidence) if ratios else Interval(-math.inf, 1.0, math.inf, confidence)
