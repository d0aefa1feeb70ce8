"""Limits held against intervals."""

import math
from typing import Any

import pytest

from pytest_multicore.verdicts.limits import (
    Limits,
    OpenReason,
    Outcome,
    Verdict,
    claims_no_gain,
    claims_regression,
    is_settled,
    leave_open,
    outcome_of,
    verdicts_on,
    why_unreachable,
)
from pytest_multicore.verdicts.statistics import Interval

P, F, U = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


def between(low: float, high: float) -> Interval:
    return Interval(low, (low + high) / 2, high, 0.99)


def judge_comparison(found: Interval | None, measured: Interval | None = None, **limit: Any) -> Verdict:
    (name,) = limit
    (verdict,) = verdicts_on(Limits(**limit), {name: (found, measured or found)})
    return verdict


def verdict(low: float, high: float, **limit: Any) -> Outcome:
    return judge_comparison(between(low, high), **limit).outcome


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1.5, 1.9, P), (1.51, 1.9, P), (1.4, 1.6, U), (1.2, 1.5, U), (1.2, 1.49, F), (-math.inf, math.inf, U)],
)
def test_a_lower_limit_is_met_at_its_value(low: float, high: float, expected: Outcome) -> None:
    assert verdict(low, high, min_speedup=1.5) is expected


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(1.0, 1.5, P), (1.0, 1.6, U), (1.5, 1.6, U), (1.51, 1.6, F), (-math.inf, math.inf, U)]
)
def test_an_upper_limit_is_met_at_its_value(low: float, high: float, expected: Outcome) -> None:
    assert verdict(low, high, max_cores=1.5) is expected


def test_a_number_that_is_missing_is_no_pass() -> None:
    found = judge_comparison(None, min_efficiency=0.5)
    assert (found.outcome, found.open_reason, found.interval) == (U, OpenReason.INHERITED, None)


def test_what_was_measured_decides_nothing_and_is_told() -> None:
    """The interval allows for what the machine did not give."""
    found = judge_comparison(between(1.0, 2.0), between(1.0, 1.2), min_speedup=1.5)
    assert (found.outcome, found.measured) == (U, between(1.0, 1.2))


UNBOUNDED = Interval(-math.inf, 1.6, math.inf, 0.99)


@pytest.mark.parametrize(
    ("limit", "found", "measured", "why"),
    [
        ({"min_speedup": 1.5}, between(1.0, 2.0), between(1.0, 1.2), OpenReason.MACHINE),
        ({"max_speedup": 1.5}, between(1.0, 2.0), between(1.0, 1.2), OpenReason.MACHINE),
        ({"min_speedup": 1.5}, between(-math.inf, 1.8), between(1.7, 1.8), OpenReason.MACHINE),
        ({"min_cores": 1.5}, between(1.0, 2.0), between(1.0, 1.2), OpenReason.DISTURBED),
        ({"max_cores": 1.5}, between(1.0, 2.0), between(1.0, 1.2), OpenReason.DISTURBED),
        ({"min_speedup": 1.5}, between(1.4, 2.0), between(1.4, 1.6), OpenReason.NEAR),
        ({"min_cores": 1.5}, between(1.4, 1.6), between(1.4, 1.6), OpenReason.NEAR),
        ({"min_speedup": 1.5}, UNBOUNDED, UNBOUNDED, OpenReason.FEW_ROWS),
        ({"min_cores": 1.5}, UNBOUNDED, UNBOUNDED, OpenReason.FEW_ROWS),
        ({"min_speedup": 1.5}, between(1.4, math.inf), between(1.4, math.inf), OpenReason.MACHINE),
        ({"min_speedup": 1.5}, between(-math.inf, 1.6), between(-math.inf, 1.6), OpenReason.MACHINE),
        ({"max_threads": 2}, between(2.0, math.inf), between(2.0, math.inf), OpenReason.NOT_COUNTED),
        ({"max_threads": 2}, between(1.0, 3.0), between(1.0, 3.0), OpenReason.NEAR),
    ],
)
def test_an_open_limit_says_what_keeps_it_open(
    limit: dict[str, float], found: Interval, measured: Interval, why: OpenReason
) -> None:
    verdict = judge_comparison(found, measured, **limit)
    assert (verdict.outcome, verdict.open_reason) == (U, why)


@pytest.mark.parametrize(("low", "high"), [(1.6, 1.8), (1.0, 1.2)])
def test_a_decided_one_has_nothing_to_say(low: float, high: float) -> None:
    assert judge_comparison(between(low, high), min_speedup=1.5).open_reason is None


def test_a_verdict_can_be_opened_for_a_reason() -> None:
    found = leave_open(judge_comparison(between(1.6, 1.8), min_speedup=1.5), OpenReason.OWN_SPEED)
    assert (found.outcome, found.open_reason, found.interval) == (U, OpenReason.OWN_SPEED, between(1.6, 1.8))


def test_the_worst_verdict_is_the_whole() -> None:
    passed, failed = (
        judge_comparison(between(1.9, 2.0), min_cores=1.5),
        judge_comparison(between(1.0, 1.2), min_speedup=1.5),
    )
    undecided = judge_comparison(between(1.0, 2.0), max_cores=1.5)
    assert outcome_of([passed, undecided, failed]) is F
    assert outcome_of([passed, undecided]) is U
    assert outcome_of([passed]) is P
    assert [is_settled(one) for one in ([passed], [failed, undecided], [passed, undecided])] == [True, True, False]
    assert outcome_of([]) is Outcome.MEASURED
    assert is_settled([])


@pytest.mark.parametrize(
    ("limits", "granted", "threads", "baseline", "expected"),
    [
        (Limits(min_cores=2, min_speedup=2), 2, 2, 1, None),
        (Limits(min_cores=4), 2, 2, None, "min_cores=4 cannot be reached"),
        (Limits(min_speedup=3), 2.5, 8, 1, None),
        (Limits(min_speedup=3), 2.5, 2, 1, "min_speedup=3 cannot be reached on this machine (2 at most)"),
        (Limits(min_speedup=2.5), 2, 4, 2, "(2 at most)"),
        (Limits(min_efficiency=0.5), 2, 4, 1, None),
        (Limits(min_efficiency=0.8), 1, 1, 1, "1 threads against 1 compare nothing"),
        (Limits(max_speedup=1.3), 1, 1, 1, "compare nothing"),
        (Limits(min_speedup=0.9), 8, 1, 2, "1 threads against 2 compare nothing"),
        (Limits(min_speedup=1.5), 2, None, 1, None),
        (Limits(max_cores=8), 2, 1, 1, None),
        (Limits(max_speedup=1.3), 1, 2, 1, None),
        (Limits(max_speedup=2.0), 2, 2, 1, "max_speedup=2 cannot be missed on this machine (2 at most)"),
        (Limits(max_speedup=1.9), 2, 4, 1, None),
    ],
)
def test_what_no_program_could_reach_or_miss_here(
    limits: Limits, granted: float, threads: int | None, baseline: int | None, expected: str | None
) -> None:
    found = why_unreachable(limits, granted, threads, baseline)
    assert (expected or "") in (found.reason if found else "")
    assert (found is None) is (expected is None)
    assert not found or found.lacks_cores is ("cannot be reached" in found.reason)


def test_cores_that_are_not_there_cannot_be_given_whatever_the_limit() -> None:
    for limits in (Limits(), Limits(max_cores=9), Limits(min_speedup=1.1)):
        found = why_unreachable(limits, 2, 4, 1, vary="cores")
        assert found == ("4 cores cannot be given on this machine", True)
    assert why_unreachable(Limits(min_speedup=1.1), 1.5, 2, 1, vary="cores") is None, "a quota's part of one is given"
    assert why_unreachable(Limits(min_speedup=1.1), 2, 4, 1, vary="threads") is None


def test_cores_that_are_not_given_hide_what_is_over_max_cores() -> None:
    hidden = why_unreachable(Limits(max_cores=1.5), 2, 1, None, 2, vary="cores")
    assert hidden == ("max_cores=1.5 cannot be missed with 1 core given on this machine", False)
    assert why_unreachable(Limits(max_cores=1.5), 2, 2, None, 2, vary="cores") is None
    assert why_unreachable(Limits(max_cores=1.5), 2, 1, None, 2, vary="threads") is None
    asked = why_unreachable(Limits(min_cores=1.5), 2, 1, None, 2, vary="cores")
    assert asked == ("min_cores=1.5 cannot be reached with 1 core given on this machine", True)


def test_what_a_quota_or_an_affinity_hides_cannot_be_missed() -> None:
    """Four busy threads on one granted core of many keep one busy."""
    hidden = why_unreachable(Limits(max_cores=1.5), 1, 1, None, 64)
    assert hidden
    assert hidden.reason == "max_cores=1.5 cannot be missed on this machine"
    assert why_unreachable(Limits(max_cores=1.5), 2, 2, None, 64) is None
    assert why_unreachable(Limits(max_cores=2), 2, 2, None, 2) is None, "there are no more"


@pytest.mark.parametrize(
    ("limit", "low", "high", "slow", "little"),
    [
        ({"min_speedup": 1.5}, 1.0, 1.1, True, True),
        ({"min_speedup": 1.5}, 1.6, 1.7, False, False),
        ({"min_speedup": 1.5}, 1.0, 1.7, False, False),
        ({"max_speedup": 1.5}, 1.0, 1.1, True, True),
        ({"max_speedup": 1.5}, 1.6, 1.7, True, False),
        ({"max_cores": 1.5}, 1.0, 1.1, True, True),
        ({"max_threads": 1}, 1.0, 1.0, True, True),
        ({"min_cores": 1.5}, 1.6, 1.7, False, False),
    ],
)
def test_what_a_beginning_could_say_must_last(
    limit: dict[str, Any], low: float, high: float, slow: bool, little: bool
) -> None:
    """A miss, and that there is little of something."""
    found = judge_comparison(between(low, high), **limit)
    assert (claims_regression(found), claims_no_gain(found)) == (slow, little)
