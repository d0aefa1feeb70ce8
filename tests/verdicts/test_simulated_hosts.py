"""Verdicts on simulated hosts: the short form of benchmarks/hosts.py, with seeds of its own."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import hosts
from host_models import HOSTS, Host
from host_programs import PROGRAMS

RUNS, SEED = 1, 7
#: One of each kind: split, serial, in part, slow at first, with threads that end.
TRIED = ("scales", "serial", "half_serial", "starts_serial", "pool_per_call")


@pytest.mark.parametrize("quantity", ["min_speedup", "min_efficiency"])
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_no_verdict_is_wrong(host: Host, quantity: str) -> None:
    programs = [one for one in host.programs if one.name in TRIED]
    told = hosts.together([hosts.cell(host, one, RUNS, SEED, quantity=quantity) for one in programs])
    assert told.asked == RUNS * len(programs) * len(hosts.VALUES) > 0
    assert sum(told.wrong.values()) == 0


@pytest.mark.parametrize(
    "host", [one for one in HOSTS if not one.open_for or one.own_speed > 1], ids=lambda host: host.name
)
def test_where_nothing_stands_in_the_way_limits_are_decided(host: Host) -> None:
    told = hosts.together([hosts.cell(host, one, RUNS, SEED) for one in host.programs])
    assert sum(told.undecided[value] for value in (0.8, 1.2)) <= 0.07 * RUNS * 2 * len(host.programs)


def test_programs_are_labelled_by_what_two_cores_do() -> None:
    assert {one.name: round(one.truth, 2) for one in PROGRAMS} == {
        "scales": 1.9,
        "serial": 1.0,
        "busy_waits": 1.0,
        "memory_bound": 1.35,
        "half_serial": 1.33,
        "starts_serial": 1.9,
        "wins_in_large_calls": 1.18,
        "pool_per_call": 1.74,
    }
