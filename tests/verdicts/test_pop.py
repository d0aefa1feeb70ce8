"""The efficiencies of the POP Centre of Excellence, by their formulas."""

import math
import random
from dataclasses import fields

import pytest

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.cores_split import cores_split
from pytest_multicore.verdicts.pop import PopMetrics, pop_metrics
from tests.rounds import made

from .test_cores_split import alone, side
from .test_cores_split_properties import drawn


def metrics(contender: Round, baseline: Round) -> PopMetrics:
    found = pop_metrics([(contender, baseline)] * 12, 0.99)
    assert found
    return found


def estimates(found: PopMetrics) -> tuple[float, ...]:
    return tuple(round(getattr(found, one.name).estimate, 6) for one in fields(found))


@pytest.mark.parametrize(
    ("contender", "baseline", "expected"),
    [
        # load balance, serialisation efficiency, parallel efficiency, computation scaling, global efficiency
        (side(0.1, 1.0, 1.0), alone(0.2), (1.0, 1.0, 1.0, 1.0, 1.0)),
        (side(0.1, 1.0, 1.0), alone(0.1), (1.0, 1.0, 1.0, 0.5, 0.5)),
        (side(0.15, 1.0, 1 / 3), alone(0.2), (0.666667, 1.0, 0.666667, 1.0, 0.666667)),
        (side(0.1, 0.5, 0.5), alone(0.1), (1.0, 0.5, 0.5, 1.0, 0.5)),
        (side(0.1, 1.0, main=True), alone(0.1), (0.5, 1.0, 0.5, 1.0, 0.5)),
        # A program that works less with two threads, as where each part fits into a cache.
        (side(0.1, 0.8, 0.8), alone(0.2), (1.0, 0.8, 0.8, 1.25, 1.0)),
        # Eight threads on two cores: the mean of a core is the heaviest.
        (side(0.1, *[0.25] * 8), alone(0.2), (1.0, 1.0, 1.0, 1.0, 1.0)),
    ],
    ids=["scales", "spins", "uneven", "waits in turns", "serial", "superlinear", "more threads than cores"],
)
def test_a_program_has_the_efficiencies_of_the_formulas(
    contender: Round, baseline: Round, expected: tuple[float, ...]
) -> None:
    assert estimates(metrics(contender, baseline)) == expected


def test_threads_that_ended_leave_open_how_even_the_load_was() -> None:
    """One of them may have been busy all the time; the mean of a core is the least."""
    found = metrics(made(0.1, 1.5, ended_share=0.9, cores_open=2), alone(0.15))
    assert (found.load_balance.low, found.load_balance.high) == (pytest.approx(0.75), pytest.approx(1.0))
    heaviest = found.serialisation_efficiency
    assert (heaviest.low, heaviest.high) == (pytest.approx(0.75), pytest.approx(1.0))
    assert (found.parallel_efficiency.low, found.parallel_efficiency.high) == pytest.approx((0.75, 0.75))


@pytest.mark.parametrize(
    "contender", [made(threads=None), made(cores=0.0, cores_open=2)], ids=["no number of cores", "no CPU time"]
)
def test_what_has_no_efficiency_has_none(contender: Round) -> None:
    assert pop_metrics([(contender, alone(0.1))] * 12, 0.99) is None


def test_the_estimates_keep_to_the_products_and_lie_in_their_intervals() -> None:
    draw = random.Random(0)
    for _ in range(500):
        rows = [drawn(draw, 4) for _ in range(draw.choice((1, 3, 15)))]
        found = pop_metrics(rows, 0.99)
        if found is None:
            assert not any(row[0].cpu_s for row in rows)
            continue
        intervals = [getattr(found, one.name) for one in fields(found)]
        assert all(one.low <= one.estimate <= one.high for one in intervals)
        balance, serialisation, parallel, scaling, total = (one.estimate for one in intervals)
        assert balance * serialisation == pytest.approx(parallel)
        assert parallel * scaling == pytest.approx(total)
        assert 0 <= max(balance, serialisation, parallel) <= 1 + 1e-9


def test_global_efficiency_is_the_useful_share_of_the_cores() -> None:
    row = (side(0.1, 0.9, 0.6), alone(0.12))
    split, found = cores_split([row], 0.99), pop_metrics([row], 0.99)
    assert split
    assert found
    assert math.isclose(found.global_efficiency.estimate, split.useful.estimate / split.cores)
