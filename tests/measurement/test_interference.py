import math
from dataclasses import replace

import pytest

from pytest_multicore.measurement.interference import interference
from pytest_multicore.measurement.snapshots import MachineSnapshot
from pytest_multicore.measurement.usage import Usage
from pytest_multicore.rounds.round import ThreadUse


def used(cpu_s: float, others_s: float | None = None) -> Usage:
    return Usage(cpu_s, 0.0, (), others_s=others_s, all_visible=True)


def test_foreign_time_is_what_we_did_not_use() -> None:
    before, after = MachineSnapshot(10.0, 1.0, 0.0), MachineSnapshot(10.5, 1.0, 0.0)
    found = interference(before, after, used(0.3), 0.1)
    assert found.foreign_s == found.foreign_raw_s == pytest.approx(0.2)
    assert interference(before, after, used(0.9), 0.1).foreign_s == 0.0


def test_stolen_and_throttled_time_is_what_passed_meanwhile() -> None:
    before, after = MachineSnapshot(10.0, 1.0, 0.5), MachineSnapshot(10.5, 1.1, 0.7)
    found = interference(before, after, used(0.5), 0.1)
    assert (found.steal_s, found.throttled_s) == (pytest.approx(0.1), pytest.approx(0.2))


def test_a_clock_that_goes_back_tells_nothing() -> None:
    """As steal time does on some hosts, after a migration."""
    before, after = MachineSnapshot(10.0, 1.0, 0.5), MachineSnapshot(10.5, 0.9, 0.4)
    found = interference(before, after, used(0.5), 0.1)
    assert (found.steal_s, found.throttled_s) == (0.0, 0.0)


def test_others_cannot_have_used_more_than_all_cores() -> None:
    """A tick of 10 ms may be told within a round of 5 ms."""
    before, after = MachineSnapshot(10.0, 0.0, 0.0), MachineSnapshot(10.02, 0.0, 0.0)
    assert interference(before, after, used(0.005), 0.005, cores_online=2).foreign_s == 0.005


def test_a_tick_makes_no_neighbour_where_all_clocks_are_seen() -> None:
    before, after = MachineSnapshot(10.0, 0.0, 0.0, started=7), MachineSnapshot(10.04, 0.0, 0.0, started=7)
    found = interference(before, after, used(0.03, others_s=0.0002), 0.03)
    assert found.foreign_s == found.foreign_raw_s == 0.0002


@pytest.mark.parametrize("started", [(7, 8), (None, None), (None, 7)])
def test_somebody_who_came_or_may_have_is_counted_in_ticks(started: tuple[int | None, int | None]) -> None:
    before, after = (
        MachineSnapshot(busy_s, 0.0, 0.0, ever) for busy_s, ever in zip((10.0, 10.04), started, strict=True)
    )
    assert interference(before, after, used(0.03, others_s=0.0), 0.03).foreign_s == pytest.approx(0.01)


def test_somebody_who_went_is_counted_in_ticks() -> None:
    before, after = MachineSnapshot(10.0, 0.0, 0.0, started=7), MachineSnapshot(10.04, 0.0, 0.0, started=7)
    assert interference(before, after, used(0.03, others_s=None), 0.03).foreign_s == pytest.approx(0.01)


def test_where_some_are_not_to_be_seen_ticks_count() -> None:
    before, after = MachineSnapshot(10.0, 0.0, 0.0, started=7), MachineSnapshot(10.04, 0.0, 0.0, started=7)
    some = replace(used(0.03, others_s=0.0), all_visible=False)
    assert interference(before, after, some, 0.03).foreign_s == pytest.approx(0.01)


def test_those_whose_clocks_are_seen_are_somebody() -> None:
    """Threads of ours that come and go have everybody counted in ticks; who was there all along is known better."""
    before, after = MachineSnapshot(10.0, 0.0, 0.0, started=7), MachineSnapshot(10.06, 0.0, 0.0, started=9)
    beset = Usage(0.06, 0.0005, (ThreadUse("python", 1, 1, 0.001),), others_s=0.015, all_visible=True)
    around = interference(before, after, beset, 0.0375, cores_online=2)
    assert (around.foreign_s, around.foreign_raw_s) == (0.015, pytest.approx(0.0))


def test_a_tree_that_spins_beyond_the_region_is_not_somebody_else() -> None:
    before, after = MachineSnapshot(10.0, 0.0, 0.0), MachineSnapshot(10.06, 0.0, 0.0)
    assert interference(before, after, replace(used(0.03), tree_cpu_s=0.06), 0.03).foreign_s < 1e-9


def test_where_nobody_tells_what_others_use_they_may_have_used_all_that_we_left() -> None:
    """As with lxcfs, or in a sandbox whose /proc/stat holds zeros."""
    nothing = MachineSnapshot(None, 0.0, 0.0)
    around = interference(nothing, nothing, used(0.1), 0.1, cores_online=2)
    assert (around.foreign_s, around.foreign_raw_s) == (pytest.approx(0.1), None)
    assert interference(nothing, nothing, used(0.1), 0.1).foreign_s == math.inf, "nor how many cores there are"


def test_what_ticks_tell_adds_up_over_rounds() -> None:
    """Above and below: a bound to what can be would leave the one and cut off the other."""
    before = MachineSnapshot(10.0, 0.0, 0.0)
    told = [interference(before, MachineSnapshot(10.0 + ticks, 0.0, 0.0), used(0.03), 0.03) for ticks in (0.02, 0.04)]
    assert [one.foreign_s for one in told] == [0.0, pytest.approx(0.01)]
    assert sum(one.foreign_raw_s or math.nan for one in told) == pytest.approx(0.0)
