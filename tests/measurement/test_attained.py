"""What the granted cores attain, from bursts of the control as a busy machine leaves them."""

import pytest

from pytest_multicore.measurement.attained_speedup import attained, attained_now
from pytest_multicore.measurement.control_workers import Burst
from pytest_multicore.rounds.tolerances import DOCTOR_ROWS, MAX_DOCTOR_ROWS

FREE, NOTHING = Burst(100.0, 1.0), Burst(0.0, 0.0)


class Script:
    """Workers whose burst alone is the next of a script, over and over; with others it is always the same."""

    def __init__(self, *alone: Burst) -> None:
        self.alone, self.rows = alone, 0

    def bursts(self, cores: int, length_s: float) -> list[Burst]:
        """See control.ControlRuns."""
        if cores == 1:
            self.rows += 1
            return [self.alone[(self.rows - 1) % len(self.alone)]]
        return [FREE] * cores


def test_workers_that_get_nothing_by_turns_do_not_attain_nothing() -> None:
    """The slowest of each burst stands still, and each of them goes on half of the time."""
    together = [(FREE, NOTHING), (NOTHING, FREE)] * 3
    found = attained([FREE] * 6, together)
    assert found.speedup == pytest.approx(1.0)
    assert (found.alone_share, found.least_share) == (1.0, 0.5)


def test_a_worker_that_never_gets_any_time_tells_no_speed_up() -> None:
    found = attained([FREE] * 5, [(FREE, NOTHING)] * 5)
    assert (found.speedup, found.alone_share, found.least_share) == (None, 1.0, 0.0)


def test_bursts_that_were_disturbed_are_no_speed_of_one_core() -> None:
    """Two cores attain no more than two, however slow some bursts of one were."""
    found = attained([Burst(20.0, 0.2), FREE, Burst(50.0, 0.5), FREE, FREE], [(FREE, FREE)] * 5)
    assert found.speedup == pytest.approx(2.0)
    assert found.alone_share == pytest.approx((0.5 + 1.0 + 1.0) / 3)


def test_without_a_core_for_one_worker_there_is_nothing_to_compare_with() -> None:
    found = attained([FREE, FREE, *[Burst(40.0, 0.4)] * 13], [(Burst(40.0, 0.4),) * 2] * 15)
    assert found.speedup is None
    assert found.least_share == pytest.approx(0.4)


def test_one_disturbed_burst_changes_nothing() -> None:
    assert attained([FREE] * 5, [(FREE, FREE)] * 4 + [(FREE, NOTHING)]).speedup == pytest.approx(2.0)


def test_a_busy_machine_gets_more_rows_until_one_worker_was_undisturbed_in_some() -> None:
    free, busy, in_part = Script(FREE), Script(NOTHING), Script(NOTHING, NOTHING, FREE)
    for script in (free, busy, in_part):
        assert attained_now(script, 2) is not None
    assert (free.rows, busy.rows, in_part.rows) == (DOCTOR_ROWS, MAX_DOCTOR_ROWS, 9)
