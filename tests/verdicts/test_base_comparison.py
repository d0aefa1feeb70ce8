"""What a program lost against its base, by rows of literals: the program at two threads and at one, then the base."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import MAX_PROCESS_SPEED_RATIO
from pytest_multicore.verdicts.base_comparison import BaseComparison, Change, is_near_limit, needs_further_processes
from pytest_multicore.verdicts.judge import borne_out, judgement, to_bear_out
from pytest_multicore.verdicts.limits import Limits, OpenReason, Outcome, Verdict
from pytest_multicore.verdicts.rules import Rule
from tests.rounds import look, made, sides, spaced

Row = tuple[Round, ...]
PASSED, FAILED, OPEN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


def said(rows: Sequence[Row], without: frozenset[Rule] = frozenset(), **limits: Any) -> tuple[BaseComparison, Verdict]:
    """What the rows say of one limit, ``max_loss=0.1`` unless told."""
    found = judgement(Limits(**(limits or {"max_loss": 0.1})), rows, 0.99, without)
    assert found.against
    (verdict,) = found.verdicts
    return found.against, verdict


PARALLEL, SERIAL = sides(0.05, 0.1), sides(0.1, 0.1, cores=1.0)
#: Program and base, the loss, and what is said with a limit of 0.1.
CASES = {
    "the same": (PARALLEL, PARALLEL, 0.0, Change.NO_LOSS),
    "serial for parallel": (SERIAL, PARALLEL, 0.5, Change.REGRESSION),
    "parallel for serial": (PARALLEL, SERIAL, -1.0, Change.NO_LOSS),
    "half serial for parallel": (sides(0.075, 0.1, cores=1.33), PARALLEL, 1 / 3, Change.REGRESSION),
    "slower at all threads": (sides(0.1, 0.2), PARALLEL, 0.0, Change.SLOWER),
    "slower, and by threading": (sides(0.2, 0.2, cores=1.0), PARALLEL, 0.5, Change.REGRESSION),
    "faster on one thread alone": (sides(0.05, 0.06), PARALLEL, 0.0, Change.NO_LOSS),
    "slower on one thread alone": (sides(0.05, 0.2), PARALLEL, -1.0, Change.SLOWER),
    "faster at all threads": (sides(0.02, 0.04), PARALLEL, 0.0, Change.NO_LOSS),
    "faster at all threads, and most on two": (sides(0.02, 0.06), PARALLEL, -0.5, Change.NO_LOSS),
    "faster on one thread, and slower on two": (sides(0.06, 0.08), PARALLEL, 1 - 5 / 6, Change.REGRESSION),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_said_of_a_pair(case: tuple[Row, Row, float, Change]) -> None:
    program, base, loss, change = case
    against, verdict = said(spaced([(*program, *base)] * 20))
    assert against.measured_loss.estimate == pytest.approx(loss)
    assert against.change([verdict]) is change
    assert verdict.outcome is (FAILED if change is Change.REGRESSION else PASSED)


@pytest.mark.parametrize("spread", [0.1, 0.5, 2.0])
def test_noise_that_hits_all_sides_costs_the_same_programs_nothing(spread: float) -> None:
    """Its size only takes rows: a spread of 2 makes one round in three over seven times as long as it is in truth."""
    draw = random.Random(f"seed {spread}")
    rows = spaced(
        [
            tuple(
                replace(one, wall_s=one.wall_s * (noise := draw.lognormvariate(0, spread)), cpu_s=one.cpu_s * noise)
                for one in (*PARALLEL, *PARALLEL)
            )
            for _ in range(300)
        ]
    )
    against, verdict = said(rows, max_loss=0.9)
    assert against.measured_loss.low <= 0 <= against.measured_loss.high
    assert verdict.outcome is not FAILED


def test_a_limit_on_time_holds_one_thread_against_the_bases() -> None:
    rows = spaced([(*sides(0.1, 0.2), *PARALLEL)] * 20)
    assert said(rows, max_slowdown=0.5)[1].outcome is FAILED
    assert said(rows, max_slowdown=1.5)[1].outcome is PASSED


def test_what_two_processes_differ_by_is_no_slowness() -> None:
    one_s = 0.1 * (MAX_PROCESS_SPEED_RATIO - 0.01)
    against, verdict = said(spaced([(*sides(one_s / 2, one_s), *PARALLEL)] * 20))
    assert against.change([verdict]) is Change.NO_LOSS
    assert said(spaced([(*sides(one_s / 2, one_s), *PARALLEL)] * 20), max_slowdown=0.0)[1].outcome is OPEN


def test_one_thread_everywhere_loses_nothing_by_threading() -> None:
    """They differ by what is their processes' own, as where their memory lies."""
    program, base = sides(0.13, 0.1, cores=1.0), sides(0.1, 0.1, cores=1.0)
    against, verdict = said(spaced([(*program, *base)] * 20))
    assert against.measured_loss.estimate == pytest.approx(1 - 10 / 13)
    assert (against.loss.low, against.loss.high, verdict.outcome) == (0.0, 0.0, PASSED)
    assert said(spaced([(*program, *base)] * 9))[1].outcome is OPEN, "a few rows may not show all threads"


@pytest.mark.parametrize("whose", ["program", "base"])
def test_a_pool_that_no_variable_reaches_is_no_loss_and_no_pass(whose: str) -> None:
    """Its baseline has the gain of more threads already."""
    pool = (PARALLEL[0], replace(PARALLEL[0], threads=1))
    pair = (*pool, *PARALLEL) if whose == "program" else (*SERIAL, *pool)
    _, verdict = said(spaced([pair] * 20))
    assert (verdict.outcome, verdict.open_reason) == (
        (PASSED, None) if whose == "program" else (OPEN, OpenReason.OWN_POOL)
    )
    if whose == "base":
        assert said(spaced([pair] * 20), frozenset({Rule.OWN_POOL}))[1].open_reason is not OpenReason.OWN_POOL


def test_who_is_as_fast_at_all_threads_passes_whatever_its_pool() -> None:
    pool = (PARALLEL[0], replace(PARALLEL[0], threads=1))
    assert said(spaced([(*pool, *PARALLEL)] * 20))[1].outcome is PASSED


def test_a_machine_that_halves_both_alike_takes_nothing_from_the_verdict() -> None:
    """Both keep two cores busy, of which there is one: pairs tell all the same."""
    slow = sides(0.1, 0.1, slowed_to=0.5)
    assert said(spaced([(*slow, *slow)] * 20))[1].outcome is PASSED


def test_a_serial_program_and_a_base_that_the_machine_slows() -> None:
    """The base comes to 1.0x on shared cores, as the program does: what it lost is not to be seen."""
    base = sides(0.1, 0.1, slowed_to=0.5)
    against, verdict = said(spaced([(*SERIAL, *base)] * 20))
    assert against.measured_loss.estimate == pytest.approx(0)
    assert against.loss.high == pytest.approx(0.5)
    assert (verdict.outcome, verdict.open_reason) == (OPEN, OpenReason.MACHINE)
    assert said(spaced([(*SERIAL, *base)] * 20), frozenset({Rule.CONTROL, Rule.CAP}))[1].outcome is OPEN


def test_a_parallel_program_that_the_machine_slows_is_not_blamed() -> None:
    """It wants two cores of which there is one, and its base wants one."""
    program = sides(0.12, 0.1, slowed_to=0.5)
    against, verdict = said(spaced([(*program, *SERIAL)] * 20))
    assert against.measured_loss.low > 0.1
    assert against.loss.low < 0
    assert (verdict.outcome, verdict.open_reason) == (OPEN, OpenReason.MACHINE)


def test_threads_that_wait_for_a_core_may_be_parallel_or_wait_for_a_lock() -> None:
    """Another process has the second core. A program under a lock and a parallel base read the same there."""
    program = sides(0.1, 0.1, cores=1.0, slowed_to=0.55, demand=1.9, os_threads=2, foreign=1.0)
    against, verdict = said(spaced([(*program, *program)] * 30))
    assert against.measured_loss.high == pytest.approx(0)
    assert (verdict.outcome, verdict.open_reason) == (OPEN, OpenReason.MACHINE)
    given = sides(0.1, 0.1, cores=1.0, demand=1.9, os_threads=2)
    assert said(spaced([(*given, *given)] * 30))[1].outcome is PASSED, "the machine had the core, and it was not taken"


def test_what_a_base_lost_is_told_where_the_machine_gives_all_cores() -> None:
    assert said(spaced([(*SERIAL, *PARALLEL)] * 10))[1].outcome is FAILED
    assert said(spaced([(*SERIAL, *PARALLEL)] * 9))[1].outcome is OPEN


@pytest.mark.parametrize(
    ("loss", "limit", "near"),
    [(0.5, 0.1, False), (0.0, 0.1, True), (0.2, 0.1, True), (-0.3, 0.1, False), (0.0, 0.3, False)],
)
def test_a_verdict_that_processes_could_turn_is_near(loss: float, limit: float, near: bool) -> None:
    program = sides(0.05 / (1 - loss), 0.1)
    _, verdict = said(spaced([(*program, *PARALLEL)] * 20), max_loss=limit)
    assert is_near_limit(verdict) is near


@pytest.mark.parametrize(
    ("loss", "fixed_layout", "asked"),
    [(0.2, True, True), (0.2, False, True), (0.0, True, False), (0.0, False, True), (0.5, False, False)],
)
def test_further_processes_are_asked_of_what_they_could_turn(loss: float, fixed_layout: bool, asked: bool) -> None:
    """What has not changed does not differ at fixed addresses, so a pass is one there."""
    _, verdict = said(spaced([(*sides(0.05 / (1 - loss), 0.1), *PARALLEL)] * 20))
    assert needs_further_processes(verdict, fixed_layout) is asked
    assert not needs_further_processes(replace(verdict, outcome=OPEN), fixed_layout)


@pytest.mark.parametrize(
    ("one_s", "fixed_layout", "asked"), [(0.12, False, {"slower"}), (0.12, True, set()), (0.2, False, set())]
)
def test_further_processes_are_asked_who_is_slower_where_they_could_turn_it(
    one_s: float, fixed_layout: bool, asked: set[str]
) -> None:
    """At two threads it is faster by so much that nothing turns the pass."""
    judged = judgement(Limits(max_loss=0.1), spaced([(*sides(0.03, one_s), *PARALLEL)] * 20), 0.99)
    assert judged.change is Change.SLOWER
    assert to_bear_out(judged, fixed_layout) == asked


def test_what_further_processes_do_not_bear_out_is_open() -> None:
    lost, same = (
        judgement(Limits(max_loss=0.1, max_slowdown=0.5), spaced([(*sides(two_s, 0.1), *PARALLEL)] * 20), 0.99)
        for two_s in (0.06, 0.05)
    )
    assert borne_out(lost, lost, {"max_loss"}).verdicts == lost.verdicts
    loss, slowdown = borne_out(lost, same, {"max_loss"}).verdicts
    assert (loss.outcome, loss.open_reason) == (OPEN, OpenReason.LAYOUT)
    assert slowdown.outcome is PASSED
    assert borne_out(lost, same, {"max_slowdown"}).verdicts == lost.verdicts, "it was not asked of the loss"


@pytest.mark.parametrize(("others_s", "change"), [(0.12, Change.SLOWER), (0.11, Change.NO_LOSS)])
def test_who_is_slower_is_so_in_further_processes_where_those_are_measured(others_s: float, change: Change) -> None:
    first, others = (
        judgement(Limits(max_loss=0.1), spaced([(*sides(one_s / 2, one_s), *PARALLEL)] * 20), 0.99)
        for one_s in (0.13, others_s)
    )
    assert first.change is Change.SLOWER
    assert borne_out(first, others, {"max_loss"}).change is change


def test_a_slowdown_is_near_its_limit_within_what_two_processes_differ_by() -> None:
    rows = spaced([(*sides(0.1, 0.2), *PARALLEL)] * 20)
    assert [is_near_limit(said(rows, max_slowdown=limit)[1]) for limit in (0.5, 0.95, 1.05, 1.5)] == [
        False,
        True,
        True,
        False,
    ]


def test_limits_of_its_own_are_judged_beside_the_base() -> None:
    found = judgement(Limits(min_speedup=1.5, max_loss=0.1), spaced([(*SERIAL, *SERIAL)] * 20), 0.99)
    assert [(one.quantity, one.outcome) for one in found.verdicts] == [("min_speedup", FAILED), ("max_loss", PASSED)]
    assert found.compared
    assert found.compared.ratio.estimate == pytest.approx(1)


def test_a_program_that_spins_while_one_of_its_threads_has_no_core_has_lost_nothing_for_certain() -> None:
    """OpenBLAS beside ten loops, as it was recorded: 0.29x of one thread, and 1.58x without them."""
    spinning = made(0.103, 0.84, demand=2.0, os_threads=2, foreign=1.15, control=look(2, 0.62, share=0.46))
    one = made(0.030, 0.73, threads=1, demand=1.0, foreign=1.26, control=look(1, share=0.73))
    serial = replace(one, threads=2, control=look(2, 0.62, share=0.46))
    _, verdict = said(spaced([(spinning, one, serial, one)] * 40))
    assert verdict.outcome is OPEN
    assert said(spaced([(serial, one, spinning, one)] * 40))[1].outcome is OPEN


def test_a_base_whose_single_thread_waited_may_be_twice_as_fast_and_as_parallel() -> None:
    """Beside two loops threads that take turns took as long as two that are always at work, and gain nothing alone."""
    one = made(0.2, 0.5, threads=1, demand=1.0, foreign=1.5, cores_online=2, control=look(1, 0.5, share=0.5))
    beside = look(2, 0.5, share=0.5)
    takes_turns = made(0.1, 1.0, demand=1.1, os_threads=2, foreign=1.0, cores_online=2, control=beside)
    at_work = made(0.1, 1.0, demand=2.0, os_threads=2, foreign=1.0, cores_online=2, control=beside)
    against, verdict = said(spaced([(takes_turns, one, at_work, one)] * 60), max_loss=0.2)
    assert (verdict.outcome, verdict.open_reason) == (OPEN, OpenReason.MACHINE)
    assert against.loss.high == pytest.approx(0.5)


def on_uneven_cores(two_s: float, own: float) -> list[Row]:
    """Program and base take 0.1 s on one fast core, the base 0.0625 s on two; ``own``: speed of the program's core."""
    at_two = [made(wall_s, 2.0, cores_online=2, control=look(2, 0.6, fastest=1.0)) for wall_s in (two_s, 0.0625)]
    at_one = [made(0.1 / speed, 1.0, threads=1, cores_online=2, control=look(1, speed)) for speed in (own, 1.0)]
    return spaced([(at_two[0], at_one[0], at_two[1], at_one[1])] * 20)


@pytest.mark.parametrize(("own", "said_of_loss"), [(1.0, FAILED), (0.6, OPEN)])
def test_a_single_thread_that_stays_on_the_slow_core_hides_no_loss(own: float, said_of_loss: Outcome) -> None:
    """The program lost 15 % on two threads. Its time on one thread is no yardstick where a slow core made it."""
    lost = on_uneven_cores(0.0735, own)
    assert said(lost)[1].outcome is said_of_loss
    assert said(lost, frozenset({Rule.SLOW_CORE}))[1].outcome is (FAILED if own == 1.0 else PASSED)


def test_a_single_thread_that_stays_on_the_slow_core_is_not_called_slower() -> None:
    same = on_uneven_cores(0.0625, 0.6)
    assert said(same, max_slowdown=0.2)[1].outcome is OPEN
    assert said(same, frozenset({Rule.SLOW_CORE}), max_slowdown=0.2)[1].outcome is FAILED
    assert said(on_uneven_cores(0.0625, 1.0), max_slowdown=0.2)[1].outcome is PASSED


def test_a_base_whose_pool_waits_and_has_its_own_size_is_no_pass() -> None:
    """Its eight threads wait for answers, whatever it was told; the program has lost them, and takes 0.8 s."""
    program = made(0.8, 0.05, threads=8, os_threads=1), made(0.8, 0.05, threads=1, os_threads=1)
    base = made(0.1, 0.05, threads=8, os_threads=8), made(0.1, 0.05, threads=1, os_threads=8)
    _, verdict = said(spaced([(*program, *base)] * 20))
    assert (verdict.outcome, verdict.open_reason) == (OPEN, OpenReason.OWN_POOL)


def test_a_slow_beginning_that_nobody_disturbed_is_not_all_of_a_program() -> None:
    """Later on both take as long, beside others who make each round shorter or longer than the next."""

    def beside(wall_s: float, cores: float, threads: int, factor: float) -> Round:
        return made(wall_s * factor, cores, threads=threads, demand=1.2 * cores, foreign=0.5, control=look(threads))

    draw, later = random.Random(1), list[Row]()
    for _ in range(40):
        factors = [draw.choice((0.6, 1.0, 2.4)) for _ in range(4)]
        later.append(
            tuple(beside(*one, f) for one, f in zip([(0.05, 2.0, 2), (0.1, 1.0, 1)] * 2, factors, strict=True))
        )
    rows = spaced([(*sides(0.1, 0.2), *sides(0.05, 0.1))] * 20 + later, 0.4)
    assert said(rows, max_slowdown=0.5)[1].outcome is OPEN
    assert said(rows, frozenset({Rule.SPAN}), max_slowdown=0.5)[1].outcome is FAILED
