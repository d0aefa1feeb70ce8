"""When the sides go into the real-time class, and whether they stay there, from literals."""

from dataclasses import replace

import pytest

from pytest_multicore.measurement.real_time import does_same_work, wants_real_time, with_row
from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import MIN_ROUNDS_WITH_WAITS, TRIAL_ROWS
from pytest_multicore.verdicts.judge import decide
from pytest_multicore.verdicts.limits import Limits
from tests.rounds import look, made, spaced

CALM = made(0.1, 1.0, threads=1)
#: Two threads of which one waits for a third of the time: for a neighbour, or for the other beside a free core.
WAITING = made(0.1, 1.5, demand=1.8)
#: Three threads on two cores.
CROWDED = made(0.1, 2.0, threads=3, demand=3.0)


def within(wall_s: float, cores: float, speed: float | None = None, repeat: int = 1) -> Round:
    """In the real-time class."""
    control = None if speed is None else look(2, speed)
    return replace(made(wall_s, cores, control=control, repeat=repeat), real_time=True)


def trial(one: Round, other: Round = CALM) -> list[tuple[Round, ...]]:
    """Rows of two sides of which each takes the same all along."""
    return [(one, other)] * TRIAL_ROWS


@pytest.mark.parametrize(("waits", "wanted"), [(MIN_ROUNDS_WITH_WAITS - 1, False), (MIN_ROUNDS_WITH_WAITS, True)])
def test_a_round_or_two_with_waits_are_no_reason(waits: int, wanted: bool) -> None:
    rows = [(WAITING if number < waits else CALM, CALM) for number in range(TRIAL_ROWS)]
    assert wants_real_time(rows, 2.0) is wanted


def test_waits_of_all_sides_count() -> None:
    rows = [(WAITING, CALM), (CALM, WAITING), (CALM, WAITING)]
    assert wants_real_time(rows, 2.0)


def test_short_waits_are_none() -> None:
    assert not wants_real_time(trial(made(0.1, 1.5, demand=1.54)), 2.0)
    assert wants_real_time(trial(made(0.1, 1.5, demand=1.56)), 2.0)


def test_waits_for_a_quota_of_ours_are_none() -> None:
    """Nobody's class gives more than is granted."""
    throttled = replace(WAITING, throttled_s=0.03)
    assert not wants_real_time(trial(throttled), 2.0)


def test_waits_that_nobody_tells_are_no_reason() -> None:
    assert not wants_real_time(trial(replace(WAITING, delay_s=None, foreign_s=0.1)), 2.0)


def test_threads_that_share_the_baselines_one_core_are_no_reason_against_it() -> None:
    """DuckDB and process pools size themselves by the machine, also where vary="cores" leaves them one core."""
    baseline = replace(made(0.2, 1.0, threads=2, demand=2.0), cores_open=1)
    assert wants_real_time(trial(WAITING, baseline), 2.0)


def test_it_does_not_matter_who_had_the_core() -> None:
    """A scheduler may leave two threads of ours on one core, and the other free."""
    assert wants_real_time(trial(replace(WAITING, foreign_s=0.0)), 2.0)
    assert wants_real_time(trial(replace(WAITING, foreign_s=0.1)), 2.0)


@pytest.mark.parametrize("crowded", [0, 1])
def test_more_threads_than_cores_on_one_side_keep_both_from_it(crowded: int) -> None:
    """They are in each other's way; and one that spins would keep its core from the one that it waits for."""
    sides = (CROWDED, WAITING) if crowded == 0 else (WAITING, CROWDED)
    assert not wants_real_time([sides] * TRIAL_ROWS, 2.0)
    assert wants_real_time([sides] * TRIAL_ROWS, 3.0), "three cores are enough"


def test_threads_that_may_use_one_core_alone_are_too_many_for_it() -> None:
    pinned = made(0.1, 1.0, demand=1.8, cores_open=1.0)
    assert not wants_real_time(trial(pinned), 2.0)
    assert wants_real_time(trial(replace(pinned, cores_open=2.0)), 2.0)


def test_one_round_beyond_the_cores_is_chance() -> None:
    """A wait told in ticks may be longer than it was."""
    assert wants_real_time([(WAITING, CALM), (CROWDED, CALM), (WAITING, CALM)], 2.0)
    assert not wants_real_time([(CROWDED, CALM), (WAITING, CALM), (CROWDED, CALM)], 2.0)


def test_one_side_alone_may_want_it() -> None:
    assert wants_real_time([(WAITING,)] * TRIAL_ROWS, 2.0)


def test_a_program_that_burns_a_core_in_that_class_does_not_keep_its_work() -> None:
    """As multiprocessing.Pool at its end."""
    before, calm = trial(made(0.065, 1.07)), within(0.1, 1.0)
    assert not does_same_work(before, trial(within(0.057, 1.73), calm))
    assert does_same_work(before, trial(within(0.057, 1.22), calm))


def test_one_side_that_does_other_work_is_enough() -> None:
    before = trial(made(0.1, 2.0), CALM)
    assert not does_same_work(before, trial(within(0.1, 2.0), within(0.1, 1.5)))
    assert not does_same_work(before, trial(within(0.15, 2.0), within(0.1, 1.0)))
    assert does_same_work(before, trial(within(0.1, 2.0), within(0.1, 1.0)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (made(0.12, 1.0, demand=2.0), within(0.06, 2.0)),
        (made(0.13, 1.0), within(0.065, 2.0)),
        (made(0.06, 1.0), within(0.11, 0.5)),
        (made(0.1, 2.0), within(0.1, 1.2)),
        (made(0.03, 2.0, control=look(2, 100.0)), within(0.045, 2.0, speed=60.0)),
        (made(0.03, 2.0, control=look(2, 100.0)), within(0.035, 2.0, speed=100.0)),
        (made(0.03, 2.0), within(0.06, 2.0, repeat=2)),
    ],
    ids=[
        "waits are over",
        "so are those of threads that ended",
        "it takes longer and works as much",
        "less is wasted",
        "the cores became slow, as the control shows",
        "a little more is chance",
        "it ran twice as often",
    ],
)
def test_the_same_work_in_another_time_is_the_same(before: Round, after: Round) -> None:
    assert does_same_work(trial(before), trial(after, within(0.1, 1.0)))


def test_work_is_counted_by_what_the_control_did_in_cpu_time() -> None:
    """One that was displaced did half in the same wall time: its core was as fast as before."""
    before = trial(made(0.03, 2.0, control=look(2, 50.0, share=0.5)))
    assert not does_same_work(before, trial(within(0.045, 2.0, speed=100.0), within(0.1, 1.0)))
    assert does_same_work(before, trial(within(0.03, 2.0, speed=100.0), within(0.1, 1.0)))


def test_one_odd_round_in_three_does_not_change_the_work() -> None:
    rows = trial(within(0.1, 1.0), within(0.1, 1.0))
    odd = [(within(0.3, 1.0), within(0.1, 1.0)), *rows[1:]]
    assert does_same_work(trial(CALM), odd)
    assert not does_same_work(trial(CALM), [*odd[:1], *odd[:1], *rows[2:]])


def test_a_class_that_one_side_alone_is_in_is_for_none() -> None:
    assert not does_same_work(trial(CALM), trial(within(0.1, 1.0), CALM))
    assert not does_same_work(trial(CALM), trial(CALM, CALM))


def test_a_class_that_a_side_left_meanwhile_is_for_none() -> None:
    """A new interpreter for each round may be refused what the others had."""
    rows = trial(within(0.1, 1.0), within(0.1, 1.0))
    assert not does_same_work(trial(CALM), [*rows[1:], (within(0.1, 1.0), CALM)])


def test_rows_join_those_of_their_class() -> None:
    rows = list[tuple[Round, ...]]()
    for _ in range(3):
        rows = with_row(rows, (CALM, CALM))
    assert rows == [(CALM, CALM)] * 3


def test_a_row_on_trial_is_none() -> None:
    rows = [(CALM, CALM)]
    assert with_row(rows, ()) == rows


def test_rows_of_another_class_than_the_last_are_dropped() -> None:
    row = (within(0.1, 1.0), within(0.1, 1.0))
    rows = with_row([(CALM, CALM)] * 3, row)
    assert rows == [row]
    assert with_row(rows, row) == [row, row]


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        (Limits(max_cores=1.3), "passed"),
        (Limits(min_cores=1.3), "failed"),
        (Limits(max_speedup=1.3), "passed"),
        (Limits(min_speedup=1.3), "failed"),
    ],
    ids=str,
)
@pytest.mark.parametrize("speeds", [(1.0, 0.8), None], ids=["cores a quarter slower", "no control"])
@pytest.mark.parametrize("changes_class", [True, False])
def test_rounds_that_took_longer_in_another_class_or_spell_leave_nothing_open(
    limits: Limits, outcome: str, speeds: tuple[float, float] | None, changes_class: bool
) -> None:
    """Two rows of 0.100 s, then 200 of 0.125 s, at one core on both sides: the sides are alike all along.

    CPU seconds are held against each other within a row, or by the speed of the cores, and never across the change.
    """

    def row(wall_s: float, speed: float | None, real_time: bool) -> tuple[Round, ...]:
        return tuple(
            replace(
                made(wall_s, 1.0, threads=threads, cores_online=2, control=look(threads, speed) if speed else None),
                real_time=real_time,
            )
            for threads in (2, 1)
        )

    before, after = speeds or (None, None)
    taken: list[tuple[Round, ...]] = []
    for one in spaced([row(0.1, before, False)] * 2 + [row(0.125, after, changes_class)] * 200, 0.3):
        taken = with_row(taken, one)

    assert len(taken) == (200 if changes_class else 202)
    assert [verdict.outcome.value for verdict in decide(limits, taken, 0.99)] == [outcome]
