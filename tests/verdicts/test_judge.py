"""What rows say of limits: on machines that give all their cores, and on others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.judge import decide, judge_comparison, judgement
from pytest_multicore.verdicts.limits import Limits, OpenReason, Outcome, Verdict
from tests.rounds import disturbed, look, made, rows, spaced

Rows = Sequence[tuple[Round, ...]]
PASSED, FAILED, OPEN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


def said(taken: Rows, **limit: Any) -> Outcome:
    return verdict_on(taken, **limit).outcome


def verdict_on(taken: Rows, **limit: Any) -> Verdict:
    (verdict,) = decide(Limits(**limit), taken, 0.99)
    return verdict


def test_the_fewest_rows_that_decide_are_nine() -> None:
    assert [said(rows(count, 1.8), min_speedup=1.5) for count in (8, 9)] == [OPEN, PASSED]
    assert [said(rows(count, 1.8), max_speedup=1.5) for count in (8, 9)] == [OPEN, FAILED]
    assert [said(rows(count, 1.0), min_speedup=1.5) for count in (8, 9)] == [OPEN, FAILED]
    assert [said(rows(count, 1.0), max_speedup=1.5) for count in (8, 9)] == [OPEN, PASSED]


@pytest.mark.parametrize(
    "limit", [{"min_speedup": 1.5}, {"max_speedup": 1.5}], ids=["min_speedup is not missed", "max_speedup is not met"]
)
def test_cores_that_are_shared_for_a_while_are_no_lack_of_gain(limit: dict[str, float]) -> None:
    """Both threads on one real core: 1.0x is the machine's, whatever the program could do."""
    verdict = verdict_on(rows(50, 1.0, slowed_to=0.5), **limit)
    assert (verdict.outcome, verdict.open_reason) == (OPEN, OpenReason.MACHINE)


def test_a_limit_is_missed_as_far_as_the_machine_could_have_given_more() -> None:
    """It attains 1.6x: of 1.0x a program could make that, and no more."""
    assert said(rows(50, 1.0, slowed_to=0.8), min_speedup=1.3) is FAILED
    assert said(rows(50, 1.0, slowed_to=0.8), min_speedup=1.2) is OPEN


def test_whoever_passes_on_shared_cores_passes() -> None:
    """Neighbours make nothing faster."""
    assert said(rows(9, 1.6, slowed_to=0.6), min_speedup=1.5) is PASSED
    assert said(rows(9, 1.6, slowed_to=0.6), max_speedup=1.5) is FAILED


@pytest.mark.parametrize("slowed_to", [0.5, 1.0])
def test_a_program_that_asks_for_one_core_is_missed_whatever_the_machine_lacks(slowed_to: float) -> None:
    """Both sides ask the same of it: every row counts both ways, the disturbed ones too."""
    assert said(rows(11, 1.0, cores=1.0, disturbed_ones=11, slowed_to=slowed_to), min_speedup=1.3) is FAILED


@pytest.mark.parametrize("slowed_to", [0.5, 1.0])
def test_so_is_one_whose_threads_are_pinned_to_one_core(slowed_to: float) -> None:
    """A library that narrows its process's affinity is what a gate is there to find."""
    pinned = made(0.12, 1.0, demand=2.0, os_threads=2, cores_open=1.0, control=look(1, slowed_to))
    assert said([(pinned, made(0.12, threads=1, control=look(1)))] * 11, min_speedup=1.3) is FAILED


#: 1.0x, and the control attains no more.
BESIDE_A_NEIGHBOUR = [
    (
        replace(disturbed(0.1, 2.0), cores_online=2, control=look(2, 0.5, share=0.5)),
        made(0.1, threads=1, control=look(1)),
    )
]


def test_a_program_that_was_slow_only_while_somebody_could_see_has_not_failed() -> None:
    """Its first rows alone are undisturbed, and it is slow in them."""
    at_first = rows(20, 1.0)
    later = BESIDE_A_NEIGHBOUR * 60
    for limit in ({"min_speedup": 1.3}, {"max_speedup": 1.3}):
        assert said(spaced([*at_first, *later]), **limit) is OPEN
        assert said(spaced([*at_first, *later[:10]]), **limit) is not OPEN, "they are half of it"


def test_one_that_is_fast_in_undisturbed_rows_passes_whatever_the_others_say() -> None:
    assert said(spaced([*rows(11, 1.8), *BESIDE_A_NEIGHBOUR * 60]), min_speedup=1.5) is PASSED


def test_cores_are_told_by_disturbed_rounds_too() -> None:
    idle = [(made(0.1, 1.0, os_threads=2, foreign=1.0, steal=0.06),)] * 20
    assert said(idle, min_cores=1.5) is FAILED
    assert said(idle, max_cores=1.5) is PASSED


def test_cores_that_undisturbed_rounds_show_are_shown() -> None:
    """In three rows of four a neighbour has the better part of a core."""
    alone, beside = (made(0.1, 2.0),), (made(0.1, 1.2, demand=2.0, foreign=0.8),)
    taken = spaced([alone, beside, beside, beside] * 20)
    assert said(taken, min_cores=1.5) is PASSED
    assert said(taken, max_cores=1.5) is FAILED


@pytest.mark.parametrize("limit", [{"min_cores": 1.5}, {"max_cores": 1.3}])
@pytest.mark.parametrize("untold", [{"delay_s": None}, {"steal_s": 0.05}], ids=["waits untold", "stolen"])
def test_cores_are_not_told_by_a_beginning_that_alone_could_be_seen(
    limit: dict[str, float], untold: dict[str, Any]
) -> None:
    """One core busy at first; later on others were there, and nobody knows how many it would have been."""
    at_first = [(made(0.1, 1.0, os_threads=2),)] * 15
    later = [(replace(made(0.1, 1.0, os_threads=2, foreign=0.6), **untold),)] * 50
    assert said(spaced([*at_first, *later]), **limit) is OPEN
    assert said(spaced(at_first), **limit) is (FAILED if "min_cores" in limit else PASSED)


@pytest.mark.parametrize("limit", [{"min_speedup": 1.5}, {"min_cores": 1.5}, {"max_cores": 1.5}])
def test_two_virtual_cores_that_a_hypervisor_gives_one_core_say_nothing(limit: dict[str, float]) -> None:
    """Two threads at work, each for half of the time, and no queue to see them in."""
    both = made(0.1, 1.0, os_threads=2, steal=1.0, cores_online=2, control=look(2, 0.5, share=0.5))
    assert said([(both, made(0.1, threads=1, control=look(1)))] * 50, **limit) is OPEN


def unthreaded(speedup: float, **contender: Any) -> Rows:
    """One thread at work on both sides, and one of them faster all the same."""
    return [(made(0.1, **contender), made(0.1 * speedup, threads=1))] * 20


@pytest.mark.parametrize(
    ("limit", "speedup", "expected"),
    [
        ({"min_speedup": 1.02}, 1.1, OPEN),
        ({"min_speedup": 1.02}, 1.0, FAILED),
        ({"min_speedup": 0.9}, 1.1, PASSED),
        ({"max_speedup": 1.05}, 1.1, OPEN),
        ({"max_speedup": 0.95}, 1.1, FAILED),
        ({"min_efficiency": 0.52}, 1.1, OPEN),
        ({"min_efficiency": 0.48}, 1.1, PASSED),
        ({"max_cores": 1.5}, 1.1, PASSED),
    ],
)
def test_what_no_second_thread_worked_at_is_not_faster_by_threads(
    limit: dict[str, float], speedup: float, expected: Outcome
) -> None:
    assert said(unthreaded(speedup), **limit) is expected


@pytest.mark.parametrize("at_work", [{"os_threads": 2}, {"cores": 1.3}, {"cores": 0.3}])
def test_what_somebody_else_worked_at_may_be(at_work: dict[str, float]) -> None:
    """A second thread; one that ended, which shows as CPU time alone; a server, which one thread waits for."""
    taken = unthreaded(1.1, **at_work)
    if at_work == {"cores": 0.3}:
        taken = [(one, made(0.11, 0.3, threads=1)) for one, _ in taken]
    assert said(taken, min_speedup=1.02) is PASSED


def both_with_two(speedup: float) -> Rows:
    """A pool of a fixed size: both sides keep two cores busy."""
    contender = made(0.1, 2.0, cores_online=2, control=look(2))
    return [(contender, made(0.1 * speedup, 2.0, threads=1, cores_online=2, control=look(1)))] * 20


@pytest.mark.parametrize(
    ("limit", "speedup", "expected"),
    [
        ({"min_speedup": 1.3}, 1.0, OPEN),
        ({"min_efficiency": 0.6}, 1.0, OPEN),
        ({"max_speedup": 1.2}, 1.0, OPEN),
        ({"min_speedup": 1.3}, 0.8, FAILED),
        ({"min_speedup": 1.3}, 1.4, PASSED),
        ({"max_speedup": 1.2}, 1.4, FAILED),
        ({"min_cores": 2.5}, 1.0, FAILED),
    ],
)
def test_no_lack_of_gain_is_told_beside_a_baseline_that_uses_more_than_it_was_told_to(
    limit: dict[str, float], speedup: float, expected: Outcome
) -> None:
    assert said(both_with_two(speedup), **limit) is expected


@pytest.mark.parametrize(("speedup", "expected"), [(0.96, OPEN), (0.94, FAILED)])
def test_more_threads_that_are_slower_there_are_so_clearly(speedup: float, expected: Outcome) -> None:
    assert said(both_with_two(speedup), min_speedup=1.3) is expected


@pytest.mark.parametrize("limit", [{"min_speedup": 1.3}, {"max_speedup": 1.2}])
def test_a_baseline_whose_pool_a_neighbour_may_hide_is_none(limit: dict[str, float]) -> None:
    """It kept 1.3 cores busy beside him, and would have kept 2; the control saw him, too."""
    beside = made(0.1, 1.3, threads=1, os_threads=2, demand=2.0, foreign=0.7, control=look(1))
    contender = made(0.1, 2.0, cores_online=2, control=look(2, 0.6, share=0.6))
    assert said([(contender, beside)] * 20, **limit) is OPEN


def test_a_baseline_with_some_help_is_one_thread_all_the_same() -> None:
    contender = made(0.1, 2.0, control=look(2))
    helped = made(0.1, 1.2, threads=1, os_threads=2, control=look(1))
    assert said([(contender, helped)] * 20, min_speedup=1.3) is FAILED


def test_threads_are_counted_in_all_rows() -> None:
    """One at first and two later, or the other way round."""
    one, two = (made(0.1),), (made(0.05, 2.0),)
    assert said(spaced([one] * 10 + [two] * 50), max_threads=1) is FAILED
    assert said(spaced([one] * 40 + [two] * 10), max_threads=1) is PASSED
    assert said(spaced([one] * 10 + [two] * 10), max_threads=1) is OPEN


def test_what_little_others_used_hides_no_more_than_it_could() -> None:
    """0.06 cores of the background's on eight, waits untold: a serial program is serial, give or take as much."""
    told: dict[str, Any] = {"cores_in_reach": 8, "foreign_raw_s": 0.006, "foreign_s": 0.006, "delay_s": None}
    contender = replace(made(0.1, 1.0, threads=8, cores_online=8), **told)
    taken = [(contender, made(0.1, 1.0, threads=1))] * 20
    assert said(taken, min_speedup=2.0) is FAILED
    assert said(taken, min_cores=2.0) is FAILED
    assert said(taken, min_speedup=1.05) is OPEN


def test_two_sides_are_held_to_every_limit_and_one_to_its_own() -> None:
    both = judgement(Limits(min_cores=1.5, min_speedup=1.5), rows(9, 1.8), 0.99)
    assert [one.outcome for one in both.verdicts] == [PASSED, PASSED]
    assert both.compared is not None
    assert judge_comparison(Limits(min_speedup=1.5), both.compared) == both.verdicts[1:]
    alone = judgement(Limits(min_cores=1.5), [row[:1] for row in rows(9, 1.8)], 0.99)
    assert alone.compared is None
    assert alone.outcome is PASSED


def test_inherited_threads_have_no_efficiency_to_hold() -> None:
    taken = [(made(0.1, 2.0, threads=None), made(0.18, threads=1))] * 9
    assert verdict_on(taken, min_efficiency=0.5).open_reason is OpenReason.INHERITED


def comparing(cores: float, baseline_cores: float = 1.0, speedup: float = 1.0, **looked: float) -> Rows:
    """Two cores against one; ``slowed_to`` and ``memory`` as the control found them."""
    contender = made(0.1, cores, os_threads=2, cores_online=2, control=look(2, looked.get("slowed_to", 1.0)))
    baseline = made(
        0.1 * speedup, baseline_cores, threads=1, cores_online=2, control=look(1, memory=looked.get("memory"))
    )
    return [(contender, baseline)] * 20


@pytest.mark.parametrize(
    ("taken", "efficiency"),
    [
        (comparing(1.0, slowed_to=0.5), 0.5),
        (comparing(1.5, slowed_to=0.5), 0.67),
        (comparing(1.0, baseline_cores=2.0, speedup=1.5), 0.5),
        (comparing(2.0, speedup=1.8, memory=0.4), 0.5),
    ],
    ids=["serial", "half serial", "fewer cores than its baseline", "a neighbour that streams memory"],
)
def test_what_the_machine_lacks_makes_no_program_efficient(taken: Rows, efficiency: float) -> None:
    """Two cores that attain 1.0x; a lack that the baseline alone had; memory that was taken from it alone."""
    assert said(taken, min_efficiency=1.1 * efficiency) is not PASSED


def test_threads_that_stop_at_barriers_lose_more_than_a_control_that_shares_nothing() -> None:
    """A slice of a neighbour's on either core stops both; the control's workers each lose their own."""
    contender = made(0.1, 2.0, demand=2.6, foreign=0.6, cores_online=2, control=look(2, 0.7, share=0.7))
    taken = [(contender, made(0.12, threads=1, control=look(1)))] * 30
    assert said(taken, min_speedup=1.8) is OPEN
    assert said(taken, min_efficiency=0.9) is OPEN


@pytest.mark.parametrize("limit", [{"min_speedup": 1.3}, {"min_efficiency": 0.6}, {"min_cores": 1.5}])
def test_threads_that_spin_while_one_has_no_core_say_nothing_of_a_machine_that_has_two(limit: dict[str, float]) -> None:
    """A product by OpenBLAS beside ten loops, as it was recorded: 0.29x there, and 1.58x without them."""
    slow = made(0.103, 0.84, demand=2.0, os_threads=2, foreign=1.15, cores_online=2, control=look(2, 0.62, share=0.46))
    baseline = made(0.030, 0.73, threads=1, demand=1.0, foreign=1.26, cores_online=2, control=look(1, share=0.73))
    assert said(spaced([(slow, baseline)] * 40), **limit) is OPEN


def test_a_pool_in_the_code_that_does_half_of_the_work_is_one_too() -> None:
    both = (made(0.1, 1.33, os_threads=2, control=look(2)), made(0.1, 1.33, threads=1, os_threads=2, control=look(1)))
    assert verdict_on([both] * 20, min_speedup=1.2).open_reason is OpenReason.OWN_POOL


def test_a_round_in_which_a_thread_ended_says_nothing_of_the_others() -> None:
    usual, odd = (made(0.1, 2.0),), (made(0.1, 2.0, ended_share=0.06),)
    assert said([*[usual] * 39, odd], max_threads=2) is PASSED
