import dataclasses
import math

import pytest

from pytest_multicore.measurement.rounds import Round
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.statistics import Interval
from tests.rounds import made, rows


def test_a_measurement_is_of_one_repetition() -> None:
    measured = figures.measurement([made(wall_s=0.2, cores=1.5, repeat=4)] * 8, 0.99)
    assert measured.wall_s.estimate == pytest.approx(0.05)
    assert measured.cpu_s.estimate == pytest.approx(0.075)
    assert measured.cores.estimate == pytest.approx(1.5)


def test_busy_and_demanded_cores_bracket_the_truth() -> None:
    """Threads that waited for a core may have been busy, and others may have slept until they were done."""
    measured = figures.measurement([made(cores=1.2, demand=1.6)] * 8, 0.99)
    assert (measured.cores.low, measured.cores.high) == (pytest.approx(1.2), pytest.approx(1.2 / 0.6))
    # A program that is idle most of the time demanded more than that.
    assert figures.measurement([made(cores=0.2, demand=0.3)] * 8, 0.99).cores.high == pytest.approx(0.3)


def test_waits_of_threads_that_ended_are_bounded_by_what_others_used() -> None:
    halves = dataclasses.replace(made(cores=1.0, demand=1.1, ended_share=0.5), foreign_s=0.05)
    assert figures.measurement([halves] * 8, 0.99).cores.high == pytest.approx(2.0)
    with_a_core_each = dataclasses.replace(halves, threads=1, cores_in_reach=2)
    assert figures.measurement([with_a_core_each] * 8, 0.99).cores.high == pytest.approx(1 / 0.9)
    kept_waiting = dataclasses.replace(halves, foreign_s=0.1)
    assert figures.measurement([kept_waiting] * 8, 0.99).cores.high == math.inf


def test_no_more_cores_can_be_busy_than_the_machine_has() -> None:
    """Our own threads wait for each other, too: four on two cores demand four."""
    crowded = dataclasses.replace(made(cores=1.9, demand=3.8), cores_online=2)
    assert figures.measurement([crowded] * 8, 0.99).cores.high == 2.0


def test_nor_more_than_are_open_to_its_threads() -> None:
    """Two threads that are pinned to one core wait for each other there, and for nobody else."""
    pinned = dataclasses.replace(made(cores=1.0, demand=2.0), cores_online=2, cores_open=1.0)
    assert figures.measurement([pinned] * 8, 0.99).cores.high == 1.0


def test_others_have_no_more_of_the_real_time_class_than_the_system_keeps_for_them() -> None:
    within = dataclasses.replace(made(cores=1.2, demand=1.6), foremost=True)
    assert figures.measurement([within] * 8, 0.99).cores.high == pytest.approx(1.2 / 0.95)
    disturbed = dataclasses.replace(within, disturbance="a hypervisor took 0.04 cores")
    assert figures.measurement([disturbed] * 8, 0.99).cores.high == pytest.approx(1.2 / 0.6)


@pytest.mark.parametrize(("within", "high"), [(1.19, 1.19 / 0.95), (1.21, math.inf)])
def test_rounds_in_a_class_that_may_have_a_program_burn_time_tell_no_cores(within: float, high: float) -> None:
    """Waits that could explain it kept its trial from finding that: who was displaced, and who spins now?"""
    before = [made(0.1, 1.0, demand=1.6)] * 4
    after = [dataclasses.replace(made(0.1, within), foremost=True)] * 30
    cores = figures.measurement([*before, *after], 0.99).cores
    assert cores.high == pytest.approx(high)
    assert (cores.low > 0) is math.isfinite(high)


def test_a_program_that_becomes_another_later_on_was_not_made_so_by_the_class() -> None:
    """A pool that is filled late, after its threads had been put there."""
    before = [made(0.1, 1.0)] * 4
    within = [dataclasses.replace(made(0.1, cores), foremost=True) for cores in [1.0] * 10 + [1.9] * 100]
    assert figures.measurement([*before, *within], 0.99).cores.low == pytest.approx(1.9)


def test_a_side_that_used_no_time_at_all_has_no_inflation_to_divide_by() -> None:
    """As clocks that tick may tell of a region that sleeps."""
    asleep, seen = (made(0.1, 1.0), made(0.1, 0.0, threads=1)), (made(0.1, 1.0), made(0.1, 0.8, threads=1))
    found = figures.comparison([asleep] * 8, 0.99).cpu_inflation
    assert (found.low, found.estimate, found.high) == (-math.inf, 1.0, math.inf)
    assert figures.comparison([asleep, seen] * 8, 0.99).cpu_inflation.low == pytest.approx(1.25)


def test_a_comparison_divides_pair_by_pair() -> None:
    """A machine that halves its speed in mid-run moves both sides and not their ratio."""
    slow = [(made(0.2, 2.0), made(0.36, 1.0, threads=1))] * 4
    compared = figures.comparison(rows(4, 1.8) + slow, 0.99)
    assert (compared.speedup.low, compared.speedup.high) == (pytest.approx(1.8), pytest.approx(1.8))
    assert compared.useful_cores == pytest.approx(1.8)
    assert compared.efficiency is not None
    assert compared.efficiency.estimate == pytest.approx(0.9)
    assert compared.cpu_inflation.estimate == pytest.approx(2 / 1.8)


def test_busy_waiting_is_not_useful() -> None:
    compared = figures.comparison(rows(8, 1.0, cores=2.0), 0.99)
    assert compared.contender.cores.estimate == pytest.approx(2.0)
    assert compared.useful_cores == pytest.approx(1.0)
    assert compared.cpu_inflation.estimate == pytest.approx(2.0)


def test_a_disturbed_round_takes_its_whole_pair_with_it() -> None:
    compared = figures.comparison(rows(10, 1.8, disturbed=3), 0.99)
    assert compared.pairs == 7
    assert math.isinf(compared.speedup.low)


def test_without_a_clean_round_times_have_no_bounds() -> None:
    measured = figures.measurement([made(disturbance="noise")] * 20, 0.99)
    assert measured.wall_s.low == -math.inf
    assert measured.wall_s.estimate == pytest.approx(0.1)


def test_a_neighbour_widens_the_bracket_of_cores_and_no_more() -> None:
    measured = figures.measurement([made(cores=1.1, demand=1.5, disturbance="noise")] * 8, 0.99)
    assert (measured.cores.low, measured.cores.high) == (pytest.approx(1.1), pytest.approx(1.1 / 0.6))


def test_rounds_that_a_hypervisor_cut_short_bound_no_cores() -> None:
    stolen = dataclasses.replace(made(cores=1.1, disturbance="noise"), steal_s=0.05)
    measured = figures.measurement([stolen] * 20, 0.99)
    assert measured.cores.low == -math.inf


def test_inherited_threads_have_no_efficiency() -> None:
    pairs = [(made(threads=None), made(threads=1))] * 8
    assert figures.comparison(pairs, 0.99).efficiency is None


def test_unknown_waits_are_an_unknown_demand() -> None:
    unknown = dataclasses.replace(made(cores=1.5), delay_s=None)
    measured = figures.measurement([unknown] * 8, 0.99)
    assert measured.demand is None
    assert measured.cores.high == pytest.approx(1.5)


def test_scaling_is_against_the_first_count() -> None:
    series = [(made(0.4, threads=1), made(0.22, threads=2), made(0.2, threads=4))] * 8
    found = figures.scaling([1, 2, 4], series, 0.99)
    assert found.speedups[1].estimate == pytest.approx(1.0)
    assert found.speedups[4].estimate == pytest.approx(2.0)
    assert found.measurements[2].wall_s.estimate == pytest.approx(0.22)


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


def test_disturbed_rows_say_nothing_of_one_thread_either() -> None:
    row = made(0.1, threads=1, disturbance="others"), made(0.1, threads=2, disturbance="others")
    assert figures.scaling([1, 2], [row] * 20, 0.99).law is None


def test_threads_that_ended_in_the_round_are_at_least_one_more() -> None:
    """A pool that is made and joined within the region is gone when its threads are counted: never a low number."""
    seen = figures.measurement([made(wall_s=1.0, cores=2.0, os_threads=1, ended_share=0.5)] * 8, 0.99).threads_seen
    assert (seen.low, seen.high) == (2.0, math.inf)
    assert figures.measurement([made(os_threads=3)] * 8, 0.99).threads_seen.high == 3.0


def test_threads_that_may_have_ended_without_a_trace_widen_their_count() -> None:
    """Less CPU time than clocks differ by is no proof that nobody used it."""
    seen = figures.measurement([made(threads_unseen=2)] * 8, 0.99).threads_seen
    assert (seen.low, seen.estimate, seen.high) == (1.0, 1.0, 3.0)
    now_and_then = [made(threads_unseen=2), *[made(threads_unseen=0)] * 19]
    assert figures.measurement(now_and_then, 0.99).threads_seen.high == 1.0
    assert figures.measurement([made(threads_unseen=None)] * 8, 0.99).threads_seen.high == math.inf
    # Ticks of 10 ms show three of eight threads that take 3 ms each.
    in_ticks = dataclasses.replace(made(threads_unseen=0), delay_s=None)
    assert figures.measurement([in_ticks] * 8, 0.99).threads_seen.high == math.inf


def parted(wall_s: float, cores: float, delay_s: float, threads: int = 2, cores_open: float = 2.0) -> Round:
    return made(wall_s, cores, threads=threads, demand=cores + delay_s / wall_s, cores_open=cores_open)


def test_threads_that_waited_beside_a_free_core_prove_no_miss() -> None:
    """Two on one core for half of the time: 1.0x as it was, 1.33x in a process that is luckier."""
    found = figures.comparison([(parted(0.12, 1.0, 0.03), made(0.12, 1.0, threads=1))] * 10, 0.99).speedup
    assert (found.low, found.estimate, found.high) == (
        pytest.approx(1.0),
        pytest.approx(1.0),
        pytest.approx(0.12 / 0.09),
    )


def test_waits_where_no_core_is_free_are_the_programs_own() -> None:
    """Eight threads on two cores wait long; that they are too many is what makes it slow."""
    found = figures.comparison([(parted(0.12, 2.0, 0.09, threads=8), made(0.1, 1.0, threads=1))] * 10, 0.99).speedup
    assert found.high == pytest.approx(0.1 / 0.12)


def test_so_they_are_where_threads_are_too_many_and_sleep_now_and_then() -> None:
    """They wait for one another at a barrier, all but one, and a core is free; nobody waits for it then."""
    found = figures.comparison([(parted(0.12, 1.7, 0.12, threads=8), made(0.1, 1.0, threads=1))] * 10, 0.99).speedup
    assert found.high == pytest.approx(0.1 / 0.12)


@pytest.mark.parametrize("cores_open", [1.0, None])
def test_threads_that_are_pinned_to_one_core_wait_for_their_own(cores_open: float | None) -> None:
    """A library that narrows its process's affinity is what a gate is there to find."""
    pinned = dataclasses.replace(parted(0.12, 1.0, 0.06), cores_open=cores_open)
    found = figures.comparison([(pinned, made(0.12, 1.0, threads=1))] * 10, 0.99).speedup
    assert found.high == pytest.approx(1.0)


def test_a_baseline_whose_threads_waited_proves_less() -> None:
    """A pool of two that nobody told, on one core here and on two there: no gain from threads."""
    taken = [(made(0.06, 2.0), parted(0.12, 1.0, 0.06, threads=1))] * 10
    found = figures.comparison(taken, 0.99).speedup
    assert (found.low, found.estimate) == (pytest.approx(1.0), pytest.approx(2.0))


def test_a_wait_as_long_as_the_round_bounds_nothing() -> None:
    assert figures.comparison([(parted(0.1, 0.0, 0.2), made(0.1, threads=1))] * 10, 0.99).speedup.high == math.inf


def test_a_side_is_as_fast_as_itself_whatever_its_threads_waited() -> None:
    rows = [(parted(0.12, 1.0, 0.03, threads=2), parted(0.08, 1.5, 0.01, threads=4))] * 10
    first = figures.scaling([2, 4], rows, 0.99).speedups[2]
    assert (first.low, first.estimate, first.high) == (1.0, 1.0, 1.0)


def test_a_few_rows_that_waited_move_no_bound() -> None:
    """As those before the real-time class was asked for: a median is robust against them."""
    waited, did_not = (parted(0.12, 1.0, 0.11), made(0.12, 1.0, threads=1)), (made(0.1, 2.0), made(0.19, threads=1))
    found = figures.comparison([waited] * 3 + [did_not] * 9, 0.99).speedup
    assert found.high == pytest.approx(1.9)
    assert figures.comparison([waited] * 9 + [did_not] * 9, 0.99).speedup.high > 10
