"""A program against a base on simulated hosts: whether what is said of its loss is right, and how often nothing is.

    python benchmarks/bases.py [--runs 20] [--seed 1] [--host NAME ...] [--limit max_slowdown]

The hosts are those of hosts.py. Each pair has a known loss: the share of the base's speed-up that the program lacks by
threading. A limit lies 0.1 under it and 0.1 over it; a gain is held to a limit of 0.1. Prints a Markdown table by host:
wrong verdicts, undecided ones, what is called slower and is as fast, how many of the slower pairs without a loss are
called so, and seconds.

``--limit max_slowdown`` asks for the time of one thread instead. Its limits are those at which the program may take a
fifth less and a fifth more time than it does: two processes that do the same may differ by an eighth.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from host_models import BUDGET_S, HOSTS, Host, Run
from host_programs import CORES, PROGRAMS, Core, Part, Program, of_part

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import FURTHER_PROCESSES, MAX_PROCESS_SPEED_RATIO
from pytest_multicore.verdicts.base_comparison import Change
from pytest_multicore.verdicts.judge import Judgement, borne_out, to_bear_out
from pytest_multicore.verdicts.limits import Limits, Outcome
from pytest_multicore.verdicts.stopping import StoppingRule

CONFIDENCE, SETTLE_S = 0.99, 4.0
#: How far limits lie from the true loss; and from the true time of one thread, as a share of it.
OFF, TIME_OFF = 0.1, 0.2
BY_NAME = {program.name: program for program in PROGRAMS}


def slower(program: Program, factor: float) -> Program:
    """The same program with so many times the work."""

    def parts(number: int) -> Sequence[Part]:
        return [replace(part, work=factor * part.work) for part in program.parts(number)]

    return replace(program, name=f"{program.name} x {factor:g}", parts=parts)


#: Program and base.
PAIRS = (
    *((program, program) for program in PROGRAMS if program.name != "starts_serial"),
    (BY_NAME["serial"], BY_NAME["scales"]),
    (BY_NAME["half_serial"], BY_NAME["scales"]),
    (BY_NAME["wins_in_large_calls"], BY_NAME["half_serial"]),
    (BY_NAME["serial"], BY_NAME["pool_per_call"]),
    (BY_NAME["scales"], BY_NAME["half_serial"]),
    (slower(BY_NAME["scales"], 1.3), BY_NAME["scales"]),
    (slower(BY_NAME["half_serial"], 1.5), BY_NAME["half_serial"]),
    (slower(BY_NAME["serial"], 1.8), BY_NAME["serial"]),
)


def seconds(program: Program, threads: int) -> float:
    """What a program takes on cores of its own."""
    alone = [Core()] * CORES
    return sum(of_part(part, alone[:threads]).wall_s for part in program.parts(10**6))


def true_loss(program: Program, base: Program) -> float:
    """Share of the base's speed-up that the program lacks, as far as it is slower at all threads."""
    kept = seconds(base, CORES) / seconds(program, CORES)
    return 1 - max(kept, kept * seconds(program, 1) / seconds(base, 1))


def true_slowdown(program: Program, base: Program) -> float:
    """What one thread of the program takes more than its base's, as a share of that."""
    return seconds(program, 1) / seconds(base, 1) - 1


def limits_near(quantity: str, program: Program, base: Program) -> tuple[float, list[Limits]]:
    """The true loss or slowdown of a pair, and limits under and over it."""
    if quantity == "max_slowdown":
        truth = true_slowdown(program, base)
        near = ((1 + truth) * (1 + off) - 1 for off in (-TIME_OFF, TIME_OFF))
        return truth, [Limits(max_slowdown=one) for one in near if one >= 0]
    truth = true_loss(program, base)
    return truth, [Limits(max_loss=one) for one in (truth - OFF, truth + OFF) if 0 <= one < 1] or [Limits(max_loss=OFF)]


def limit_of(limits: Limits) -> float:
    """The one number of a limit on a base."""
    (limit,) = (one for one in (limits.max_loss, limits.max_slowdown) if one is not None)
    return limit


class PairRun(Run):
    """One measurement of a program and its base: their rounds share the host's time."""

    def __init__(self, host: Host, program: Program, base: Program, draw: Random) -> None:
        super().__init__(host, program, draw)
        self._programs = (program, base)
        self._speeds = (self._own, Run(host, base, draw)._own)

    def pair_rows(self) -> Iterator[tuple[Round, ...]]:
        """Rows of four rounds until the budget is spent."""
        number = 0
        while self.now_s < BUDGET_S:
            taken: dict[int, Round] = {}
            for side in self.draw.sample(range(4), 4):
                self.program, self._own = self._programs[side // 2], self._speeds[side // 2]
                taken[side] = self._round((CORES, 1)[side % 2], number)
            yield tuple(taken[side] for side in range(4))
            number += 1


def is_slower(program: Program, base: Program) -> bool:
    """Whether one thread of a program takes longer than its base's, by more than two processes differ by."""
    return 1 + true_slowdown(program, base) > MAX_PROCESS_SPEED_RATIO


@dataclass(frozen=True)
class Said:
    """What a measurement says of a limit, and what it took."""

    judged: Judgement
    seconds: float
    rows: int


@dataclass
class Told:
    """What was said on one host.

    Attributes:
        asked, wrong, undecided: verdicts.
        called_slower: pairs without a loss that are as fast on one thread, and were called slower.
        slower: pairs without a loss that are slower.
        unsaid: those of them that were not called so.
        seconds: of each verdict.
        mistakes: pair, limit and verdict of each wrong one.
    """

    asked: int = 0
    wrong: int = 0
    undecided: int = 0
    called_slower: int = 0
    slower: int = 0
    unsaid: int = 0
    seconds: list[float] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def add(self, pair: str, limits: Limits, truth: float, slower: bool, told: Said) -> None:
        """Count one verdict."""
        limit = limit_of(limits)
        self.asked += 1
        self.seconds.append(told.seconds)
        said = told.judged.outcome
        if said is Outcome.PASSED and limits.max_loss is not None:
            self.slower += slower
            self.unsaid += slower and told.judged.change is not Change.SLOWER
            self.called_slower += told.judged.change is Change.SLOWER and not slower
        if said is Outcome.INCONCLUSIVE:
            self.undecided += 1
            self.mistakes.append(f"{pair}: {truth:.2f}, limit {limit:.2f}: undecided")
        elif said is not (Outcome.PASSED if truth <= limit else Outcome.FAILED):
            self.wrong += 1
            self.mistakes.append(f"{pair}: {truth:.2f}, limit {limit:.2f}: {said.value}")


def confirmed(runs: Iterator[PairRun], limits: Limits, fixed_layout: bool) -> Said:
    """What a measurement says of a limit, as far as further processes bear it out."""
    said = said_of(next(runs), limits)
    for _ in range(FURTHER_PROCESSES):
        near = to_bear_out(said.judged, fixed_layout)
        if not near:
            break
        other = said_of(next(runs), limits)
        judged = borne_out(said.judged, other.judged, near)
        said = Said(judged, said.seconds + other.seconds, said.rows + other.rows)
    return said


def said_of(run: PairRun, limits: Limits) -> Said:
    """What one set of processes says of a limit."""
    rule = StoppingRule(limits, CONFIDENCE, BUDGET_S, SETTLE_S)
    rows: list[tuple[Round, ...]] = []
    look_at = 9
    for row in run.pair_rows():
        rows.append(row)
        if len(rows) < look_at:
            continue
        look_at = len(rows) + max(1, len(rows) // 12)
        judged = rule.judge(rows)
        if rule.enough(judged, run.now_s) or rule.futile(judged, rows, run.now_s):
            break
    return Said(judged, run.now_s, len(rows))


def told_on(
    host: Host,
    runs: int,
    seed: int,
    alone: bool = False,
    pairs: Sequence[tuple[Program, Program]] = PAIRS,
    quantity: str = "max_loss",
) -> Told:
    """So many measurements of each pair on a host."""
    told = Told()
    for program, base in pairs:
        name, slower = f"{program.name} for {base.name}", is_slower(program, base)
        truth, near = limits_near(quantity, program, base)
        for limits in near:
            limit = limit_of(limits)
            for number in range(runs):
                draw = Random(f"{seed} {number} {host.name} {name} {limit:.3f}")
                every = (PairRun(host, program, base, draw) for _ in count())
                said = said_of(next(every), limits) if alone else confirmed(every, limits, host.own_speed == 1)
                told.add(name, limits, truth, slower, said)
    return told


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="measurements of each pair on each limit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--host", nargs="*", default=[""], help="those whose name begins so")
    parser.add_argument("--alone", action="store_true", help="without further processes")
    parser.add_argument("--mistakes", action="store_true", help="print each wrong and each undecided verdict, too")
    parser.add_argument("--limit", choices=["max_loss", "max_slowdown"], default="max_loss", help="what is asked for")
    options = parser.parse_args()
    print("| host | verdicts | wrong | undecided | called slower | slower, and said so | median seconds |")
    print("| --- " * 7 + "|", flush=True)
    for host in HOSTS:
        if host.name.startswith(tuple(options.host)):
            told = told_on(host, options.runs, options.seed, options.alone, quantity=options.limit)
            share = f"{100 * told.undecided / told.asked:.0f} %"
            median = f"{statistics.median(told.seconds):.1f}"
            words = f"{told.called_slower} | {told.slower - told.unsaid} of {told.slower}"
            if options.limit != "max_loss":
                words = "- | -"  # nothing is called slower where no loss is asked for
            print(f"| {host.name} | {told.asked} | {told.wrong} | {share} | {words} | {median} |", flush=True)
            for mistake in told.mistakes if options.mistakes else ():
                print(f"  {mistake}")


if __name__ == "__main__":
    main()
