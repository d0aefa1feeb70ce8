"""What each rule of the verdicts earns: leave it out, and count.

    python benchmarks/ablation.py [--runs 20] [--processes 2]

On recorded hosts (recorded.py) and simulated ones (hosts.py), with all rules and without each one by itself: wrong
verdicts, undecided ones, and rows that a limit takes which is met. Prints a Markdown table. A rule whose removal makes
nothing wrong, and nothing slower, has no place. Rules whose case no host here shows name it in the last column.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import hosts
import recorded
from host_models import HOSTS

from pytest_multicore.verdicts.rules import NO_RULES, Rule

#: Where a rule's case is, if neither recorded nor simulated hosts have it.
ELSEWHERE = {
    Rule.ONE_THREAD: "rare: hosts.py --runs 40 --host processes, with and without",
    Rule.OWN_POOL: "a pool whose size is in the code: tests/verdicts/test_judge.py",
    Rule.CLOCKS: "max_cores=1 on one thread: tests/verdicts/test_bounds.py",
    Rule.UNKNOWN_WAITS: "ticks of 10 ms, which no recorded host had: tests/verdicts/test_bounds.py",
    Rule.SPAN: "a program that starts serial: tests/verdicts/test_rules.py",
    Rule.HELD_UP: "threads that take turns beside busy loops: tests/verdicts/test_rules.py",
    Rule.SLOW_CORE: "a baseline that stays on the slow one of two cores: tests/verdicts/test_rules.py",
    Rule.FEWER_CORES: "a contender with fewer cores busy than its baseline: tests/verdicts/test_judge.py",
}


@dataclass(frozen=True)
class Counts:
    """Verdicts: asked for, wrong, undecided; median rows of limits that are met, and seconds of all."""

    asked: int
    wrong: int
    undecided: int
    rows: float
    seconds: float = 0.0


def on_recorded(without: frozenset[Rule]) -> Counts:
    """All recorded files against all limits."""
    tallies = recorded.table(without=without).values()
    return Counts(
        sum(one.asked for one in tallies),
        sum(len(one.wrong) for one in tallies),
        sum(len(one.undecided) for one in tallies),
        statistics.median(rows for one in tallies for rows in one.rows),
    )


def on_simulated(without: frozenset[Rule], runs: int) -> Counts:
    """All simulated hosts and programs."""
    cells = [hosts.cell(host, program, runs, without=without) for host in HOSTS for program in host.programs]
    told = hosts.together(cells)
    return Counts(
        told.asked,
        sum(told.wrong.values()),
        sum(told.undecided.values()),
        statistics.median(told.rows),
        statistics.median(told.seconds),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="measurements of each program on each simulated host")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    left_out: Sequence[frozenset[Rule]] = [NO_RULES, *(frozenset([rule]) for rule in Rule)]
    with ProcessPoolExecutor(asked.processes) as pool:
        on_hosts = pool.map(on_simulated, left_out, [asked.runs] * len(left_out))
        on_files = pool.map(on_recorded, left_out)
        print("| without | recorded: wrong, undecided, rows | simulated: wrong, undecided, rows, seconds | its case |")
        print("| --- " * 4 + "|")
        for without, files, machines in zip(left_out, on_files, on_hosts, strict=True):
            print(_row(without, files, machines), flush=True)


def _row(without: frozenset[Rule], files: Counts, machines: Counts) -> str:
    rule = next(iter(without), None)
    name = f"{rule.name}: {rule.value}" if rule else "nothing: all rules"
    told = f"{files.wrong}, {files.undecided} of {files.asked}, {files.rows:g}"
    simulated = f"{machines.wrong}, {machines.undecided} of {machines.asked}, {machines.rows:g}, {machines.seconds:.1f}"
    return f"| {name} | {told} | {simulated} | {ELSEWHERE.get(rule, '') if rule else ''} |"


if __name__ == "__main__":
    main()
