"""Figures of one side, of two, and of a series."""

import math
from dataclasses import replace

import pytest

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.statistics import Interval
from tests.rounds import disturbed, look, made, rows, spaced


def test_a_measurement_is_of_one_repetition() -> None:
    measured = figures.measurement([made(wall_s=0.2, cores=1.5, repeat=4)] * 9, 0.99)
    assert measured.wall_s.estimate == pytest.approx(0.05)
    assert measured.cpu_s.estimate == pytest.approx(0.075)
    assert measured.cores.estimate == pytest.approx(1.5)


def test_cores_have_bounds_from_nine_rounds_on() -> None:
    assert math.isinf(figures.measurement([made()] * 8, 0.99).cores.low)
    assert figures.measurement([made()] * 9, 0.99).cores.bounded


def test_cpu_time_and_waits_bracket_the_cores() -> None:
    """Threads that waited for a core may have been busy, and others may have slept until they were done."""
    measured = figures.measurement([made(cores=1.2, demand=1.6, os_threads=2, foreign=0.1)] * 9, 0.99)
    assert (measured.cores.low, measured.cores.high) == (pytest.approx(1.2), pytest.approx(1.2 / 0.6))
    assert (measured.busy.low, measured.busy.high) == (pytest.approx(1.2), pytest.approx(1.2)), "as it was measured"


def test_what_threads_wait_with_nobody_else_there_is_their_own_doing() -> None:
    """As where the scheduler put two on one core."""
    measured = figures.measurement([made(cores=1.2, demand=1.6)] * 9, 0.99)
    assert (measured.cores.low, measured.cores.high) == (pytest.approx(1.2), pytest.approx(1.2))


def test_a_neighbour_widens_the_bracket_of_cores_and_no_more() -> None:
    measured = figures.measurement([made(cores=1.1, demand=1.5, foreign=0.4)] * 9, 0.99)
    assert (measured.cores.low, measured.cores.high) == (pytest.approx(1.1), pytest.approx(1.1 / 0.6))


def test_undisturbed_rounds_narrow_it_again() -> None:
    """A neighbour comes and goes; eleven rounds without him are the fewest that decide by themselves."""
    crowded = (made(cores=1.2, demand=1.6, os_threads=2, foreign=0.4),)
    for alone, high in ((10, 2.0), (11, 1.2)):
        taken = [row[0] for row in spaced([(made(cores=1.2),), crowded, crowded] * alone)]
        assert figures.measurement(taken, 0.99).cores.high == pytest.approx(high)


def test_undisturbed_rounds_of_the_beginning_bound_it_from_below_alone() -> None:
    """One core busy while somebody could see it, and more that nobody can tell from then on."""
    taken = spaced([(made(cores=1.2),)] * 20 + [(made(cores=1.2, demand=1.7, os_threads=2, foreign=0.5),)] * 60)
    found = figures.measurement([row[0] for row in taken], 0.99).cores
    assert (found.low, found.high) == (pytest.approx(1.2), 2.0)


def test_times_are_those_of_undisturbed_rounds_where_there_are_any() -> None:
    slow = [disturbed(0.2)] * 20
    assert figures.measurement([*slow, *[made(0.1)] * 8], 0.99).wall_s.high == pytest.approx(0.1)
    assert figures.measurement(slow, 0.99).wall_s.low == pytest.approx(0.2)


CALM, CROWDED = (made(0.0326, 1.9), made(0.0546, threads=1)), (disturbed(0.0753, 1.1), disturbed(0.0555, threads=1))


@pytest.mark.parametrize(
    ("calm", "crowded", "told"),
    [
        ([CALM] * 3, [CROWDED] * 44, CROWDED),
        ([CALM] * 12, [CROWDED] * 60, CROWDED),
        ([CALM] * 20, [(disturbed(0.04, 1.9), disturbed(0.08, threads=1))] * 27, CALM),
        ([(CALM[0], CROWDED[1])] * 40, [CROWDED] * 44, CROWDED),
        ([CALM] * 2, [], CALM),
    ],
    ids=["too few", "contradicted", "enough", "of one side alone", "nothing else"],
)
def test_times_are_of_the_rows_that_the_speedup_is_the_median_of(
    calm: list[tuple[Round, Round]], crowded: list[tuple[Round, Round]], told: tuple[Round, Round]
) -> None:
    """32.6 ms and 54.6 ms, of three undisturbed rounds, stood beside the 0.76x of all 47 rows."""
    found = figures.comparison(spaced([*crowded, *calm]), 0.99)
    assert [one.wall_s.estimate for one in (found.contender, found.baseline)] == [one.wall_s for one in told]
    assert [one.cpu_s.estimate for one in (found.contender, found.baseline)] == [one.cpu_s for one in told]
    series = figures.scaling([1, 2], [(row[1], row[0]) for row in spaced([*crowded, *calm])], 0.99)
    assert [one.wall_s.estimate for one in series.measurements.values()] == [one.wall_s for one in reversed(told)]


def test_a_side_that_used_no_time_at_all_has_no_inflation_to_divide_by() -> None:
    """As clocks that tick may tell of a region that sleeps."""
    asleep, seen = (made(0.1, 1.0), made(0.1, 0.0, threads=1)), (made(0.1, 1.0), made(0.1, 0.8, threads=1))
    found = figures.comparison([asleep] * 8, 0.99).cpu_inflation
    assert (found.low, found.estimate, found.high) == (-math.inf, 1.0, math.inf)
    assert figures.comparison([asleep, seen] * 8, 0.99).cpu_inflation.low == pytest.approx(1.25)


def test_a_comparison_divides_pair_by_pair() -> None:
    """A machine that halves its speed in mid-run moves both sides and not their ratio."""
    slow = [(made(0.2, 2.0, control=look(2, 0.5)), made(0.36, threads=1, control=look(1, 0.5)))] * 8
    compared = figures.comparison(rows(8, 1.8) + slow, 0.99)
    assert (compared.speedup.low, compared.speedup.high) == (pytest.approx(1.8), pytest.approx(1.8))
    assert compared.useful_cores == pytest.approx(1.8)
    assert compared.efficiency is not None
    assert compared.efficiency.estimate == pytest.approx(0.9)
    assert compared.cpu_inflation.estimate == pytest.approx(2 / 1.8)


def test_busy_waiting_is_not_useful() -> None:
    compared = figures.comparison(rows(9, 1.0, cores=2.0), 0.99)
    assert compared.contender.cores.estimate == pytest.approx(2.0)
    assert compared.useful_cores == pytest.approx(1.0)
    assert compared.cpu_inflation.estimate == pytest.approx(2.0)


def test_a_disturbed_round_takes_its_whole_pair_with_it() -> None:
    assert figures.comparison(rows(10, 1.8, disturbed_ones=3), 0.99).pairs == 7


def test_inherited_threads_have_no_efficiency() -> None:
    pairs = [(made(threads=None), made(threads=1))] * 8
    assert figures.comparison(pairs, 0.99).efficiency is None


def test_unknown_waits_are_an_unknown_demand() -> None:
    measured = figures.measurement([replace(made(cores=1.5), delay_s=None)] * 9, 0.99)
    assert measured.demand is None
    assert measured.cores.high == pytest.approx(1.5), "nobody else was there"


def slowed(to: float, speedup: float = 1.0, cores: float = 2.0, count: int = 20) -> Interval:
    """The speed-up of rows whose control found each core so much slower with two at work."""
    return figures.comparison(rows(count, speedup, cores=cores, slowed_to=to), 0.99).speedup


@pytest.mark.parametrize(("to", "high"), [(1.0, 1.2), (0.8, 1.5), (0.6, 2.0)])
def test_what_the_machine_did_not_give_bounds_the_speedup_from_above(to: float, high: float) -> None:
    """Two cores that attain 1.6x hide a program of up to 1.5x behind 1.2x."""
    found = slowed(to, 1.2)
    assert (found.low, found.estimate, found.high) == (
        pytest.approx(1.2),
        pytest.approx(1.2),
        pytest.approx(high),
    )


def test_it_hides_no_more_than_the_program_asked_for() -> None:
    """One core on both sides asks for nothing that was lacking, one and a half for half of it."""
    assert slowed(0.6, cores=1.0).high == pytest.approx(1.0)
    assert slowed(0.6, cores=1.5).high == pytest.approx(1 + 0.5 * (1 / 0.6 - 1))
    assert slowed(0.6, cores=2.0).high == pytest.approx(1 / 0.6)


def test_nor_more_than_the_cores_that_there_are() -> None:
    assert slowed(0.3).high == 2.0
    assert slowed(0.3, 2.2).high == pytest.approx(2.2), "what was measured was there"


def test_a_control_that_gained_more_than_its_cores_takes_nothing_away() -> None:
    assert slowed(1.3, 1.2).high == pytest.approx(1.2)


def test_where_nobody_looked_the_cores_alone_bound_it() -> None:
    found = figures.comparison(rows(20, 1.2, slowed_to=None), 0.99)
    assert (found.speedup.low, found.speedup.high) == (pytest.approx(1.2), 2.0)
    assert found.attained is None


def test_undisturbed_rows_are_held_against_looks_that_nobody_disturbed() -> None:
    """A neighbour is there in every other row; a look after a row may meet him all the same."""
    alone = (made(0.1, 2.0, cores_online=2, control=look(2)), made(0.12, threads=1, control=look(1)))
    met = (replace(alone[0], control=look(2, 0.5, share=0.5)), alone[1])
    beside = (made(0.2, 2.0, demand=2.5, foreign=1.0, cores_online=2, control=look(2, 0.5, share=0.5)), alone[1])
    found = figures.comparison(spaced([alone, beside, met, beside] * 20), 0.99).speedup
    assert found.high == pytest.approx(1.2)


def test_what_the_control_gained_is_the_attained_speedup() -> None:
    found = figures.comparison(rows(9, 1.2, slowed_to=0.65), 0.99).attained
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(1.3), pytest.approx(1.3))


def test_a_look_on_fewer_cores_than_were_told_says_nothing_of_them() -> None:
    taken = [(made(0.1, 4.0, threads=4, control=look(2)), made(0.2, threads=1, control=look(1)))] * 9
    assert figures.comparison(taken, 0.99).attained is None


def test_efficiency_is_the_speedup_of_what_is_attained() -> None:
    """All that a machine with half a core to spare has to give."""
    found = figures.comparison(rows(9, 1.5, slowed_to=0.75), 0.99).efficiency
    assert found is not None
    assert found.estimate == pytest.approx(1.0)


def test_where_nobody_looked_it_is_by_the_thread_counts() -> None:
    found = figures.comparison(rows(9, 1.5, slowed_to=None), 0.99).efficiency
    assert found is not None
    assert (found.low, found.estimate, found.high) == (pytest.approx(0.75), pytest.approx(0.75), 1.0)


def test_a_side_that_keeps_fewer_cores_busy_may_gain_by_a_lack_of_them() -> None:
    """Its baseline's two threads shared one core, and its own one had the other."""
    taken = [(made(0.1, 1.0, os_threads=2), made(0.15, 2.0, threads=1))] * 20
    found = figures.comparison(taken, 0.99).speedup
    assert (found.low, found.estimate) == (-math.inf, pytest.approx(1.5))


@pytest.mark.parametrize(
    ("looks", "bounded"), [([0.5] * 12, False), ([0.95] * 12, True), ([0.95] * 10 + [0.5] * 2, True)]
)
def test_a_baseline_whose_memory_was_taken_proves_no_speedup(looks: list[float], bounded: bool) -> None:
    """The side in question drives the neighbour away, and the baseline does not: the speed-up reads too high."""
    taken = [
        (made(0.1, 2.0, control=look(2)), made(0.15, 1.0, threads=1, control=look(1, memory=memory)))
        for memory in looks
    ]
    compared = figures.comparison(taken, 0.99)
    assert compared.memory_impaired is not bounded
    assert (compared.speedup.low == pytest.approx(1.5)) is bounded
    assert compared.speedup.high == pytest.approx(1.5)


def test_scaling_is_against_the_first_count() -> None:
    series = [(made(0.4, threads=1), made(0.22, threads=2), made(0.2, threads=4))] * 9
    found = figures.scaling([1, 2, 4], series, 0.99)
    assert found.speedups[1] == Interval(1.0, 1.0, 1.0, 0.99), "a side is as fast as itself"
    assert found.speedups[4].estimate == pytest.approx(2.0)
    assert found.measurements[2].wall_s.estimate == pytest.approx(0.22)


def test_a_scaling_series_bounds_each_count_by_its_own_cores() -> None:
    """Four cores of the machine attain two, and two of them attain two."""
    row = (
        made(0.4, threads=1, control=look(1)),
        made(0.25, 2.0, threads=2, control=look(2)),
        made(0.25, 4.0, threads=4, control=look(4, 0.5)),
    )
    found = figures.scaling([1, 2, 4], [row] * 20, 0.99).speedups
    assert (found[2].high, found[4].high) == (pytest.approx(1.6), pytest.approx(3.2))


def test_one_thread_at_every_count_leaves_all_of_it_serial() -> None:
    """Interpreters have speeds of their own: 1.08x of a loop in Python that no thread can speed up."""
    series = [(made(0.1, threads=1), made(0.0926, threads=2), made(0.0926, threads=4))] * 20
    found = figures.scaling([1, 2, 4], series, 0.99)
    assert found.speedups[4].estimate == pytest.approx(1.08, abs=0.01)
    assert found.law
    assert found.law.serial_fraction == Interval(1.0, 1.0, 1.0, 0.99)


@pytest.mark.parametrize("times_s", [(0.1, 0.05), (0.1, 0.2)], ids=["faster", "slower"])
def test_one_thread_that_does_other_work_at_other_counts_is_told_as_it_is(times_s: tuple[float, float]) -> None:
    """One that cuts its data by the count, as into blocks that fit a cache."""
    first_s, second_s = times_s
    found = figures.scaling([1, 2], [(made(first_s, threads=1), made(second_s, threads=2))] * 20, 0.99)
    assert found.law is not None
    assert found.law.serial_fraction != Interval(1.0, 1.0, 1.0, 0.99)


def threads_seen(one: Round) -> tuple[float, float, float]:
    seen = figures.measurement([one] * 8, 0.99).threads_seen
    return seen.low, seen.estimate, seen.high


def test_threads_that_ended_in_the_round_are_at_least_one_more() -> None:
    """A pool that is made and joined within the region is gone when its threads are counted: never a low number."""
    assert threads_seen(made(wall_s=1.0, cores=2.0, os_threads=1, ended_share=0.5)) == (2.0, 2.0, math.inf)
    assert threads_seen(made(os_threads=3)) == (3.0, 3.0, 3.0)


def test_threads_that_may_have_ended_without_a_trace_widen_their_count() -> None:
    """Less CPU time than clocks differ by is no proof that nobody used it."""
    assert threads_seen(made(threads_unseen=2)) == (1.0, 1.0, 3.0)
    assert threads_seen(made(threads_unseen=None))[2] == math.inf
    now_and_then = [made(threads_unseen=2), *[made(threads_unseen=0)] * 19]
    assert figures.measurement(now_and_then, 0.99).threads_seen.high == 1.0


def test_ticks_pass_over_threads_that_are_gone_soon() -> None:
    """Ticks of 10 ms show three of eight threads that take 3 ms each."""
    assert threads_seen(replace(made(threads_unseen=0), delay_s=None))[2] == math.inf


def test_a_worker_that_got_no_core_at_all_breaks_nothing() -> None:
    contender = made(0.1, 2.0, cores_online=2, control=look(2, 0.0, share=0.0, fastest=1.0))
    found = figures.comparison([(contender, made(0.1, threads=1, control=look(1)))] * 20, 0.99)
    assert (found.speedup.high, found.contender.cores.high) == (2.0, 2.0)


def test_a_series_whose_first_count_has_a_pool_of_its_own_follows_no_law() -> None:
    """Two cores are busy at each count: by the times alone all of it would be serial."""
    series = [(made(0.1, 2.0, threads=1), made(0.1, 2.0, threads=2))] * 20
    assert figures.scaling([1, 2], spaced(series), 0.99).law is None
    assert figures.scaling([1, 2], spaced([(made(0.2, threads=1), made(0.1, 2.0, threads=2))] * 20), 0.99).law
