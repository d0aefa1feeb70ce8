"""What each rule of rules.py guards against: with it the verdict is right, without it it is wrong, or there is none.

SETTLE and FUTILITY change when measuring stops: test_stopping.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.judge import decide
from pytest_multicore.verdicts.limits import Limits, OpenReason, Outcome
from pytest_multicore.verdicts.rules import Rule
from tests.rounds import look, made, rows, spaced

PASSED, FAILED, OPEN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


@dataclass(frozen=True)
class Case:
    """Rows, a limit on them, and what is said with the rule and without."""

    rows: Sequence[tuple[Round, ...]]
    limits: Limits
    right: Outcome
    without: Outcome
    why: OpenReason | None = None


def gusts(baseline_s: float) -> list[tuple[Round, ...]]:
    """A program of 1.9x; beside a neighbour it comes to 1.0x, in two rows of three."""
    alone = (made(0.1, 2.0, cores_online=2, control=look(2)), made(0.1 * baseline_s, threads=1, control=look(1)))
    beside = (
        made(0.1, 1.5, demand=2.0, foreign=0.5, cores_online=2, control=look(2, 0.5, share=0.5)),
        made(0.1, threads=1, control=look(1)),
    )
    return spaced([alone, beside, beside] * 15)


def starts_serial() -> list[tuple[Round, ...]]:
    """Its beginning, on one thread, is all that nobody disturbed; later on it is parallel."""
    at_first = (made(0.1, cores_online=2, control=look(2)), made(0.1, threads=1, control=look(1)))
    later = (
        made(0.1, 1.6, demand=2.0, foreign=0.4, cores_online=2, control=look(2, 0.6)),
        made(0.14, threads=1, control=look(1)),
    )
    return spaced([at_first] * 20 + [later] * 30)


def pool_per_call() -> list[tuple[Round, ...]]:
    """Its threads took their waits along; others had 0.4 cores, of which every other round shows nothing."""
    one = made(0.0375, 1.2, os_threads=2, ended_share=0.9, cores_online=2)
    ticks_s = (-0.005, 0.035) * 30
    return spaced([(replace(one, foreign_raw_s=tick_s, foreign_s=max(0.0, tick_s)),) for tick_s in ticks_s])


BESIDE_ONE_THAT_COPIES = [
    (made(0.1, 2.0, control=look(2)), made(0.18, threads=1, control=look(1, memory=0.4))) for _ in range(20)
]
ONE_CORE_FOR_TWO_THREADS = [(made(0.1, 1.0, os_threads=2), made(0.15, 2.0, threads=1))] * 20
TWO_CORES_ON_BOTH_SIDES = [
    (made(0.1, 2.0, control=look(2)), made(0.1, 2.0, threads=1, control=look(1))) for _ in range(20)
]

CASES = {
    Rule.CONTROL: Case(rows(20, 1.0, slowed_to=0.5), Limits(min_speedup=1.5), OPEN, FAILED, OpenReason.MACHINE),
    Rule.UNDISTURBED_ROWS: Case(gusts(1.9), Limits(min_speedup=1.5), PASSED, OPEN),
    Rule.SPAN: Case(starts_serial(), Limits(min_speedup=1.5), OPEN, FAILED, OpenReason.MACHINE),
    Rule.UNKNOWN_WAITS: Case(pool_per_call(), Limits(min_cores=1.7), OPEN, FAILED, OpenReason.DISTURBED),
    Rule.WAITS: Case(
        [(made(0.1, 1.2, demand=1.6, foreign=0.4),)] * 20,
        Limits(min_cores=1.5),
        OPEN,
        FAILED,
        OpenReason.DISTURBED,
    ),
    Rule.SLOW_CORE: Case(
        [
            (
                made(0.1, 1.5, os_threads=2, control=look(2, 0.6, fastest=1.0)),
                made(0.187, threads=1, control=look(1, 0.6)),
            )
        ]
        * 20,
        Limits(min_speedup=1.5),
        OPEN,
        PASSED,
        OpenReason.MACHINE,
    ),
    Rule.HELD_UP: Case(
        [
            (
                made(0.1, 1.0, os_threads=2, cores_online=2, control=look(2)),
                made(0.15, 0.67, threads=1, os_threads=1, demand=1.0, foreign=1.0, control=look(1)),
            )
        ]
        * 20,
        Limits(min_speedup=1.2),
        OPEN,
        PASSED,
        OpenReason.MACHINE,
    ),
    Rule.ENDED_THREADS: Case(
        [(made(0.1, 1.0, ended_share=0.5, foreign=0.5),)] * 20,
        Limits(max_cores=1.5),
        OPEN,
        PASSED,
        OpenReason.DISTURBED,
    ),
    Rule.FEWER_CORES: Case(ONE_CORE_FOR_TWO_THREADS, Limits(min_speedup=1.2), OPEN, PASSED, OpenReason.MACHINE),
    Rule.MEMORY: Case(BESIDE_ONE_THAT_COPIES, Limits(min_speedup=1.5), OPEN, PASSED, OpenReason.MEMORY),
    Rule.ONE_THREAD: Case(
        [(made(0.1), made(0.11, threads=1))] * 20, Limits(min_speedup=1.05), OPEN, PASSED, OpenReason.OWN_SPEED
    ),
    Rule.OWN_POOL: Case(TWO_CORES_ON_BOTH_SIDES, Limits(min_speedup=1.3), OPEN, FAILED, OpenReason.OWN_POOL),
    Rule.CAP: Case(
        [(made(0.1, 1.0, demand=2.0, os_threads=2, cores_open=1.0, foreign=0.3),)] * 20,
        Limits(min_cores=1.5),
        FAILED,
        OPEN,
    ),
    Rule.CLOCKS: Case(
        [(replace(made(0.1, 1.55), clocks_s=0.01),)] * 20, Limits(min_cores=1.5), OPEN, PASSED, OpenReason.DISTURBED
    ),
}


def test_every_rule_that_decides_is_shown() -> None:
    assert set(CASES) == set(Rule) - {Rule.SETTLE, Rule.FUTILITY}


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.name)
def test_with_the_rule_the_verdict_is_right(rule: Rule) -> None:
    case = CASES[rule]
    (verdict,) = decide(case.limits, case.rows, 0.99)
    assert (verdict.outcome, verdict.open_reason) == (case.right, case.why)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.name)
def test_without_it_it_is_not(rule: Rule) -> None:
    case = CASES[rule]
    (verdict,) = decide(case.limits, case.rows, 0.99, frozenset({rule}))
    assert verdict.outcome is case.without
