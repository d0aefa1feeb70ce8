"""How often a verdict is wrong and how many pairs it takes, by simulation, beside the tests that people use.

    python benchmarks/error_rates.py [--runs 10000] [--pairs 600] [--confidence 0.99] [--seed 1]

Prints Markdown. One table for each noise model and level: by the true value (the median of the pair's ratio) over the
limit, the wrong verdicts and the undecided runs in per cent and the median of the pairs needed. Then a summary; every
model with its true value on the limit, where either verdict is held to 1 - confidence; cores beside a neighbour; a
machine whose cores are shared in spells; and the pairs to expect of other stakes. benchmarks/hosts.py simulates whole
machines, with a control that has noise of its own.

Ours is decided by a table of the product's ``fewest_agreeing``: tests/verdicts/test_error_rates.py shows that
``decide`` says the same of the same pairs, one by one. All tests see the same data.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy
from decision_rules import NEVER, Confidences, Counts, Decided, Flags, Rivals, agreed, decided, ours
from noise_models import HARDER, MODELS, Array, Noise, Turns, spells
from numpy.random import default_rng

from pytest_multicore.rounds.tolerances import STAKES

VALUES = (0.70, 0.80, 0.90, 0.95, 0.98, 1.02, 1.05, 1.10, 1.20, 1.30)
#: Spread of a round's log time. The ratios of clean pairs on a 2-core virtual machine spread by 0.02 to 0.05.
LEVELS = (0.03, 0.10)
BUDGET_S = 60.0
#: Runs at a time: what fits into memory.
CHUNK = 1000
LARGEST_EXPONENT = 700.0
#: Times as many runs on the limit: 1 % must be told from 1.2 %.
MORE_ON_THE_LIMIT = 5


#: Log ratios, those with what the rivals need, log(true value / limit), confidence -> what a test says.
TESTS: dict[str, Callable[[Array, Rivals, float, float], Decided]] = {
    "ours": lambda ratios, _, shift, confidence: ours(ratios >= -shift, Confidences.of_a_speedup(confidence)),
    "t-test of 10": lambda _, rivals, shift, __: rivals.fixed_t(shift, 10),
    "t-test of 30": lambda _, rivals, shift, __: rivals.fixed_t(shift, 30),
    "t-test, peeking": lambda _, rivals, shift, __: rivals.peeking_t(shift),
    "sign test of 30": lambda _, rivals, shift, __: rivals.fixed_sign(shift, 30),
}


@dataclass
class Tally:
    """What one test said of all runs."""

    parts: list[Decided] = field(default_factory=list)

    def said(self, what: int) -> float:
        """Per cent of the runs of which it said this."""
        return 100 * float(numpy.mean(numpy.concatenate([part.says for part in self.parts]) == what))

    def median_pairs(self) -> str:
        """Pairs until it decided; a dash when it left half of the runs undecided."""
        says = numpy.concatenate([part.says for part in self.parts])
        pairs = numpy.concatenate([part.pairs for part in self.parts])
        median = numpy.median(numpy.where(says == 0, math.inf, pairs))
        return f"{median:.0f}" if math.isfinite(median) else "-"


@dataclass(frozen=True)
class Asked:
    """The command line."""

    runs: int = 10_000
    pairs: int = 600
    confidence: float = 0.99
    seed: int = 1


Cells = dict[float, dict[str, Tally]]


def simulated(asked: Asked, noise: Noise, s: float, values: Sequence[float]) -> Cells:
    """By true value / limit and test: what it said of the same runs."""
    cells: Cells = {value: {test: Tally() for test in TESTS} for value in values}
    for log_ratios in _chunks(asked, noise, s):
        rivals = Rivals.on(log_ratios, asked.confidence)
        for value, tallies in cells.items():
            for test, says in TESTS.items():
                tallies[test].parts.append(says(log_ratios, rivals, math.log(value), asked.confidence))
    return cells


def _chunks(asked: Asked, noise: Noise, s: float, alternating: bool = False) -> Iterator[Array]:
    draw = default_rng([asked.seed, round(1000 * s), *noise.name.encode()])
    for done in range(0, asked.runs, CHUNK):
        yield noise.log_ratios(draw, Turns(min(CHUNK, asked.runs - done), asked.pairs, alternating), s)


def wrong(tally: Tally, value: float) -> float:
    """Per cent of wrong verdicts; ``value`` is off the limit."""
    return tally.said(-1 if value > 1 else 1)


def model_table(cells: Cells) -> Iterator[str]:
    """One model at one level; each cell: wrong %, undecided %, and median pairs where the test chooses their number."""
    yield _row("true / limit", *(f"{test}: wrong, undecided{_pairs_too(test, ', pairs')}" for test in TESTS))
    yield _row(*["---"] * (1 + len(TESTS)))
    for value, tallies in cells.items():
        told = [
            f"{wrong(tally, value):.2f}, {tally.said(0):.1f}{_pairs_too(test, f', {tally.median_pairs()}')}"
            for test, tally in tallies.items()
        ]
        yield _row(f"{value:.2f}", *told)


def _pairs_too(test: str, text: str) -> str:
    return text if test in ("ours", "t-test, peeking") else ""


def summary(every: dict[str, Cells]) -> Iterator[str]:
    """For each model and level: each test's largest rate of wrong verdicts, and the pairs that ours needed."""
    shown = [value for value in VALUES if value > 1]
    yield _row("noise", *(f"{test}: wrong" for test in TESTS), *(f"pairs at {value:.2f}" for value in shown))
    yield _row(*["---"] * (1 + len(TESTS) + len(shown)))
    for name, cells in every.items():
        worst = (max(wrong(tallies[test], value) for value, tallies in cells.items()) for test in TESTS)
        yield _row(
            name, *(f"{rate:.2f} %" for rate in worst), *(cells[value]["ours"].median_pairs() for value in shown)
        )


def on_the_limit(asked: Asked) -> Iterator[str]:
    """Every model with its true value on the limit, by the order of sides; and a little under the limit."""
    shown = "AB, BA ...: passed, failed", "order drawn: passed, failed", "AB, BA ..., 5 % under: passed"
    yield _row("noise", *shown)
    yield _row(*["---"] * (1 + len(shown)))
    more = replace(asked, runs=MORE_ON_THE_LIMIT * asked.runs)
    for noise in (*MODELS, *HARDER):
        turned, under = _passes_or_not(more, noise, (1.0, 0.95), alternating=True)
        (drawn,) = _passes_or_not(more, noise, (1.0,), alternating=False)
        on = (f"{tally.said(1):.2f} %, {tally.said(-1):.2f} %" for tally in (turned, drawn))
        yield _row(noise.name, *on, f"{under.said(1):.2f} %")


def _passes_or_not(asked: Asked, noise: Noise, values: Sequence[float], *, alternating: bool) -> list[Tally]:
    tallies = [Tally() for _ in values]
    for log_ratios in _chunks(asked, noise, LEVELS[0], alternating):
        for value, tally in zip(values, tallies, strict=True):
            tally.parts.append(ours(log_ratios >= -math.log(value), Confidences.of_a_speedup(asked.confidence)))
    return tallies


def cores_beside_a_neighbour(asked: Asked) -> Iterator[str]:
    """A lower limit on cores; a neighbour takes 10 to 70 % of busy, none of demanded, in spells, half of the time."""
    yield _row("true / limit", "wrong", "undecided", "median rounds")
    yield _row(*["---"] * 4)
    draw = default_rng(asked.seed)
    true = LEVELS[0] * draw.standard_normal((asked.runs, asked.pairs))
    there = spells(draw, asked.runs, asked.pairs, 0.1, 0.5)
    taken = there * draw.uniform(0.1, 0.7, true.shape)
    for value in VALUES:
        reaches, misses = true + numpy.log1p(-taken) >= -math.log(value), true < -math.log(value)
        tally = Tally([ours(reaches, Confidences.of_cores(asked.confidence), misses, ~there)])
        yield _row(f"{value:.2f}", f"{wrong(tally, value):.2f} %", f"{tally.said(0):.1f} %", tally.median_pairs())


#: Times as long as a contender takes whose two threads share a core, a speed-up and a limit under it.
SHARED, TRUE, LIMIT = 1.8, 1.9, 1.4


def shared_cores(asked: Asked, row_s: float = 0.1) -> Iterator[str]:
    """Spells of 1 to 3 s in which two threads share a core: 1.9x becomes 1.06x, and the limit of 1.4x must be met."""
    guards_s = 0, 4
    yield _row("shared", *(f"{who}, missed from {guard} s on: failed, undecided" for who in WHO for guard in guards_s))
    yield _row(*["---"] * (1 + len(WHO) * len(guards_s)))
    draw, rows = default_rng(asked.seed), round(BUDGET_S / row_s)
    for share in (0.05, 0.1, 0.2, 0.3, 0.6, 0.9):
        shared = spells(draw, asked.runs, rows, row_s, share)
        ratios = math.log(TRUE) - math.log(SHARED) * shared + LEVELS[0] * draw.standard_normal(shared.shape)
        told = []
        for says in WHO.values():
            for guard in guards_s:
                found = says(ratios, shared, asked.confidence, max(1, round(guard / row_s)))
                told.append(f"{100 * numpy.mean(found.says == -1):.2f} %, {100 * numpy.mean(found.says == 0):.1f} %")
        yield _row(f"{share:.0%} of the time", *told)


def without_control(ratios: Array, shared: Flags, confidence: float, fails_from: int = 1) -> Decided:
    """What is said where a miss is always the program's."""
    return ours(ratios >= math.log(LIMIT), Confidences.of_cores(confidence), fails_from=fails_from)


def with_control(ratios: Array, shared: Flags, confidence: float, fails_from: int = 1) -> Decided:
    """What is said beside a control without noise: two workers at half of their speed, or nearly, and at all of it."""
    ends, limit = Confidences.of_a_speedup(confidence), math.log(LIMIT)
    looks = numpy.arange(1, ratios.shape[1] + 1)
    at_full_speed = agreed(ratios < limit, ends.high) & agreed(~shared, ends.high)
    fails = at_full_speed | agreed(ratios + math.log(SHARED) < limit, ends.high)
    return decided(agreed(ratios >= limit, ends.low), fails & ((looks >= fails_from) | (looks == looks[-1])))


WHO = {"without a control": without_control, "with it": with_control}


#: Mixtures to compare ours with.
OTHER_STAKES = {
    "one stake of 0.94": ((1.0, 0.94),),
    "seven that agree are enough": ((0.79, 1 - 1e-9), (0.1, 0.7), (0.11, 0.25)),
    "all stakes alike": tuple((0.05, (step + 0.5) / 20) for step in range(20)),
}


def pairs_to_expect(asked: Asked) -> Iterator[str]:
    """By the share of values on one side of the limit: the mean of the pairs taken, the budget at most; exact."""
    shares = (1.0, 0.95, 0.9, 0.8, 0.7, 0.65, 0.6)
    yield _row("stakes", *(f"{share:.0%} agree" for share in shares), "wrong at 50 %")
    yield _row(*["---"] * (2 + len(shares)))
    for name, stakes in {"ours": STAKES, **OTHER_STAKES}.items():
        needed = _needed(stakes, asked)
        expected = (_walked(needed, share)[0] for share in shares)
        yield _row(name, *(f"{pairs:.1f}" for pairs in expected), f"{100 * _walked(needed, 0.5)[1]:.2f} %")


def _needed(stakes: Sequence[tuple[float, float]], asked: Asked) -> Counts:
    count = numpy.arange(1, asked.pairs + 1)[:, None]
    won = numpy.arange(asked.pairs + 1)[None, :]
    grown = ((share, won * math.log1p(stake) + (count - won) * math.log1p(-stake)) for share, stake in stakes)
    capital = sum(share * numpy.exp(logarithm.clip(max=LARGEST_EXPONENT)) for share, logarithm in grown)
    enough = (capital >= 1 / (1 - asked.confidence)) & (won <= count) & (2 * won > count)
    return numpy.where(enough.any(1), enough.argmax(1), NEVER)


def _walked(needed: Counts, share: float) -> tuple[float, float]:
    """Pairs to expect, and the probability of a decision for the side where values lie with this probability."""
    undecided, expected, reached = numpy.array([1.0]), 0.0, 0.0
    for enough in needed:
        expected += undecided.sum()
        undecided = numpy.append(undecided * (1 - share), 0) + numpy.append(0, undecided * share)
        reached += undecided[enough:].sum()
        undecided[enough:] = 0
    return expected, reached


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _told(title: str, lines: Iterator[str]) -> None:
    print(f"\n## {title}\n", *lines, sep="\n", flush=True)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=Asked.runs, help="for each model, level and true value")
    parser.add_argument("--pairs", type=int, default=Asked.pairs, help="the budget of each run")
    parser.add_argument("--confidence", type=float, default=Asked.confidence, help="of each direction")
    parser.add_argument("--seed", type=int, default=Asked.seed)
    asked, began = Asked(**vars(parser.parse_args())), time.monotonic()
    print(f"# {asked.runs:,} runs of at most {asked.pairs} pairs at confidence {asked.confidence:g}, seed {asked.seed}")
    every = {}
    for noise in MODELS:
        for s in LEVELS:
            cells = every[f"{noise.name}, s = {s:g}"] = simulated(asked, noise, s, VALUES)
            _told(f"{noise.name}, s = {s:g}: {noise.says}", model_table(cells))
    _told("All models: the largest rate of wrong verdicts, and the median of the pairs that ours needs", summary(every))
    _told(f"On the limit, s = {LEVELS[0]:g}", on_the_limit(asked))
    _told("Cores beside a neighbour", cores_beside_a_neighbour(asked))
    _told("Cores that are shared in spells", shared_cores(asked))
    _told("Pairs to expect of other stakes", pairs_to_expect(asked))
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
