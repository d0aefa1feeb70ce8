"""Verdicts on a base on simulated hosts: the short form of benchmarks/bases.py, with seeds of its own."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import bases
from bases import BY_NAME, PAIRS, slower
from host_models import HOSTS, Host

RUNS, SEED = 1, 7
#: One of each kind: the same, a loss of half and of a third, a gain, slower at all threads, slower on one alone.
TRIED = (
    (BY_NAME["scales"], BY_NAME["scales"]),
    (BY_NAME["pool_per_call"], BY_NAME["pool_per_call"]),
    (BY_NAME["serial"], BY_NAME["scales"]),
    (BY_NAME["half_serial"], BY_NAME["scales"]),
    (BY_NAME["scales"], BY_NAME["half_serial"]),
    (slower(BY_NAME["scales"], 1.3), BY_NAME["scales"]),
    (slower(BY_NAME["serial"], 1.8), BY_NAME["serial"]),
)


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_no_verdict_is_wrong(host: Host) -> None:
    told = bases.told_on(host, RUNS, SEED, pairs=TRIED)
    assert told.asked == 9 * RUNS
    assert told.wrong == 0, told.mistakes
    assert told.called_slower == 0


@pytest.mark.parametrize("host", [one for one in HOSTS if not one.open_for], ids=lambda host: host.name)
def test_where_nothing_stands_in_the_way_limits_are_decided(host: Host) -> None:
    told = bases.told_on(host, RUNS, SEED + 1, pairs=TRIED)
    assert told.undecided <= 2, told.mistakes
    assert told.slower >= 1
    assert told.unsaid == 0, "slower, and not by threading"


@pytest.mark.slow
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_no_verdict_on_the_time_of_one_thread_is_wrong(host: Host) -> None:
    tried = (*TRIED[:1], *TRIED[-2:])
    told = bases.told_on(host, RUNS, SEED, pairs=tried, quantity="max_slowdown")
    assert told.asked == 5 * RUNS
    assert told.wrong == 0, told.mistakes
    if not host.open_for:
        assert told.undecided <= 1, told.mistakes


def test_limits_on_the_time_of_one_thread_lie_a_fifth_off() -> None:
    slow = slower(BY_NAME["serial"], 1.8)
    truth, near = bases.limits_near("max_slowdown", slow, BY_NAME["serial"])
    assert [truth, *map(bases.limit_of, near)] == pytest.approx([0.8, 0.44, 1.16])
    assert [bases.limit_of(one) for one in bases.limits_near("max_slowdown", slow, slow)[1]] == pytest.approx([0.2])


def test_losses_are_those_of_two_cores() -> None:
    losses = {f"{program.name} for {base.name}": round(bases.true_loss(program, base), 2) for program, base in PAIRS}
    same = {name: loss for name, loss in losses.items() if name.partition(" for ")[0] == name.rpartition(" for ")[2]}
    assert set(same.values()) == {0.0}
    assert len(same) == 7
    assert {name: loss for name, loss in losses.items() if name not in same} == pytest.approx(
        {
            "serial for scales": 0.48,
            "half_serial for scales": 0.3,
            "wins_in_large_calls for half_serial": 0.12,
            "serial for pool_per_call": 0.43,
            "scales for half_serial": -0.43,
            "scales x 1.3 for scales": 0.0,
            "half_serial x 1.5 for half_serial": 0.0,
            "serial x 1.8 for serial": 0.0,
        },
        abs=0.011,
    )
