"""How much a wait of our threads lengthens a round, beside neighbours: the tolerance of verdicts/row_sets.py.

    python benchmarks/disturbance.py [--rounds 300]

A product on two threads is measured on the quiet machine and beside each kind of neighbour, at ordinary priority, where
neighbours are felt. Prints what share of its wall time a round waited at most in 99 of 100 rounds on the quiet machine,
and how much longer than a quiet one a round took, by the share that it waited. Keep the machine to yourself.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from pathlib import Path

import neighbours
import verdict_cases

from pytest_multicore.experiment.open_side import SETUP_TIMEOUT_S
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement import counters
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.measurement.subject import OpenedWorkload
from pytest_multicore.measurement.take import RowTaker
from pytest_multicore.rounds.round import Round

THREADS = 2
#: Edges of the classes that rounds are sorted into, as shares of the wall time.
EDGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 10.0)
FEWEST = 5


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300, help="rounds beside each neighbour")
    asked = parser.parse_args()
    taken = {}
    for neighbour in neighbours.NAMES:
        with neighbours.neighbours(neighbour):
            time.sleep(1)
            taken[neighbour] = rounds(asked.rounds)
    quiet = sorted(share(one) for one in taken["none"])
    full_s = statistics.median(one.repetition_s for one in taken["none"])
    print(
        f"on the quiet machine 99 of 100 rounds waited for at most {quiet[int(0.99 * len(quiet))]:.2%} of their time\n"
    )
    print("| share waited | rounds | longer than a quiet round, median | 90 of 100 within |\n" + "| --- " * 4 + "|")
    every = [one for name, found in taken.items() if name != "hog" for one in found]
    for low, high in itertools.pairwise(EDGES):
        longer = sorted(one.repetition_s / full_s - 1 for one in every if low <= share(one) < high)
        if len(longer) >= FEWEST:
            within = longer[int(0.9 * len(longer))]
            print(f"| {low:.0%} to {high:.0%} | {len(longer)} | {statistics.median(longer):+.1%} | {within:+.1%} |")


def rounds(count: int) -> list[Round]:
    """Rounds of the product at ordinary priority."""
    workload = Workload("scales", f"{verdict_cases.__file__}:scales", {})
    prepared = PreparedEnvironment.prepare("current", None, None, Path.cwd(), print)
    machine = this_machine()
    with (
        host_lock().exclusive(print),
        prepared.open(prepared.variables(THREADS, {}, {}), priority="off") as interpreter,
    ):
        subject = OpenedWorkload(interpreter, THREADS, SETUP_TIMEOUT_S)
        subject.set_up(workload, [])
        subject.wait_until_ready(SETUP_TIMEOUT_S)
        row_taker = RowTaker([subject], counters.for_this_system(), machine.cores_granted)
        return [row[0] for row in itertools.islice(filter(None, row_taker.rows()), count)]


def share(taken: Round) -> float:
    """What verdicts/row_sets.py holds against its tolerance: waits, up to what others used meanwhile."""
    return min(taken.delay_s or 0.0, taken.foreign_s) / taken.wall_s


if __name__ == "__main__":
    main()
