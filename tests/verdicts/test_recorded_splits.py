"""Where the cores went on hosts that were recorded: the programs are known for what they lose them to."""

import math
import sys
from functools import cache
from pathlib import Path

import pytest

from pytest_multicore.reports.replay import rows_of
from pytest_multicore.verdicts.cores_split import CoresSplit, RowParts, cores_split

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import recorded  # noqa: E402

#: On a machine of their own.
LOST_TO = {
    "serial": ("idle",),
    "half_serial": ("idle",),
    "wins_in_large_calls": ("idle",),
    "busy_waits": ("extra_cpu",),
    "memory_bound": ("extra_cpu", "not_given"),
}
#: Beside a loop, of equal priority, on one of the two cores.
LOST_TO_A_LOOP = {
    "serial": ("idle",),
    "scales": ("waited",),
    "busy_waits": ("waited",),
    "memory_bound": ("waited",),
    "starts_serial": ("waited",),
    "pool_per_call": ("waited",),
}


@cache
def splits(host: str) -> dict[str, CoresSplit]:
    """The host's programs."""
    (file,) = [one for one in recorded.files() if recorded.words_of(one) == host]
    found = {one["nodeid"]: cores_split(rows_of(one), 0.99) for one in recorded.results(file)}
    return {program: split for program, split in found.items() if split}


def parts(split: CoresSplit) -> dict[str, float]:
    return {name: getattr(split, name).estimate for name in RowParts._fields}


@pytest.mark.parametrize("host", sorted(map(recorded.words_of, recorded.files())))
def test_the_parts_of_each_program_add_up(host: str) -> None:
    assert len(splits(host)) == 8
    for split in splits(host).values():
        assert split.cores == 2
        assert math.isclose(sum(parts(split).values()), 2)
        assert min(parts(split).values()) >= 0


@pytest.mark.parametrize(
    ("host", "program", "losses"),
    [
        *[("alone-raised", *item) for item in LOST_TO.items()],
        *[("loop-raised", *item) for item in LOST_TO.items()],
        *[("loop-ordinary", *item) for item in LOST_TO_A_LOOP.items()],
    ],
)
def test_a_program_loses_most_to_what_it_is_known_for(host: str, program: str, losses: tuple[str, ...]) -> None:
    lost = parts(splits(host)[program])
    del lost["useful"]
    assert max(lost, key=lambda name: lost[name]) in losses, lost


def test_a_program_that_scales_loses_little_alone_and_a_core_to_a_loop_beside_it() -> None:
    assert parts(splits("loop-raised")["scales"])["useful"] > 1.8
    assert parts(splits("loop-ordinary")["scales"])["waited"] == pytest.approx(1.0, abs=0.05)
