"""How rounds take turns and how long they are, with sides of known speed and a machine that stands still."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise

import pytest

from pytest_multicore.measurement.bench import ROUND_S
from pytest_multicore.measurement.pace import Pace
from tests.measurement.sides import bench
from tests.rounds import made


@pytest.mark.parametrize("seed", range(4))
def test_sides_take_turns_and_each_row_is_in_the_sides_order(seed: int) -> None:
    made, diary, _ = bench(0.1, 0.2, seed=seed)
    rows = list(islice(made.rows(), 4))
    assert [[one.wall_s for one in row] for row in rows] == [[0.1, 0.2]] * 4
    assert [sorted(diary[at : at + 2]) for at in range(0, 8, 2)] == [[0, 1]] * 4


def test_a_round_knows_for_how_long_its_clocks_were_read() -> None:
    made, _, sides = bench(0.1, 0.2)
    sides[1].clocks_s = 1e-4
    assert [one.clocks_s for one in next(made.rows())] == [0.0, 1e-4]


def test_each_row_begins_with_a_side_drawn_by_the_seed() -> None:
    begun = []
    for seed in (0, 0, 1):
        made, diary, _ = bench(0.1, 0.2, seed=seed)
        list(islice(made.rows(), 200))
        begun.append(diary[::2])
    assert begun[0] == begun[1] != begun[2]
    changes = sum(one != other for one, other in pairwise(begun[0]))
    assert 70 < sum(begun[0]) < 130
    assert 70 < changes < 130


def test_a_side_is_paused_while_the_other_runs() -> None:
    made, _, sides = bench(0.1, 0.2)
    list(islice(made.rows(), 3))
    assert [side.pauses for side in sides] == [3, 3]


def test_the_seed_decides_who_begins() -> None:
    beginners = set()
    for seed in range(20):
        made, diary, _ = bench(0.1, 0.2, seed=seed)
        next(made.rows())
        beginners.add(diary[0])
    assert beginners == {0, 1}


@pytest.mark.parametrize("fastest_s", [1e-7, 1e-6, 3e-4, 0.01, 0.02])
def test_short_work_is_repeated_to_fill_a_round(fastest_s: float) -> None:
    made, _, sides = bench(fastest_s, 3 * fastest_s)
    row = next(made.rows())
    assert row[0].repeat == row[1].repeat
    assert ROUND_S / 2 <= row[0].wall_s <= ROUND_S * 1.5
    assert len(sides[0].repeats) < 6, "finding the number must not take longer than measuring"


def test_the_number_of_repeats_stays() -> None:
    made, _, sides = bench(0.01, 0.02)
    list(islice(made.rows(), 4))
    assert sides[0].repeats == [1, 3, 3, 3, 3]


def test_a_first_run_tells_how_often_and_no_round_is_wasted() -> None:
    made, _, sides = bench(0.001, 0.002)
    sides[0].first_s, sides[1].first_s = 0.0014, 0.0025
    list(islice(made.rows(), 2))
    assert sides[0].repeats == [22, 22], "a first run is cold: 22 of 1 ms are near enough to 30 ms"


def test_a_first_run_that_took_very_long_is_only_a_beginning() -> None:
    made, _, sides = bench(0.001, 0.002)
    sides[0].first_s, sides[1].first_s = 5.0, 5.0
    list(islice(made.rows(), 2))
    assert sides[0].repeats == [1, 30, 30]


def test_long_work_runs_once_a_round_and_no_round_is_wasted() -> None:
    made, _, sides = bench(3.0, 5.0)
    list(islice(made.rows(), 2))
    assert sides[0].repeats == [1, 1]


def test_a_side_that_never_rests_disturbs_the_other() -> None:
    made, _, _ = bench(0.1, 0.1, spins=True)
    row = next(made.rows())
    assert [one.quiet for one in row] == [False, False]
    assert "never came to rest" in (row[0].disturbance or "")


def test_one_side_alone_waits_for_nobody() -> None:
    made, _, _ = bench(0.1, spins=True)
    (only,) = next(made.rows())
    assert only.disturbance is None


@dataclass
class Watching:
    """A pacer that writes down what it is asked."""

    known: list[tuple[int, ...]] = field(default_factory=list)
    after: list[tuple[float, Sequence[int]]] = field(default_factory=list)

    def get_to_know(self, *cores: int) -> None:
        self.known.append(cores)

    def after_round(self, busy_cores: float, near: Sequence[int], foreign_cores: float) -> Pace:
        assert foreign_cores >= 0
        self.after.append((busy_cores, near))
        return Pace(1, 90.0, 100.0)


def test_the_cores_are_looked_at_after_each_round_while_its_side_stands_still() -> None:
    made, _, sides = bench(0.1, 0.2)
    made.pacer = watching = Watching()  # type: ignore[assignment]
    (row,) = islice(made.rows(), 1)
    assert watching.known == [(2, 2)]
    assert watching.after == [(1.0, []), (1.0, [])]
    assert row[0].pace == Pace(1, 90.0, 100.0)
    assert [side.pauses for side in sides] == [2, 2], "once for the other's round, once for the look"


def test_a_thread_that_ended_is_missed_in_short_rounds_too() -> None:
    """Of 18 ms of work 6 were done by one that is gone."""
    taken = made(0.015, 1.2, ended_share=0.33)
    assert not taken.all_threads_seen
    assert made(0.015, 1.2).all_threads_seen
    assert replace(taken, delay_s=None).all_threads_seen, "in ticks of 10 ms that cannot be told"
