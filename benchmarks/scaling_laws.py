"""How often a scaling law's bounds are wrong, and what is said where threads hinder each other; by simulation.

    python benchmarks/scaling_laws.py [--runs 1000]

Prints the tables of docs/explanation/scaling.md. Each round's time is the law's times a log-normal factor of spread s;
the first count's round of a row is in all ratios of that row, as it is in life.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections import Counter
from collections.abc import Sequence

from pytest_multicore.verdicts.scaling_law import Law, Model, fit
from pytest_multicore.verdicts.statistics import Interval, median_interval

Truth = tuple[float, float]
CONFIDENCE = 0.99


def time_of(truth: Truth, threads: int) -> float:
    """Of so many threads, in one thread's time: Gunther's law, and Amdahl's where its second parameter is 0."""
    contention, coherence = truth
    return (1 + contention * (threads - 1) + coherence * threads * (threads - 1)) / threads


def drawn(truth: Truth, counts: Sequence[int], rows: int, s: float, seed: int) -> list[list[float]]:
    """Speed-ups over the first count in each row, by count."""
    draw = random.Random(seed)
    times = [[time_of(truth, count) * math.exp(draw.gauss(0, s)) for count in counts] for _ in range(rows)]
    return [[row[0] / row[side] for row in times] for side in range(len(counts))]


def law_of(
    ratios: Sequence[Sequence[float]], counts: Sequence[int], confidence: float = CONFIDENCE, cores: float = math.inf
) -> Law:
    """The product's law of such a series."""

    def speedup(side: int, each: float) -> Interval:
        found = median_interval(ratios[side], each)
        assert found is not None
        return found

    law = fit(counts, speedup, confidence, cores)
    assert law is not None
    return law


def wrong_bounds(
    share: float, counts: Sequence[int], s: float, confidence: float, runs: int
) -> tuple[float, float, float]:
    """Shares of runs in which a low, a high bound was ever wrong, after 12 to 40 rows; the last interval's width."""
    low = high = 0
    widths = []
    for seed in range(runs):
        ratios = drawn((share, 0), counts, 40, s, seed)
        laws = [law_of([of[:rows] for of in ratios], counts, confidence) for rows in range(12, 41, 4)]
        # A law that is refused had a bound wrong on one side or the other.
        found = [one.serial_fraction or Interval(1, 1, 0, confidence) for one in laws]
        low += any(one.low > share for one in found)
        high += any(one.high < share for one in found)
        widths.append(found[-1].high - found[-1].low)
    return low / runs, high / runs, statistics.median(widths)


def hindered(truth: Truth, counts: Sequence[int], s: float, runs: int) -> tuple[Counter[str], int, int]:
    """Laws told of 30 rows, and predictions that miss the truth: as told, and by the serial fraction's bounds alone."""
    told: Counter[str] = Counter()
    missed = by_amdahl = 0
    for seed in range(runs):
        law = law_of(drawn(truth, counts, 30, s, seed), counts)
        told[law.model.value] += 1
        if not law.predictions:
            continue
        ahead = law.predictions[-1]
        real = time_of(truth, counts[0]) / time_of(truth, ahead.threads)
        missed += not ahead.speedup.low <= real <= ahead.speedup.high
        fraction = law.serial_fraction
        if law.model is Model.AMDAHL and fraction:
            least, most = (
                time_of((one, 0), counts[0]) / time_of((one, 0), ahead.threads) for one in (fraction.high, fraction.low)
            )
            by_amdahl += not least <= real <= most
    return told, missed, by_amdahl


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    series = ([1, 2], [1, 2, 4, 8], [2, 4, 8])
    print(f"# {runs} runs a line\n")
    print("| counts | confidence | low bound wrong | high bound wrong | width after 40 rows |")
    print("| --- | --- | --- | --- | --- |")
    for confidence in (0.9, CONFIDENCE):
        for counts in series:
            low, high, width = wrong_bounds(0.3, counts, 0.05, confidence, runs)
            print(f"| {_listed(counts)} | {confidence} | {_share(low)} | {_share(high)} | {width:.2f} |")
    print("\n| counts | kappa | s | Amdahl | USL | none | prediction wrong | by Amdahl's law alone |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for kappa in (0.01, 0.002):
        for counts in ([1, 2, 4], [1, 2, 4, 8], [1, 2, 4, 8, 16]):
            for s in (0.03, 0.1):
                told, missed, by_amdahl = hindered((0.05, kappa), counts, s, runs)
                models = " | ".join(_share(told[one.value] / runs) for one in Model)
                wrong = f"{_share(missed / runs)} | {_share(by_amdahl / runs)}"
                print(f"| {_listed(counts)} | {kappa} | {s} | {models} | {wrong} |")


def _listed(counts: Sequence[int]) -> str:
    return ", ".join(map(str, counts))


def _share(of_runs: float) -> str:
    return f"{100 * of_runs:.1f} %"


if __name__ == "__main__":
    main()
