import os
from typing import Any

import pytest

from pytest_multicore.measurement.machine import Machine, busiest_processes, this_machine
from pytest_multicore.settings.world_at_start import WORLD


def machine(**changed: Any) -> Machine:
    known: dict[str, Any] = {"cores_online": 8, "affinity": tuple(range(8)), "quota": None, "cores_real": 8}
    return Machine(**{**known, "cpu": "", "os": "", **changed})


@pytest.mark.parametrize(
    ("changed", "granted", "threads"),
    [
        ({}, 8, 8),
        ({"affinity": (0, 3)}, 2, 2),
        ({"quota": 2.5}, 2.5, 3),
        ({"affinity": None, "quota": 0.5}, 0.5, 1),
        ({"affinity": (5,), "quota": 4.0}, 1, 1),
    ],
)
def test_the_grant_is_the_smallest_of_all(changed: dict[str, object], granted: float, threads: int) -> None:
    found = machine(**changed)
    assert (found.cores_granted, found.threads_auto) == (granted, threads)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity masks")
def test_a_narrowed_affinity_is_seen_at_once() -> None:
    whole = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(whole)})
        narrowed = this_machine()
        assert narrowed.cores_granted <= 1
        if WORLD.affinity and len(WORLD.affinity) > 1:
            assert f"might use {len(WORLD.affinity)} CPUs when it started" in narrowed.why_granted()
    finally:
        os.sched_setaffinity(0, whole)
    assert "affinity 1 CPU," not in this_machine().why_granted() or len(whole) == 1


def test_the_busiest_are_named_and_our_own_are_not() -> None:
    before = {1: ("init", 5.0), 2: ("us", 1.0), 3: ("hog", 1.0)}
    after = {1: ("init", 5.01), 2: ("us", 9.0), 3: ("hog", 2.9), 4: ("new", 1.0)}
    found = busiest_processes(before, after, 2.0, frozenset({2}))
    assert found == [("hog (process 3)", pytest.approx(0.95)), ("new (process 4)", pytest.approx(0.5))]
    assert busiest_processes(before, after, 0.0, frozenset()) == [], "nothing is told of no time"
