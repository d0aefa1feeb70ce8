import pytest

from pytest_multicore.verdicts.limits import Limits, Outcome, judge, overall, says_slow, settled, unreachable
from pytest_multicore.verdicts.statistics import Interval

P, F, U = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


def verdict(low: float, high: float, **limit: float) -> Outcome:
    (name,) = limit
    found = judge(Limits(**limit), {name: Interval(low, (low + high) / 2, high, 0.99)})  # type: ignore[arg-type]
    return found[0].outcome


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1.5, 1.9, P), (1.51, 1.9, P), (1.4, 1.6, U), (1.2, 1.5, U), (1.2, 1.49, F), (-1e400, 1e400, U)],
)
def test_a_lower_limit_is_met_at_its_value(low: float, high: float, expected: Outcome) -> None:
    assert verdict(low, high, min_speedup=1.5) is expected


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(1.0, 1.5, P), (1.0, 1.6, U), (1.5, 1.6, U), (1.51, 1.6, F), (-1e400, 1e400, U)]
)
def test_an_upper_limit_is_met_at_its_value(low: float, high: float, expected: Outcome) -> None:
    assert verdict(low, high, max_cores=1.5) is expected


def test_a_number_that_is_missing_is_no_pass() -> None:
    found = judge(Limits(min_efficiency=0.5), {"min_efficiency": None})
    assert found[0].outcome is U


def test_the_worst_verdict_is_the_whole() -> None:
    held = judge(
        Limits(min_cores=1.5, min_speedup=1.5),
        {"min_cores": Interval(1.9, 2, 2, 0.99), "min_speedup": Interval(1.0, 1.1, 1.2, 0.99)},
    )
    assert [one.outcome for one in held] == [P, F]
    assert overall(held) is F
    assert settled(held)
    assert overall(held[:1]) is P
    assert not settled(judge(Limits(min_cores=1.5), {}))
    assert overall(()) is Outcome.MEASURED
    assert settled(())


@pytest.mark.parametrize(
    ("limits", "granted", "threads", "baseline", "expected"),
    [
        (Limits(min_cores=2, min_speedup=2), 2, 2, 1, None),
        (Limits(min_cores=4), 2, 2, None, "min_cores=4 cannot be reached"),
        (Limits(min_speedup=3), 2.5, 8, 1, "min_speedup=3 cannot be reached on this machine (2.5 at most)"),
        (Limits(min_speedup=1.5), 2, 4, 2, "(1 at most)"),
        (Limits(min_efficiency=0.8), 2, 4, 1, "min_efficiency=0.8 cannot be reached on this machine (0.5 at most)"),
        (Limits(min_efficiency=0.5), 2, 4, 1, None),
        (Limits(min_efficiency=0.8), 1, 1, 1, "1 threads against 1 compare nothing"),
        (Limits(max_speedup=1.3), 1, 1, 1, "compare nothing"),
        (Limits(min_speedup=0.9), 8, 1, 2, "1 threads against 2 compare nothing"),
        (Limits(min_speedup=1.5), 2, None, 1, None),
        (Limits(max_cores=8), 2, 1, 1, None),
        (Limits(max_speedup=1.3), 1, 2, 1, "max_speedup=1.3 cannot be missed on this machine (1 at most)"),
        (Limits(max_speedup=2.0), 2, 4, 1, "max_speedup=2 cannot be missed on this machine (2 at most)"),
        (Limits(max_speedup=1.9), 2, 4, 1, None),
    ],
)
def test_what_no_program_could_reach_or_miss_here(
    limits: Limits, granted: float, threads: int | None, baseline: int | None, expected: str | None
) -> None:
    found = unreachable(limits, granted, threads, baseline)
    assert found == expected or (expected and expected in (found or ""))


@pytest.mark.parametrize(
    ("limits", "low", "high", "slow"),
    [
        ({"min_speedup": 1.5}, 1.0, 1.1, True),
        ({"min_speedup": 1.5}, 1.6, 1.7, False),
        ({"max_speedup": 1.5}, 1.0, 1.1, True),
        ({"max_cores": 1.5}, 1.0, 1.1, True),
        ({"max_threads": 1}, 1.0, 1.0, True),
        ({"min_cores": 1.5}, 1.6, 1.7, False),
    ],
)
def test_what_a_beginning_could_say_must_last(limits: dict[str, float], low: float, high: float, slow: bool) -> None:
    (found,) = judge(Limits(**limits), {next(iter(limits)): Interval(low, low, high, 0.99)})  # type: ignore[arg-type]
    assert says_slow(found) is slow
