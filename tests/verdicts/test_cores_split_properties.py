"""What holds of the split of the cores whatever a machine shows: it adds up, and nothing is negative."""

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_multicore.rounds.round import Control, Round, ThreadUse
from pytest_multicore.verdicts.cores_split import cores_split, row_readings

from .test_cores_split import PARTS, alone, interval


def drawn(draw: random.Random, cores: int) -> tuple[Round, Round]:
    """A row of anything that a machine may show."""
    wall_s = draw.uniform(0.01, 0.2)
    loads = [draw.choice((0.0003, draw.random())) * wall_s for _ in range(draw.randint(0, 2 * cores))]
    share = draw.choice((1.0, 1.0, draw.random()))
    slow = draw.choice((1.0, draw.uniform(0.3, 1.1)))
    controls = (None, Control(cores, 60 * slow * share, share, None, 61.0, draw.uniform(1, 1.5) * cores * 60 * slow))
    contender = Round(
        threads=draw.choice((cores, cores, None)),
        repeat=draw.randint(1, 3),
        began_s=0.0,
        wall_s=wall_s,
        cpu_s=sum(loads) * draw.choice((1.0, 1.0, 1.4)),
        delay_s=draw.choice((None, 0.0, draw.random() * wall_s)),
        thread_use=tuple(ThreadUse("t", draw.choice((5, 5, 6)), 5 + place, load) for place, load in enumerate(loads)),
        foreign_s=draw.choice((0.0, cores * draw.random() * wall_s)),
        steal_s=draw.choice((0.0, 0.0, draw.random() * wall_s)),
        throttled_s=draw.choice((0.0, 0.0, 2 * draw.random() * wall_s)),
        quiet=True,
        control=draw.choice(controls),
        cores_online=cores,
        cores_open=draw.choice((None, cores, cores - 0.5, 1)),
    )
    baseline = alone(draw.uniform(0.005, 0.3), draw.choice((1.0, draw.random(), 0.0)))
    return contender, replace(baseline, control=draw.choice((None, Control(1, 60.0))))


@pytest.mark.parametrize("cores", [1, 2, 8])
def test_in_every_row_by_every_reading_the_parts_add_up_and_none_is_negative(cores: int) -> None:
    draw = random.Random(cores)
    for _ in range(2000):
        contender, baseline = drawn(draw, cores)
        for parts in row_readings(contender, baseline, cores):
            assert math.fsum(parts) == pytest.approx(cores, abs=1e-9), parts
            assert min(parts) >= -1e-12, parts


@pytest.mark.parametrize("cores", [1, 2, 8])
def test_the_estimates_add_up_and_lie_in_their_intervals(cores: int) -> None:
    draw = random.Random(cores)
    for _ in range(300):
        rows: Sequence[tuple[Round, Round]] = [drawn(draw, cores) for _ in range(draw.choice((1, 2, 9, 15)))]
        found = cores_split(rows, 0.99)
        assert found
        parts = [interval(found, name) for name in PARTS]
        assert math.fsum(part.estimate for part in parts) == pytest.approx(found.cores, abs=1e-9)
        assert all(part.low <= part.estimate <= part.high for part in parts)
        assert all(part.estimate >= -1e-12 for part in parts)
        assert min((part.low for part in parts if part.bounded), default=0.0) >= -1e-12
        assert max((part.high for part in parts if part.bounded), default=0.0) <= found.cores + 1e-9
        useful = [row_readings(*row, found.cores)[0].useful for row in rows]
        assert found.useful.estimate == pytest.approx(statistics.median(useful))
