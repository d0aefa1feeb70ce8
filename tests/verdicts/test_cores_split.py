"""Where the contender's cores went, from rounds made of literals."""

from dataclasses import fields, replace
from typing import Any

import pytest

from pytest_multicore.rounds.round import Control, Round, ThreadUse
from pytest_multicore.verdicts.cores_split import CoresSplit, RowParts, contender_cores, cores_split
from pytest_multicore.verdicts.statistics import Interval
from tests.rounds import look, made

PARTS = RowParts._fields
#: The main thread's process and thread id; others have ids of their own.
MAIN = 7


def side(wall_s: float, *loads: float, main: bool = False, cores_open: float = 2, **other: float) -> Round:
    """A contender of 2 threads on 2 cores, and the shares of it in which each was busy; the first may be the main."""
    use = tuple(ThreadUse("python", MAIN, MAIN + place + (not main), load * wall_s) for place, load in enumerate(loads))
    taken = made(wall_s, sum(loads), cores_open=cores_open, cores_online=2, control=look(2))
    seconds = {name: value * wall_s for name, value in other.items()}
    return replace(taken, thread_use=use, **seconds)  # type: ignore[arg-type]


def alone(wall_s: float, cores: float = 1.0) -> Round:
    """A baseline of one thread."""
    return made(wall_s, cores, threads=1, cores_open=2, cores_online=2, control=look(1))


def split(contender: Round, baseline: Round, rows: int = 12) -> CoresSplit:
    found = cores_split([(contender, baseline)] * rows, 0.99)
    assert found
    return found


def estimates(found: CoresSplit) -> dict[str, float]:
    """The parts that are not nothing."""
    told = {name: interval(found, name).estimate for name in PARTS}
    return {name: round(cores, 6) for name, cores in told.items() if cores > 1e-9}


def interval(found: CoresSplit, name: str) -> Interval:
    part = getattr(found, name)
    assert isinstance(part, Interval)
    return part


def low_and_high(found: CoresSplit, name: str) -> object:
    return pytest.approx((interval(found, name).low, interval(found, name).high))


def test_the_parts_are_those_of_a_row() -> None:
    assert [one.name for one in fields(CoresSplit)] == ["cores", *PARTS]


def test_a_program_that_scales_has_all_its_cores_useful() -> None:
    found = split(side(0.1, 1.0, 1.0), alone(0.2))
    assert found.cores == 2
    assert estimates(found) == {"useful": 2.0}


def test_a_serial_program_leaves_a_core_idle() -> None:
    found = split(side(0.1, 1.0, main=True), alone(0.1))
    assert estimates(found) == {"useful": 1.0, "idle": 1.0}
    assert low_and_high(found, "uneven") == (0.0, 0.0)


def test_a_half_that_is_serial_is_idle() -> None:
    """The main thread works for half of the time, and two of a pool for the other half."""
    found = split(side(0.15, 2 / 3, 1 / 3, 1 / 3, main=True), alone(0.2))
    assert estimates(found) == {"useful": 1.333333, "idle": 0.666667}


def test_spinning_is_extra_cpu() -> None:
    assert estimates(split(side(0.1, 1.0, 1.0), alone(0.1))) == {"useful": 1.0, "extra_cpu": 1.0}


def test_the_shares_of_a_pool_that_differ_are_uneven() -> None:
    """Three quarters of the work in one thread of the pool, and one in the other."""
    found = split(side(0.15, 1.0, 1 / 3), alone(0.2))
    assert estimates(found) == {"useful": 1.333333, "uneven": 0.666667}
    assert low_and_high(found, "uneven") == (2 / 3, 2 / 3), "one of them was at work all the time"


def test_shares_that_change_hands_look_even() -> None:
    """Three quarters of each call in one thread of the pool, now in this one and now in that."""
    found = split(side(0.15, 2 / 3, 2 / 3), alone(0.2))
    assert estimates(found) == {"useful": 1.333333, "idle": 0.666667}
    assert low_and_high(found, "uneven") == (0.0, 2 / 3)


def test_a_main_thread_with_less_than_the_others_is_uneven_or_hands_out_work() -> None:
    found = split(side(0.15, 1 / 3, 1.0, main=True), alone(0.2))
    assert estimates(found) == {"useful": 1.333333, "uneven": 0.666667}
    assert low_and_high(found, "uneven") == (0.0, 2 / 3)
    assert low_and_high(found, "idle") == (0.0, 2 / 3)


def test_a_main_thread_with_more_than_the_others_has_a_serial_part_or_is_uneven() -> None:
    found = split(side(0.15, 1.0, 1 / 3, main=True), alone(0.2))
    assert estimates(found) == {"useful": 1.333333, "idle": 0.666667}
    assert low_and_high(found, "uneven") == (0.0, 2 / 3)
    assert low_and_high(found, "idle") == (0.0, 2 / 3)


def test_the_main_thread_of_a_process_pool_is_the_first_processs() -> None:
    """It works for half of the time, and four others for the rest: none of it is uneven."""
    taken = made(0.1, 1.0, threads=4, cores_open=4, cores_online=4, control=look(4))
    use = (ThreadUse("python", 3, 3, 0.05), *(ThreadUse("python", pid, pid, 0.0125) for pid in (4, 5, 6, 9)))
    found = split(replace(taken, thread_use=use), alone(0.1))
    assert estimates(found) == {"useful": 1.0, "idle": 3.0}


def test_a_helper_that_wakes_up_is_no_part_of_a_team() -> None:
    found = split(side(0.1, 0.95, 0.05), alone(0.1))
    assert estimates(found) == {"useful": 1.0, "idle": 1.0}
    assert low_and_high(found, "uneven") == (0.0, 0.0)


def test_more_threads_than_cores_take_turns() -> None:
    found = split(side(0.1, *[0.25] * 8), alone(0.2))
    assert estimates(found) == {"useful": 2.0}
    found = split(side(0.1, 0.6, 0.6, 0.3), alone(0.15))
    assert estimates(found) == {"useful": 1.5, "idle": 0.5}


def test_threads_that_take_turns_may_be_uneven_or_not() -> None:
    """A lock that one of them gets more often: none of them is at work all the time."""
    found = split(side(0.1, 0.65, 0.35), alone(0.1))
    assert estimates(found) == {"useful": 1.0, "uneven": 0.3, "idle": 0.7}
    assert low_and_high(found, "uneven") == (0.0, 1.0)
    assert low_and_high(found, "idle") == (0.0, 1.0)


def test_threads_that_ended_leave_open_what_is_uneven() -> None:
    found = split(made(0.1, 1.5, ended_share=0.9, cores_open=2, control=look(2)), alone(0.15))
    assert estimates(found) == {"useful": 1.5, "idle": 0.5}
    assert low_and_high(found, "uneven") == (0.0, 0.5)
    assert low_and_high(found, "idle") == (0.0, 0.5)


def test_what_a_neighbour_had_was_waited_for() -> None:
    found = split(side(0.1, 0.7, 0.7, delay_s=0.6, foreign_s=0.5), alone(0.14))
    assert estimates(found) == {"useful": 1.4, "idle": 0.1, "waited": 0.5}


def test_threads_that_wait_for_each_other_wait_for_no_others() -> None:
    assert estimates(split(side(0.1, 0.7, 0.7, delay_s=0.6), alone(0.14))) == {"useful": 1.4, "idle": 0.6}


def test_a_serial_program_beside_a_neighbour_waits_for_nobody() -> None:
    assert estimates(split(side(0.1, 1.0, main=True, foreign_s=1.0), alone(0.1))) == {"useful": 1.0, "idle": 1.0}


@pytest.mark.parametrize("name", ["steal_s", "throttled_s"])
def test_steal_and_throttling_are_waited_for(name: str) -> None:
    seconds: dict[str, Any] = {name: 0.4}
    taken = side(0.1, 0.8, 0.8, **seconds)
    assert estimates(split(taken, alone(0.16))) == {"useful": 1.6, "waited": 0.4}


def test_background_load_stands_in_for_waits_that_are_unknown() -> None:
    contender = replace(side(0.1, 0.7, 0.7, foreign_s=0.5), delay_s=None)
    found = split(contender, alone(0.14))
    assert estimates(found) == {"useful": 1.4, "idle": 0.1, "waited": 0.5}
    assert low_and_high(found, "waited") == (0.0, 0.5)
    serial = replace(side(0.1, 1.0, main=True, foreign_s=1.0), delay_s=None)
    assert estimates(split(serial, alone(0.1))) == {"useful": 1.0, "idle": 1.0}, "one thread wants one core"


def test_cores_that_are_slower_together_are_not_given() -> None:
    """Each does four fifths of what one alone does: so does the control's."""
    contender = replace(side(0.125, 1.0, 1.0), control=look(2, 0.8))
    assert estimates(split(contender, alone(0.2))) == {"useful": 1.6, "not_given": 0.4}


def test_what_slow_cores_do_not_explain_is_extra_cpu() -> None:
    contender = replace(side(0.2, 1.0, 1.0), control=look(2, 0.8))
    assert estimates(split(contender, alone(0.2))) == {"useful": 1.0, "extra_cpu": 0.75, "not_given": 0.25}


def test_a_control_that_had_to_wait_was_not_slower_for_it() -> None:
    contender = replace(side(0.2, 1.0, 1.0), control=Control(2, 0.5, 0.5, total=1.5))
    assert estimates(split(contender, alone(0.2))) == {"useful": 1.0, "extra_cpu": 1.0}


def test_slow_cores_are_no_excuse_for_a_part_that_ran_on_one() -> None:
    """Busy on 2 cores for a tenth of the time: p is 2 x 0.1 / 1.1, and 0.1 of the busy cores are no use."""
    contender = replace(side(0.1, 0.55, 0.55), control=look(2, 0.5))
    not_given = interval(split(contender, alone(0.1)), "not_given")
    assert not_given.estimate == pytest.approx(0.1)
    milder = replace(contender, control=look(2, 0.8))
    assert interval(split(milder, alone(0.1)), "not_given").estimate == pytest.approx(0.25 * 0.2 / 1.1)


@pytest.mark.parametrize("control", [None, look(1), look(2, 0.0), look(2, share=0.0)])
def test_without_a_control_the_extra_cpu_may_be_the_hosts(control: Control | None) -> None:
    contender = replace(side(0.1, 1.0, 1.0), control=control)
    found = split(contender, alone(0.1))
    assert estimates(found) == {"useful": 1.0, "extra_cpu": 1.0}
    assert low_and_high(found, "not_given") == (0.0, 1.0)
    assert low_and_high(found, "extra_cpu") == (0.0, 1.0)


def test_a_gain_beyond_the_cores_is_none_of_them() -> None:
    assert estimates(split(side(0.1, 0.95, 0.95), alone(0.25))) == {"useful": 1.9, "idle": 0.1}


def test_a_pool_that_keeps_to_no_setting_is_scaled_to_the_cores_that_it_was_told_to_use() -> None:
    """Four cores busy where two were asked for, half of it for nothing."""
    contender = made(0.1, 4.0, threads=2, cores_open=4, control=look(2))
    assert estimates(split(contender, alone(0.2))) == {"useful": 1.0, "extra_cpu": 1.0}


def test_a_program_that_pins_itself_leaves_idle_what_it_gave_away() -> None:
    pinned = side(0.1, 0.5, 0.5, cores_open=1)
    assert contender_cores(pinned) == 2
    assert estimates(split(pinned, alone(0.1))) == {"useful": 1.0, "idle": 1.0}


def test_a_quota_makes_the_cores_a_fraction() -> None:
    found = split(side(0.1, 0.8, 0.8, cores_open=1.6, throttled_s=0.4), alone(0.16))
    assert found.cores == 1.6
    assert estimates(found) == {"useful": 1.6}


def test_cores_of_an_unknown_number_cannot_be_split() -> None:
    contender = made(threads=None)
    assert cores_split([(contender, alone(0.1))] * 12, 0.99) is None


def test_few_rows_give_no_bounds() -> None:
    found = split(side(0.1, 1.0, 1.0), alone(0.1), rows=3)
    assert {interval(found, name).bounded for name in PARTS} == {False}
    assert sum(estimates(found).values()) == 2


def test_losses_that_come_and_go_are_shared_out_as_they_were_on_the_whole() -> None:
    """Each is absent from most rows: the medians of all losses are 0, and yet half a core is lost."""
    rows = [
        (side(0.1, 1.0, 1.0), alone(0.15)),
        (side(0.1, 0.75, 0.75), alone(0.15)),
        (side(0.1, 0.75, 0.75, steal_s=0.5), alone(0.15)),
    ]
    found = cores_split(rows * 5, 0.99)
    assert found
    assert estimates(found) == pytest.approx({"useful": 1.5, "extra_cpu": 1 / 6, "idle": 1 / 6, "waited": 1 / 6}, 1e-5)


def test_a_small_loss_of_each_row_does_not_stand_in_for_large_ones_of_some() -> None:
    rows = [
        (side(0.1, 1.0, 0.99), alone(0.15)),
        (side(0.1, 0.75, 0.74), alone(0.149)),
        (side(0.1, 0.75, 0.74, steal_s=0.5), alone(0.149)),
    ]
    found = cores_split(rows * 5, 0.99)
    assert found
    assert estimates(found)["uneven"] < 0.02
