"""Rounds in, figures with intervals out: what one side used, how two sides compare, how many sides scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pytest_multicore.measurement.rounds import Round

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
        threads_seen: OS threads that got CPU time; without a high end when some ended before they were counted.
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
        """Whether the baseline kept no more cores busy than it was told to; else what is gained is in it already."""
        threads = self.baseline.threads
        return threads is None or self.baseline.cores.low <= MANY_MORE * threads

    @property
    def one_thread_each(self) -> bool:
        """Whether one thread did all the work on both sides: what they differ by is no gain from threads.

        One that was not busy may have waited for somebody else to do it, as a server.
        """
        sides = (self.contender, self.baseline)
        least, most = ONE_CORE
        return all(
            side.threads_seen.high <= 1 and least <= side.cores.estimate and side.cores.high <= most for side in sides
        )


@dataclass(frozen=True, slots=True)
class Scaling:
    """One workload at several thread counts, measured in turns.

    Attributes:
        measurements: by thread count.
        speedups: by thread count, against the first count.
        law: what they say of the serial part; None where there is nothing to fit.
    """

    measurements: Mapping[int, Measurement]
    speedups: Mapping[int, Interval]
    law: Law | None


Rows = Sequence[tuple[Round, ...]]

#: Cores that one thread keeps busy which does nothing else, by clocks that are read one after the other.
ONE_CORE = (0.9, 1.1)
#: Times the threads that a side was told to use: clearly a pool that nobody told.
MANY_MORE = 1.5
#: Of its full speed; a core's bursts of work differ by 3 % either way, and by 20 to 50 % when it is shared.
FULL_PACE = 0.85
#: Of the time that a measurement took: the clean rows of at least so much are of the whole.
WHOLE = 0.5
#: Of the memory's bandwidth, and of the looks. Of 60 pairs of looks without such a neighbour the lowest tenth lay under
#: 0.76 to 0.92, beside one the lowest quarter under 0.54 (one run each, 2 cores).
HELD_BACK, OFTEN = 0.75, 0.25


def clean_rows(rows: Rows) -> list[tuple[Round, ...]]:
    """The rows of which no round was disturbed."""
    return [row for row in rows if all(one.disturbance is None for one in row)]


def of_the_whole(rows: Rows) -> bool:
    """Whether the clean rows come from all of the measurement, not from a part of it alone."""
    began, clean = [row[0].began_s for row in rows], [row[0].began_s for row in clean_rows(rows)]
    return not clean or max(clean) - min(clean) >= WHOLE * (max(began) - min(began))


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
        threads_seen=_threads_seen(used, interval([float(len(one.thread_use)) for one in used])),
    )


def _threads_seen(rounds: Sequence[Round], living: Interval) -> Interval:
    """Threads that ended within a round left their CPU time but not their number: there was one more, or any number."""
    if all(one.all_threads_seen for one in rounds):
        return living
    return Interval(living.low + 1, living.estimate + 1, math.inf, living.confidence)


def _bracket(rounds: Sequence[Round], confidence: float) -> tuple[Interval, Interval | None, Interval]:
    """Cores busy, demanded, and busy at most. A neighbour lowers the first, not the last: his rounds count here too."""
    known = [
        (one.busy_cores, one.demanded_cores, one.most_cores)
        for one in rounds
        if one.demanded_cores is not None and one.most_cores is not None and one.undivided
    ]
    if known:
        busy, demanded, most = (_interval(values, confidence) for values in zip(*known, strict=True))
        return busy, demanded, most
    clean = [one.busy_cores for one in rounds if one.disturbance is None]
    found = _interval(clean or [one.busy_cores for one in rounds], confidence, bounded=bool(clean))
    return found, None, found


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
        cpu_inflation=_ratio(
            rows, lambda row: (row[0].cpu_s / row[0].repeat) / (row[1].cpu_s / row[1].repeat), confidence
        ),
    )


def scaling(threads: Sequence[int], rows: Rows, confidence: float, cores_granted: float = math.inf) -> Scaling:
    """The figures of rows that hold one round for each thread count; more threads than cores say nothing of the law."""
    return Scaling(
        measurements={
            count: measurement([row[side] for row in rows], confidence) for side, count in enumerate(threads)
        },
        speedups={count: _speedup(rows, side, 0, confidence) for side, count in enumerate(threads)},
        law=fit(threads, lambda side, each: _speedup(rows, side, 0, each), confidence, cores_granted),
    )


def _ratio(rows: Rows, of: Callable[[tuple[Round, ...]], float], confidence: float) -> Interval:
    """The interval of a ratio that each row gives; without bounds when no row is clean."""
    clean = clean_rows(rows)
    return _interval([of(row) for row in clean or rows], confidence, bounded=bool(clean))


def _speedup(rows: Rows, side: int, other: int, confidence: float) -> Interval:
    """The speed-up of one side over another, each given by its place in a row.

    A core below its full speed makes its side slower, and nothing makes one faster. So a row in which the other side
    had its full pace can show the speed-up too low, never too high: such rows bound it from below. Those in which the
    side itself had its full pace bound it from above.
    """
    clean = clean_rows(rows)
    full = full_speeds(clean)
    rising = [row for row in clean if at_full_pace(row[other], full)] if has_its_memory(clean, other) else []
    falling = [row for row in clean if at_full_pace(row[side], full)]
    both = [row for row in rising if at_full_pace(row[side], full)]

    def interval(used: Rows) -> Interval:
        return _interval([row[other].one_s / row[side].one_s for row in used], confidence)

    estimate = interval(both or clean or rows).estimate
    low = interval(rising).low if rising else -math.inf
    high = interval(falling).high if falling else math.inf
    return Interval(min(low, estimate), estimate, max(high, estimate), confidence)


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
