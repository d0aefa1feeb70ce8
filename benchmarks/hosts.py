"""Simulated hosts: what rounds and control read on machines that one rarely has at hand, and whether verdicts hold.

    python benchmarks/hosts.py [--runs 100] [--seed 1] [--host NAME ...] [--without RULE ...] [--processes 2]

Each program is a list of parts, serial or split over the threads, of known work. Each host says at any moment how fast
each of its two cores is, and what share of it the program gets. Rounds and control follow from that, and carry what the
counters of such a host would tell. A limit lies 10, 20 or 30 % under the true speed-up, or over it. Prints a Markdown
table: wrong verdicts, undecided ones and rows needed, by host.

The true speed-up is that on two cores of one's own.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any

from host_models import BUDGET_S, HOSTS, Host, Run
from host_programs import CORES, PROGRAMS, Program

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import FORECAST_S
from pytest_multicore.verdicts.figures import comparison
from pytest_multicore.verdicts.judge import Judgement, judge_comparison
from pytest_multicore.verdicts.limits import Limits, Outcome, claims_regression, why_unreachable
from pytest_multicore.verdicts.rules import NO_RULES, Rule
from pytest_multicore.verdicts.stopping import StoppingRule

VALUES = (0.7, 0.8, 0.9, 1.1, 1.2, 1.3)
CONFIDENCE = 0.99
SETTLE_S = 4.0
QUANTITY = "min_speedup"


@dataclass
class Cell:
    """What was said of one program on one host.

    Attributes:
        wrong, undecided: by true value / limit.
        rows: needed for a limit that is met.
        asked: verdicts.
    """

    wrong: dict[float, int] = field(default_factory=lambda: defaultdict(int))
    undecided: dict[float, int] = field(default_factory=lambda: defaultdict(int))
    rows: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    asked: int = 0

    def add(self, value: float, said: Outcome, rows: int, seconds: float) -> None:
        """Count one verdict."""
        right = Outcome.PASSED if value > 1 else Outcome.FAILED
        self.asked += 1
        self.seconds.append(seconds)
        if said is Outcome.INCONCLUSIVE:
            self.undecided[value] += 1
        elif said is not right:
            self.wrong[value] += 1
        elif said is Outcome.PASSED:
            self.rows.append(rows)


def verdicts_of(
    host: Host, program: Program, seed: int, without: frozenset[Rule] = NO_RULES, quantity: str = QUANTITY
) -> dict[float, tuple[Outcome, int, float]]:
    """What one measurement says of limits off the truth: by true value / limit, the verdict, its rows and seconds.

    Looked at after each row up to the twelfth, then more and more seldom: the intervals hold at any look.
    """
    run = Run(host, program, Random(f"{seed} {host.name} {program.name}"))
    scale = 1 / CORES if quantity == "min_efficiency" else 1.0
    asked: dict[float, dict[str, Any]] = {value: {quantity: scale * program.truth / value} for value in VALUES}
    left = {value: Limits(**limit) for value, limit in asked.items()}
    granted = 1.5 if host.throttles else CORES
    found = {
        value: (Outcome.INCONCLUSIVE, 0, 0.0)
        for value, limits in left.items()
        if host.throttles and why_unreachable(limits, granted, CORES, 1)
    }
    left = {value: limits for value, limits in left.items() if value not in found}
    rows: list[tuple[Round, Round]] = []
    look_at, looked_s = 9, FORECAST_S
    for row in run.rows():
        rows.append(row)
        if len(rows) < look_at:
            continue
        look_at = len(rows) + max(1, len(rows) // 12)
        compared = comparison(rows, CONFIDENCE, without)
        for value, limits in list(left.items()):
            verdicts = judge_comparison(limits, compared, without)
            brief = run.now_s < SETTLE_S and any(map(claims_regression, verdicts)) and Rule.SETTLE not in without
            if any(map(claims_regression, verdicts)):
                verdicts = StoppingRule(limits, CONFIDENCE, BUDGET_S, SETTLE_S, without=without).judge(rows).verdicts
            if verdicts[0].outcome is not Outcome.INCONCLUSIVE:
                if not brief:
                    found[value] = verdicts[0].outcome, len(rows), run.now_s
            elif run.now_s > looked_s + 2:
                stopping = StoppingRule(limits, CONFIDENCE, BUDGET_S, SETTLE_S, without=without)
                if stopping.futile(Judgement(verdicts, compared.contender, compared), rows, run.now_s):
                    found[value] = Outcome.INCONCLUSIVE, len(rows), run.now_s
            if value in found:
                del left[value]
        looked_s = run.now_s if run.now_s > looked_s + 2 else looked_s
        if not left:
            return found
    return found | {value: (Outcome.INCONCLUSIVE, len(rows), run.now_s) for value in left}


def cell(
    host: Host,
    program: Program,
    runs: int,
    seed: int = 1,
    without: frozenset[Rule] = NO_RULES,
    quantity: str = QUANTITY,
) -> Cell:
    """So many measurements of a program on a host."""
    told = Cell()
    for number in range(runs):
        for value, (said, rows, seconds) in verdicts_of(host, program, 1000 * seed + number, without, quantity).items():
            told.add(value, said, rows, seconds)
    return told


def together(cells: Sequence[Cell]) -> Cell:
    """The same of several programs."""
    told = Cell()
    for one in cells:
        for value in VALUES:
            told.wrong[value] += one.wrong[value]
            told.undecided[value] += one.undecided[value]
        told.rows += one.rows
        told.seconds += one.seconds
        told.asked += one.asked
    return told


def simulated(hosts: Sequence[Host], processes: int, *asked: object) -> dict[tuple[str, str], Cell]:
    """By host and program."""
    wanted = [(host.name, program.name) for host in hosts for program in host.programs]
    with ProcessPoolExecutor(processes) as pool:
        told = pool.map(_by_name, wanted, *([one] * len(wanted) for one in asked))
        return dict(zip(wanted, told, strict=True))


def _by_name(names: tuple[str, str], runs: int, seed: int, without: frozenset[Rule], quantity: str) -> Cell:
    host = next(one for one in HOSTS if one.name == names[0])
    return cell(host, next(one for one in PROGRAMS if one.name == names[1]), runs, seed, without, quantity)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="measurements of each program on each host")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--host", nargs="*", default=[], help="those whose name begins so")
    parser.add_argument("--without", nargs="*", default=[], choices=[one.name for one in Rule], metavar="RULE")
    parser.add_argument("--quantity", choices=["min_speedup", "min_efficiency"], default=QUANTITY)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    hosts = [host for host in HOSTS if not asked.host or host.name.startswith(tuple(asked.host))]
    without = frozenset(Rule[name] for name in asked.without)
    cells = simulated(hosts, asked.processes, asked.runs, asked.seed, without, asked.quantity)
    print(
        "| host | wrong, worst cell | undecided: all, 20 % off | rows for a limit that is met | over 20 % undecided |"
    )
    print("| --- " * 5 + "|")
    for host in hosts:
        of_host = {program.name: cells[host.name, program.name] for program in host.programs}
        print(_row(host.name, host.open_for, of_host, asked.runs))


def _row(name: str, open_for: str, cells: dict[str, Cell], runs: int) -> str:
    wrong = max(
        (100 * count / runs, f"{program} {value:g}")
        for program, one in cells.items()
        for value, count in ([*one.wrong.items()] or [(0, 0)])
    )
    told = together(list(cells.values()))
    open_all = sum(told.undecided.values()) / told.asked
    open_20 = sum(told.undecided[value] for value in (0.8, 1.2)) / (runs * 2 * len(cells))
    most = [value for one in cells.values() for value in VALUES if one.undecided[value] > 0.2 * runs]
    why = f"{len(most)} of {len(cells) * len(VALUES)} cells: {open_for or 'limits 10 % off alone'}" if most else ""
    rows = statistics.median(told.rows) if told.rows else math.nan
    bad = f"{wrong[0]:.1f} % ({wrong[1]})" if wrong[0] else "0"
    return f"| {name} | {bad} | {open_all:.1%}, {open_20:.1%} | {rows:.0f} | {why} |"


if __name__ == "__main__":
    main()
