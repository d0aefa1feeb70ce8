import pytest

from pytest_multicore.measurement.urgency import LOOK_BACK, PATIENCE, Urgency


def learned(*rounds: tuple[int, float, bool]) -> Urgency:
    """Of rounds: side, cores demanded as a share of those that may be used, and whether threads were kept waiting."""
    urgency = Urgency()
    for side, demand, kept_waiting in rounds:
        urgency.learn(side, demand, kept_waiting=kept_waiting)
    return urgency


@pytest.mark.parametrize(("rounds", "now"), [(PATIENCE - 1, False), (PATIENCE, True)])
def test_a_round_or_two_are_no_reason(rounds: int, now: bool) -> None:
    assert learned(*[(1, 1.0, True)] * rounds).now is now


def test_it_stays_without_a_further_reason() -> None:
    """Once urged, the sides are kept waiting no more."""
    assert learned(*[(1, 1.0, True)] * PATIENCE, *[(1, 1.0, False)] * 20).now


@pytest.mark.parametrize("crowded", [1, 2])
def test_a_side_with_more_threads_than_cores_takes_it_back_from_both(crowded: int) -> None:
    kept_waiting = [(1, 1.0, True)] * PATIENCE
    assert learned(*kept_waiting).now
    assert not learned(*kept_waiting, *[(crowded, 1.5, True)] * LOOK_BACK).now


def test_one_round_beyond_the_cores_in_many_is_none() -> None:
    """A wait told in ticks may be longer than it was."""
    assert learned(*[(1, 1.5 if number % 4 == 3 else 1.0, True) for number in range(20)]).now


def test_what_is_barred_is_never_urgent() -> None:
    urgency = Urgency(barred=True)
    for _ in range(PATIENCE):
        urgency.learn(1, 1.0, kept_waiting=True)
    assert not urgency.now
