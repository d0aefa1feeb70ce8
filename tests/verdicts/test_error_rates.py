"""The short form of benchmarks/error_rates.py, which prints the tables of docs/explanation/verdicts.md."""

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.bounds import max_busy_cores
from pytest_multicore.verdicts.judge import decide
from pytest_multicore.verdicts.limits import Limits, Outcome
from pytest_multicore.verdicts.row_sets import is_undisturbed
from pytest_multicore.verdicts.rules import NO_RULES, Rule
from tests.rounds import look, made, spaced

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import decision_rules  # noqa: E402
import error_rates  # noqa: E402
import noise_models  # noqa: E402
from decision_rules import Confidences, Decided  # noqa: E402

CONFIDENCE = 0.99
SAID = {1: Outcome.PASSED, -1: Outcome.FAILED, 0: Outcome.INCONCLUSIVE}
MODELS = {noise.name: noise for noise in (*noise_models.MODELS, *noise_models.HARDER)}
ASKED = noise_models.MODELS[:5]

Rows = list[tuple[Round, ...]]


def drawn(name: str, s: float, runs: int, pairs: int) -> noise_models.Array:
    return MODELS[name].log_ratios(numpy.random.default_rng(3), noise_models.Turns(runs, pairs), s)


def one_by_one(limits: Limits, taken: Rows, without: frozenset[Rule] = NO_RULES) -> tuple[Outcome, int]:
    """What is said of these rows, looked at after each, and how many it took."""
    for count in range(1, len(taken) + 1):
        (verdict,) = decide(limits, taken[:count], CONFIDENCE, without)
        if verdict.outcome is not Outcome.INCONCLUSIVE:
            return verdict.outcome, count
    return Outcome.INCONCLUSIVE, len(taken)


def told(found: Decided, run: int) -> tuple[Outcome, int]:
    """What the simulation says of a run, likewise."""
    return SAID[found.says[run]], found.pairs[run]


def pairs(ratios: noise_models.Array, slowed_to: noise_models.Array | None = None) -> Rows:
    """Two cores against one; the control finds so much of a core where two are at work."""
    slowed = numpy.ones_like(ratios) if slowed_to is None else slowed_to
    return [
        (made(0.1, 2.0, control=look(2, to)), made(0.1 * ratio, 1.0, threads=1, control=look(1)))
        for ratio, to in zip(ratios, slowed, strict=True)
    ]


def of_a_max_limit(confidence: float) -> Confidences:
    """It is met where a ``min_`` limit is missed."""
    ends = Confidences.of_a_speedup(confidence)
    return replace(ends, low=ends.high, high=ends.low)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("quantity", "scale", "ends"),
    [
        ("min_speedup", 1.0, Confidences.of_a_speedup),
        ("max_speedup", 1.0, of_a_max_limit),
        ("min_efficiency", 0.5, Confidences.whole),
    ],
    ids=["min_speedup", "max_speedup", "min_efficiency"],
)
def test_the_table_says_what_decide_says_pair_by_pair(
    name: str, quantity: str, scale: float, ends: Callable[[float], Confidences]
) -> None:
    """The simulation counts agreeing signs; the product sorts ratios and looks for the limit in an interval."""
    limit: dict[str, Any] = {quantity: 1.5 * scale}
    limits, outcomes = Limits(**limit), set()
    for value in (0.8, 0.97, 1.03, 1.2):
        ratios = 1.5 * value * numpy.exp(drawn(name, 0.05, 3, 50))
        met = ratios < 1.5 if quantity.startswith("max_") else ratios >= 1.5
        found = decision_rules.ours(met, ends(CONFIDENCE))
        for run, of_run in enumerate(ratios):
            expected = told(found, run)
            assert one_by_one(limits, pairs(of_run)) == expected
            outcomes.add(expected[0])
    assert outcomes >= {Outcome.PASSED, Outcome.FAILED}


def test_the_table_says_what_decide_says_of_cores() -> None:
    """Beside a neighbour who comes and goes; the rows without him speak by themselves, too."""
    draw = numpy.random.default_rng(3)
    outcomes, earlier = set(), False
    for value in (0.8, 0.97, 1.03, 1.2):
        cores = 1.5 * value * numpy.exp(0.03 * draw.standard_normal((4, 80)))
        busy = cores * (1 - 0.5 * noise_models.spells(draw, 4, 80, 0.1, 0.5))
        runs = [
            spaced([(made(0.1, low, demand=high, foreign=high - low, os_threads=2),) for low, high in each])
            for each in (zip(*of_run, strict=True) for of_run in zip(busy, cores, strict=True))
        ]
        most = numpy.array([[max_busy_cores(row[0]) for row in taken] for taken in runs])
        calm = numpy.array([[is_undisturbed(row[0]) for row in taken] for taken in runs])
        found = decision_rules.ours(busy >= 1.5, Confidences.of_cores(CONFIDENCE), most < 1.5, calm)
        by_all = decision_rules.ours(busy >= 1.5, Confidences.of_cores(CONFIDENCE), most < 1.5)
        for run, taken in enumerate(runs):
            expected = told(found, run)
            assert one_by_one(Limits(min_cores=1.5), taken) == expected
            outcomes.add(expected[0])
            earlier |= expected != told(by_all, run)
    assert outcomes >= {Outcome.PASSED, Outcome.FAILED}
    assert earlier, "undisturbed rows decide nothing that all do not"


def shared_in_spells() -> tuple[noise_models.Array, decision_rules.Flags]:
    """Log ratios, and whether the cores were shared."""
    draw = numpy.random.default_rng(3)
    shared = noise_models.spells(draw, 6, 120, 0.1, 0.3)
    ratios = math.log(error_rates.TRUE) - math.log(error_rates.SHARED) * shared
    return ratios + 0.03 * draw.standard_normal(shared.shape), shared


@pytest.mark.parametrize(
    ("who", "without"),
    [("with it", NO_RULES), ("without a control", frozenset({Rule.CONTROL}))],
    ids=["control", "no control"],
)
def test_the_table_says_what_decide_says_of_shared_cores(who: str, without: frozenset[Rule]) -> None:
    ratios, shared = shared_in_spells()
    found = error_rates.WHO[who](ratios, shared, CONFIDENCE)
    for run, of_run in enumerate(ratios):
        taken = pairs(numpy.exp(of_run), 1 / error_rates.SHARED ** shared[run])
        assert one_by_one(Limits(min_speedup=error_rates.LIMIT), taken, without) == told(found, run)
    assert (Outcome.FAILED in {told(found, run)[0] for run in range(6)}) is (without != NO_RULES)


def test_the_control_keeps_shared_cores_from_missing_a_limit() -> None:
    """Two threads on one core for a fifth of the time: without it every tenth verdict at least is wrong."""
    draw = numpy.random.default_rng(5)
    shared = noise_models.spells(draw, 500, 200, 0.1, 0.2)
    ratios = math.log(error_rates.TRUE) - math.log(error_rates.SHARED) * shared.astype(float)
    ratios += 0.03 * draw.standard_normal(shared.shape)
    assert numpy.mean(error_rates.without_control(ratios, shared, CONFIDENCE).says == -1) > 0.1
    assert numpy.mean(error_rates.with_control(ratios, shared, CONFIDENCE).says == -1) < 0.01


@pytest.mark.parametrize("noise", ASKED, ids=lambda noise: noise.name)
def test_verdicts_are_rarely_wrong(noise: noise_models.Noise) -> None:
    """At most 1 %, of 1,000 runs looked at after each of 200 pairs; 20 is three standard deviations above."""
    asked = error_rates.Asked(runs=1000, pairs=200, seed=5)
    for s in error_rates.LEVELS:
        cells = error_rates.simulated(asked, noise, s, (0.7, 0.98, 1.02, 1.3))
        for value, tallies in cells.items():
            assert error_rates.wrong(tallies["ours"], value) <= 2.0, (s, value)
        for value in (0.7, 1.3):
            assert cells[value]["ours"].said(0) < 1.0, "a clear case is decided"


def test_on_the_limit_either_verdict_is_rare_and_a_peeking_t_test_shows_that_this_can_fail() -> None:
    """2,000 runs; 35 of them are 1 % and three standard deviations."""
    for noise in ASKED:
        on = error_rates.simulated(error_rates.Asked(runs=2000, pairs=200, seed=5), noise, 0.03, (1.0,))[1.0]
        assert max(on["ours"].said(1), on["ours"].said(-1)) <= 1.75, noise.name
        assert min(on["t-test, peeking"].said(1), on["t-test, peeking"].said(-1)) > 4.0, noise.name


def test_every_model_has_its_median_at_zero() -> None:
    """Else the true value would not be what the tables say."""
    for noise in MODELS.values():
        for s in error_rates.LEVELS:
            shares = (noise.log_ratios(numpy.random.default_rng(9), noise_models.Turns(1000, 100), s) > 0).mean(1)
            error = shares.std() / math.sqrt(len(shares))
            assert abs(shares.mean() - 0.5) < 4 * error, (noise.name, s)


def test_an_order_drawn_for_each_pair_makes_fair_signs_of_any_machine_speed() -> None:
    """AB, BA leaves a trace of the speed's autocorrelation in neighbouring pairs; a drawn order leaves none."""
    traces = []
    for alternating in (True, False):
        turns = noise_models.Turns(500, 200, alternating)
        signs = numpy.sign(MODELS["AR(1) 0.5 alone"].log_ratios(numpy.random.default_rng(4), turns, 0.03))
        traces.append(float((signs[:, 1:] * signs[:, :-1]).mean()))
    assert traces[0] > 0.05
    assert abs(traces[1]) < 4 / math.sqrt(500 * 199)


def test_quantiles_of_the_other_tests() -> None:
    """Of Student's t with 2, 9 and 29 degrees of freedom, from printed tables; of fair signs, by hand."""
    assert [decision_rules.t_quantile(freedom, 0.99) for freedom in (2, 9, 29)] == pytest.approx(
        [6.965, 2.821, 2.462], rel=1e-3
    )
    # 9 of 10 or more have the probability 11 / 1024, 10 of 10 have 1 / 1024; 5 of 5 have 1 / 32.
    assert [decision_rules.sign_quantile(size, 0.99) for size in (5, 10)] == [6, 10]


def test_the_script_prints_its_tables() -> None:
    command = [sys.executable, str(BENCHMARKS / "error_rates.py"), "--runs", "20", "--pairs", "30"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=BENCHMARKS.parent).stdout
    assert printed.startswith("# 20 runs of at most 30 pairs at confidence 0.99, seed 1")
    tables = 2 * len(noise_models.MODELS) + 5
    assert printed.count("\n## ") == tables
    assert printed.count("\n| --- |") == tables
