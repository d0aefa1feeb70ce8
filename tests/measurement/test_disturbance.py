import math
from dataclasses import replace

import pytest

from pytest_multicore.measurement.counters import MachineSnapshot
from pytest_multicore.measurement.disturbance import (
    Surroundings,
    a_core_each,
    disturbance,
    longest_wait_s,
    surroundings,
)
from pytest_multicore.measurement.usage import ThreadUse, Usage


def used(cpu_s: float, others_s: float | None = None) -> Usage:
    return Usage(cpu_s, 0.0, (), others_s=others_s, all_seen=True)


CALM = Surroundings(foreign_s=0.0, steal_s=0.0, throttled_s=0.0)


def test_a_calm_round_counts() -> None:
    assert disturbance(0.1, 0.0, 2, CALM) is None


def test_a_wait_for_others_does_not() -> None:
    busy = Surroundings(foreign_s=0.1, steal_s=0.0, throttled_s=0.0)
    found = disturbance(0.1, 0.04, 2, busy)
    assert found == "others used 1.00 cores; our threads waited for 0.40 cores"


def test_a_neighbour_on_an_idle_core_does_no_harm() -> None:
    """At a high priority our threads do not wait, however busy the neighbour is."""
    assert disturbance(0.1, 0.001, 2, Surroundings(0.1, 0.0, 0.0)) is None


def test_threads_that_wait_for_each_other_disturb_nobody() -> None:
    """Eight threads on two cores wait: the program's own doing."""
    assert disturbance(0.1, 0.6, 2, CALM) is None


def test_a_hypervisor_that_takes_cores_disturbs() -> None:
    assert "hypervisor" in (disturbance(0.1, 0.0, 2, Surroundings(0.0, 0.02, 0.0)) or "")


def test_our_own_quota_is_not_a_disturbance() -> None:
    """Throttling by the own quota is what the program gets here: a cause, not noise."""
    assert disturbance(0.1, 0.0, 2, Surroundings(0.0, 0.0, 0.05)) is None


def test_without_known_waits_foreign_time_stands_in() -> None:
    assert disturbance(0.1, None, 2, Surroundings(0.01, 0.0, 0.0)) is None
    assert "others used" in (disturbance(0.1, None, 2, Surroundings(0.06, 0.0, 0.0)) or "")


def test_foreign_time_is_what_we_did_not_use() -> None:
    before, after = MachineSnapshot(10.0, 1.0, 0.0), MachineSnapshot(10.5, 1.1, 0.2)
    found = surroundings(before, after, used(0.3), 0.1)
    assert abs(found.foreign_s - 0.2) < 1e-9
    assert abs(found.steal_s - 0.1) < 1e-9
    assert surroundings(before, after, used(0.9), 0.1).foreign_s == 0.0


def test_others_cannot_have_used_more_than_all_cores() -> None:
    """A tick of 10 ms may be told within a round of 5 ms."""
    before, after = MachineSnapshot(10.0, 0.0, 0.0), MachineSnapshot(10.02, 0.0, 0.0)
    assert surroundings(before, after, used(0.005), 0.005, cores_online=2).foreign_s == 0.005


def test_a_tick_makes_no_neighbour_where_all_clocks_are_seen() -> None:
    before, after = MachineSnapshot(10.0, 0.0, 0.0, started=7), MachineSnapshot(10.04, 0.0, 0.0, started=7)
    assert surroundings(before, after, used(0.03, others_s=0.0002), 0.03).foreign_s == 0.0002


def test_somebody_who_came_or_went_is_counted_in_ticks() -> None:
    before, after = MachineSnapshot(10.0, 0.0, 0.0, started=7), MachineSnapshot(10.04, 0.0, 0.0, started=8)
    assert surroundings(before, after, used(0.03, others_s=0.0), 0.03).foreign_s == pytest.approx(0.01)
    assert surroundings(before, replace(after, started=7), used(0.03), 0.03).foreign_s == pytest.approx(0.01)
    unknown = [replace(one, started=None) for one in (before, after)]
    assert surroundings(*unknown, used(0.03, others_s=0.0), 0.03).foreign_s == pytest.approx(0.01)


def test_a_tree_that_spins_beyond_the_region_is_not_somebody_else() -> None:
    before, after = MachineSnapshot(10.0, 0.0, 0.0), MachineSnapshot(10.06, 0.0, 0.0)
    assert surroundings(before, after, replace(used(0.03), tree_cpu_s=0.06), 0.03).foreign_s < 1e-9


@pytest.mark.parametrize(("others_s", "counts"), [(0.001, True), (0.01, False), (None, False)])
def test_waits_by_our_quota_are_our_own_where_nobody_shares_it(others_s: float | None, counts: bool) -> None:
    """On a busy host, in a container of its own: others outside of it did not use its quota up."""
    before, after = MachineSnapshot(10.0, 0.0, 0.0), MachineSnapshot(11.0, 0.0, 0.04)
    around = surroundings(before, after, replace(used(0.1, others_s), all_seen=False), 0.1)
    assert around.foreign_s == pytest.approx(0.9)
    assert (disturbance(0.1, 0.04, 2, around) is None) is counts


def test_where_nobody_tells_what_others_use_every_wait_counts() -> None:
    """As with lxcfs, or in a sandbox whose /proc/stat holds zeros."""
    nothing = MachineSnapshot(None, 0.0, 0.0)
    around = surroundings(nothing, nothing, used(0.1), 0.1, cores_online=2)
    assert disturbance(0.1, 0.001, 2, around) is None
    assert disturbance(0.1, 0.04, 2, around) == "what others used is not told; our threads waited for 0.40 cores"
    assert "neither" in (disturbance(0.1, None, 2, around) or "")


def pool(ended_s: float, delay_s: float | None = 0.0005) -> Usage:
    """Two threads that did 60 ms, some of it in threads that ended within the round and took their waits along."""
    return Usage(0.06, delay_s, (ThreadUse("python", 1, 1, 0.06 - ended_s),))


BESIDE_A_LOOP = Surroundings(0.03, 0.0, 0.0)


def test_threads_that_ended_may_have_waited_for_as_long_as_others_ran() -> None:
    """A pool made and closed within the region, beside a loop: it took 45 ms in place of 30."""
    waited_s = longest_wait_s(pool(0.059), 0.045, BESIDE_A_LOOP, 2, 2)
    assert waited_s == 0.03
    assert "our threads waited for 0.67 cores" in (disturbance(0.045, waited_s, 2, BESIDE_A_LOOP) or "")


@pytest.mark.parametrize(
    ("used_", "at_once", "online", "why"),
    [
        (pool(0.001), 2, 2, "all live on: their waits are known"),
        (pool(0.059), 2, 3, "a core each"),
        (pool(0.059), 0, 2, "nobody comes before them"),
        (pool(0.059, None), 2, 2, "nobody tells waits"),
    ],
)
def test_else_what_is_known_of_waits_is_all(used_: Usage, at_once: float, online: int, why: str) -> None:
    assert longest_wait_s(used_, 0.045, BESIDE_A_LOOP, at_once, online) == used_.delay_s, why


def test_a_tick_of_each_core_may_be_nobody() -> None:
    assert longest_wait_s(pool(0.059), 0.045, replace(BESIDE_A_LOOP, foreign_s=0.02, exact=False), 2, 2) == 0.0005


def test_but_those_whose_clocks_are_seen_are_somebody() -> None:
    """Threads of ours that come and go have everybody counted in ticks; who was there all along is known better."""
    before, after = MachineSnapshot(10.0, 0.0, 0.0, started=7), MachineSnapshot(10.06, 0.0, 0.0, started=9)
    beset = replace(pool(0.059), others_s=0.015, all_seen=True)
    around = surroundings(before, after, beset, 0.0375, cores_online=2)
    assert (around.foreign_s, around.balance_s, around.exact) == (0.015, pytest.approx(0.0), False)
    waited_s = longest_wait_s(beset, 0.0375, around, 2, 2)
    assert "our threads waited for 0.40 cores" in (disturbance(0.0375, waited_s, 2, around) or "")


def test_what_ticks_tell_adds_up_over_rounds() -> None:
    """Above and below: a bound to what can be would leave the one and cut off the other."""
    before = MachineSnapshot(10.0, 0.0, 0.0)
    told = [surroundings(before, MachineSnapshot(10.0 + ticks, 0.0, 0.0), used(0.03), 0.03) for ticks in (0.02, 0.04)]
    assert [one.foreign_s for one in told] == [0.0, pytest.approx(0.01)]
    assert sum(one.balance_s or math.nan for one in told) == pytest.approx(0.0)


def test_cores_that_the_threads_may_not_use_are_none_for_each() -> None:
    """Eight in the machine, two in reach: a neighbour among these has one of them."""
    assert a_core_each(2, 1.3, 0.67, 8)
    assert not a_core_each(2, 1.3, 0.67, 2)
    assert not a_core_each(2, 1.3, 0.67, None)
