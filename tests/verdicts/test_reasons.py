import dataclasses

from pytest_multicore.measurement.pace import Pace
from pytest_multicore.measurement.rounds import Round
from pytest_multicore.verdicts import figures, reasons
from pytest_multicore.verdicts.decision import decide
from pytest_multicore.verdicts.limits import Limits, judge, of_comparison
from tests.rounds import made, rows


def found(taken, *, rounds_s=10.0, budget_s=10.0, busy=()):  # type: ignore[no-untyped-def]
    verdicts = judge(Limits(min_speedup=1.5), of_comparison(figures.comparison(taken, 0.99)))
    return reasons.Found(taken, verdicts, rounds_s, budget_s, 0.99, busy)


def test_a_neighbour_is_named() -> None:
    text = reasons.why_inconclusive(found(rows(20, 1.8, disturbed=15), busy=[("stress (process 7)", 0.98)]))
    assert "15 of 20 rows were disturbed (others used 1.00 cores)" in text
    assert "stress (process 7) 0.98 cores" in text


def test_a_larger_budget_is_advised_only_where_clean_rows_come_at_all() -> None:
    """Five of 20 in 10 s: 8 are needed, half as many again to be sure."""
    assert reasons.why_inconclusive(found(rows(20, 1.8, disturbed=15))).endswith("quieter machine, or with budget=24")
    assert reasons.why_inconclusive(found(rows(20, 1.8, disturbed=20))).endswith("run it on a quieter machine")


def test_slow_work_is_told_what_budget_it_needs() -> None:
    text = reasons.why_inconclusive(found([(made(3.0), made(5.0, threads=1))] * 2, rounds_s=16.0))
    assert "2 rows of rounds fit the budget of 10 s, at least 8 are needed" in text
    assert "budget=96" in text


def test_a_value_at_the_limit_shows_the_interval() -> None:
    taken = rows(10, 1.4) + rows(10, 1.6)
    text = reasons.why_inconclusive(found(taken))
    assert "min_speedup=1.5 lies within [1.4, 1.6]" in text
    assert "after 20 clean rows" in text


def test_a_gain_without_threads_is_told_to_be_none() -> None:
    taken = [(made(0.1), made(0.11, threads=1))] * 20
    verdicts = decide(Limits(min_speedup=1.05), taken, 0.99)
    text = reasons.why_inconclusive(reasons.Found(taken, verdicts, 10.0, 10.0, 0.99, ()))
    assert text.startswith("min_speedup=1.05 lies below [1.1, 1.1], but one thread did all the work on both sides")


def test_a_baseline_that_takes_more_than_it_was_told_to_is_named() -> None:
    taken = [(made(0.1, 2.0), made(0.1, 2.0, threads=1))] * 20
    verdicts, compared = decide(Limits(min_speedup=1.5), taken, 0.99), figures.comparison(taken, 0.99)
    text = reasons.why_inconclusive(reasons.Found(taken, verdicts, 10.0, 10.0, 0.99, (), compared))
    assert text.startswith(
        "min_speedup=1.5 cannot be held against its baseline: told to use 1 thread it kept 2.00 cores"
    )


def test_a_baseline_that_a_neighbour_hides_is_told_to_be_unknown() -> None:
    beside = made(0.1, 1.3, threads=1, os_threads=2, demand=1.65)
    taken = [(made(0.1, 2.0), beside)] * 20
    verdicts, compared = decide(Limits(min_speedup=1.5), taken, 0.99), figures.comparison(taken, 0.99)
    busy = [("stress (process 7)", 0.7)]
    text = reasons.why_inconclusive(reasons.Found(taken, verdicts, 10.0, 10.0, 0.99, busy, compared))
    assert "beside neighbours it is not to be told whether 1 thread or more kept up to 2.00 cores busy there" in text
    assert "busy meanwhile: stress" in text


def test_a_bound_that_is_missing_is_no_limit_that_lies_too_near() -> None:
    slow = Pace(1, 60.0, 100.0)
    taken = [(made(0.1, 2.0), made(0.19, 1.0, threads=1, pace=slow))] * 20
    taken += [(made(0.1, 2.0), made(0.19, 1.0, threads=1, pace=Pace(1, 100.0, 100.0)))] * 2
    text = why(taken, [("stress (process 7)", 0.7)], min_speedup=1.5)
    assert text.startswith("min_speedup=1.5 is not decided by [?, 1.9]: the 22 clean rows")
    assert "move the limit" not in text
    assert text.count("busy meanwhile: stress") == 1


def test_threads_that_cannot_be_counted_are_not_waited_for() -> None:
    pooled = [(made(0.1, 1.5, ended_share=0.9),)] * 20
    assert why(pooled, max_threads=4).endswith("some ended within the rounds: use max_cores")
    untold = [tuple(dataclasses.replace(one, delay_s=None) for one in row) for row in [(made(0.1, 1.5),)] * 20]
    assert why(untold, max_threads=4).endswith("this system does not tell all: use max_cores")


def test_a_limit_within_the_interval_is_nobodys_doing() -> None:
    pooled = {"cores_in_reach": 2, "balance_s": 0.01, "foreign_s": 0.01}
    taken = [
        (dataclasses.replace(made(0.1, 1.6, ended_share=0.9), **pooled), made(wall_s, 1.0, threads=1))
        for wall_s in (0.14, 0.16)
    ] * 10
    assert why(taken, min_speedup=1.5).startswith("min_speedup=1.5 lies within [1.4, 1.6]")


def test_limits_on_cores_have_nothing_to_do_with_the_memory_of_a_neighbour() -> None:
    robbed = Pace(1, 100.0, 100.0, memory=0.4)
    taken = [(made(0.1, cores, pace=robbed), made(0.1, 1.0, threads=1, pace=robbed)) for cores in (1.4, 1.6)] * 10
    assert "bandwidth" not in why(taken, min_cores=1.5)
    assert "bandwidth" in why(taken, min_speedup=0.9)


def why(taken, busy=(), **limits):  # type: ignore[no-untyped-def]
    """Of rows that leave a limit undecided."""
    verdicts = decide(Limits(**limits), taken, 0.99)
    return reasons.why_inconclusive(reasons.Found(taken, verdicts, 10.0, 10.0, 0.99, busy))


def test_neighbours_of_whom_no_round_tells_are_named() -> None:
    """A pool that is made in each region, beside a neighbour who is counted in ticks."""
    pooled = dataclasses.replace(made(0.0375, 1.6, ended_share=0.9), balance_s=0.015, cores_in_reach=2)
    taken = [(pooled, made(0.06, 1.0, threads=1))] * 20
    text = why(taken, [("stress (process 7)", 0.4)], min_speedup=1.7)
    assert text.startswith("others used 0.40 cores, and nobody knows how long they kept the program's threads waiting")
    assert (
        "some ended within each round: that min_speedup=1.7 is missed may be their doing; busy meanwhile: stress"
        in text
    )
    untold = [tuple(dataclasses.replace(one, delay_s=None) for one in row) for row in taken]
    assert "this system does not tell: that max_cores=1.7 is met" in why(untold, max_cores=1.7)


def test_a_class_that_may_have_a_program_burn_time_is_named() -> None:
    taken = [(made(0.1, 1.0, demand=1.6),)] * 4 + [(dataclasses.replace(made(0.1, 1.73), foremost=True),)] * 30
    text = why(taken, min_cores=1.4)
    assert text.startswith("min_cores=1.4 cannot be told: in the real-time class")
    assert "1.73 times the CPU time" in text


def test_busy_cores_have_nothing_to_do_with_a_baseline() -> None:
    taken = [(made(0.1, cores), made(0.1, 2.0, threads=1)) for cores in (1.4, 1.6)] * 10
    verdicts, compared = decide(Limits(min_cores=1.5), taken, 0.99), figures.comparison(taken, 0.99)
    text = reasons.why_inconclusive(reasons.Found(taken, verdicts, 10.0, 10.0, 0.99, (), compared))
    assert text.startswith("min_cores=1.5 lies within")


def slow_cores(count: int) -> list[tuple[Round, Round]]:
    shared, alone = Pace(2, 55.0, 100.0), Pace(1, 100.0, 100.0)
    return [(made(0.1, 2.0, pace=shared), made(0.103, 1.0, threads=1, pace=alone))] * count


def test_cores_that_others_share_are_named() -> None:
    text = reasons.why_inconclusive(found(slow_cores(20)))
    assert "in 20 of the clean rows the cores had less than 85% of their full speed" in text
    assert "such a row proves nothing that slow cores explain" in text


def test_neighbours_are_named_beside_an_interval_that_holds_the_limit() -> None:
    taken = rows(10, 1.4) + rows(20, 1.6, disturbed=10)
    text = reasons.why_inconclusive(found(taken, busy=[("stress (process 7)", 0.98)]))
    assert "10 more were disturbed; busy meanwhile: stress (process 7) 0.98 cores" in text


def test_without_limits_a_missing_bound_is_the_reason() -> None:
    text = reasons.why_inconclusive(reasons.Found(slow_cores(20), (), 10.0, 10.0, 0.99, ()))
    assert text.startswith("20 clean rows in 10 s do not bound the speed-up: in 20 of the clean rows")


def test_threads_in_words() -> None:
    assert [reasons.threads_in_words(count) for count in (None, 1, 8)] == ["inherited threads", "1 thread", "8 threads"]


def test_threads_that_may_have_ended_are_told_where_threads_are_counted() -> None:
    taken = [(made(threads_unseen=1),)] * 20
    for limits, told in ((Limits(max_threads=1), True), (Limits(min_cores=1.0), False)):
        text = reasons.why_inconclusive(reasons.Found(taken, decide(limits, taken, 0.99), 10.0, 10.0, 0.99, ()))
        assert ("in 20 of the clean rows a thread or process was started or ended" in text) is told


def test_threads_that_waited_beside_a_free_core_are_told() -> None:
    waited = made(0.12, 1.0, demand=1.25, cores_open=2.0)
    text = reasons.why_inconclusive(found([(waited, made(0.16, 1.0, threads=1))] * 20))
    assert "min_speedup=1.5 lies within [1.33, 1.78]" in text
    assert "in 20 of the clean rows threads stood in queues while a core was free, for 25% of the time" in text
