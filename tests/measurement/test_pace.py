"""What is made of the cores' speeds, with a yardstick that says what the test wants."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from pytest_multicore.measurement.pace import FIRST_LOOKS, LEAST_SHARE_OF_ALONE, Pacer


@dataclass
class Told:
    """Each core's speed, and how much of it is left when all are at work."""

    speeds_now: list[float | None]
    together: float = 1.0
    copied: float | None = 50.0
    copied_beside: float | None = 50.0
    asked: list[list[int]] = field(default_factory=list)

    @property
    def cpus(self) -> Sequence[int | None]:
        return [10 + number for number in range(len(self.speeds_now))]

    @property
    def pids(self) -> set[int]:
        return {4, 5}

    def speeds(self, workers: Sequence[int]) -> list[float | None]:
        self.asked.append(list(workers))
        share = self.together if len(workers) > 1 else 1.0
        return [None if (speed := self.speeds_now[worker]) is None else share * speed for worker in workers]

    def copy_speed(self, worker: int, also: Sequence[int]) -> float | None:
        self.asked.append([worker, *also])
        return self.copied if also else self.copied_beside


def made(*speeds: float | None, together: float = 1.0, cores_real: int | None = None) -> tuple[Pacer, Told]:
    told = Told(list(speeds), together)
    return Pacer(told, len(speeds) if cores_real is None else cores_real), told


def test_the_slowest_core_sets_the_pace() -> None:
    pacer, _ = made(100.0, 60.0)
    pacer.get_to_know(1, 2)
    assert pacer.after_round(1.98, []).speed == 60.0
    assert pacer.after_round(1.0, near=[10]).speed == 100.0
    pacer.after_round(1.0, near=[11])
    assert pacer.after_round(1.0, near=[11]).speed == 60.0


@pytest.mark.parametrize(
    ("busy", "cores"), [(0.4, 1), (1.0, 1), (1.2, 1), (1.3, 2), (2.0, 2), (2.2, 2), (3.9, 4), (9.0, 9)]
)
def test_a_round_is_about_as_many_cores_as_it_kept_busy(busy: float, cores: int) -> None:
    pacer, told = made(*[100.0] * 4)
    assert pacer.after_round(busy, []).cores == cores
    assert len(told.asked[-1]) == min(cores, 4), "no more can be looked at than there are"


def test_a_pace_is_the_worse_of_before_and_after() -> None:
    pacer, told = made(100.0, 100.0)
    pacer.get_to_know(2)
    told.together = 0.5
    assert pacer.after_round(2.0, []).speed == 50.0
    told.together = 1.0
    pace = pacer.after_round(2.0, [])
    assert (pace.speed, pace.fastest) == (50.0, 100.0)
    assert pacer.after_round(2.0, []).speed == 100.0


def test_a_core_that_was_not_to_be_had_leaves_the_pace_unknown() -> None:
    pacer, told = made(100.0, 100.0)
    pacer.get_to_know(2)
    told.speeds_now[1] = None
    assert pacer.after_round(2.0, []).speed is None
    told.speeds_now[1] = 100.0
    assert pacer.after_round(2.0, []).speed is None, "nor is it known before the next round"
    assert pacer.after_round(2.0, []).speed == 100.0


def test_the_best_that_was_seen_is_the_full_speed() -> None:
    pacer, told = made(100.0, 100.0, together=0.9)
    pacer.get_to_know(1, 2)
    assert (pacer.full_speed(1), pacer.full_speed(2)) == (100.0, 90.0)
    assert pacer.cores_attainable == pytest.approx(1.8)
    told.together = 0.97
    pacer.after_round(2.0, [])
    assert pacer.full_speed(2) == 97.0


def test_two_that_were_never_seen_fast_are_held_against_one_alone() -> None:
    shared, _ = made(100.0, 100.0, together=0.5)
    shared.get_to_know(1, 2)
    assert shared.full_speed(2) == 100 * LEAST_SHARE_OF_ALONE
    assert not shared.after_round(2.0, []).full_is_seen
    assert shared.after_round(1.0, []).full_is_seen
    assert shared.cores_attainable == pytest.approx(1.0)


def test_two_threads_of_one_real_core_are_not_expected_to_be_two_cores() -> None:
    pacer, _ = made(100.0, 100.0, together=0.6, cores_real=1)
    pacer.get_to_know(1, 2)
    assert pacer.full_speed(2) == 60.0


def test_every_core_is_looked_at_alone() -> None:
    pacer, told = made(100.0, 100.0, 100.0)
    pacer.get_to_know(1)
    assert told.asked == [[0], [1], [2]][:FIRST_LOOKS]


def test_a_neighbour_beside_us_may_take_the_memory() -> None:
    pacer, told = made(100.0, 100.0)
    pacer.get_to_know(1, 2)
    assert pacer.after_round(1.0, []).memory is None, "nobody was there"
    told.copied_beside = 25.0
    assert pacer.after_round(1.0, [11], foreign_cores=1.0).memory == 0.5
    assert told.asked[-2:] == [[1], [1, 0]]
    assert pacer.after_round(2.0, [11], foreign_cores=1.0).memory is None, "we leave no core free"
    told.copied = None
    assert pacer.after_round(1.0, [11], foreign_cores=1.0).memory is None


def test_nothing_is_attained_before_anybody_looked() -> None:
    pacer, _ = made(100.0, 100.0)
    assert pacer.cores_attainable is None
    assert pacer.full_speed(2) == 0.0
