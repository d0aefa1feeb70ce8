import pytest

from pytest_multicore.measurement.urgency import LOOK_BACK, PATIENCE, Urgency


def test_a_round_or_two_are_no_reason() -> None:
    urgency = Urgency()
    assert not any(urgency.changed(1, 1.0, kept_waiting=True) for _ in range(PATIENCE - 1))
    assert urgency.changed(1, 1.0, kept_waiting=True)
    assert urgency.now


def test_it_stays_without_a_further_reason() -> None:
    """Once urged, the sides are kept waiting no more."""
    urgency = Urgency()
    for _ in range(PATIENCE):
        urgency.changed(1, 1.0, kept_waiting=True)
    assert not any(urgency.changed(1, 1.0, kept_waiting=False) for _ in range(20))
    assert urgency.now


@pytest.mark.parametrize("crowded", [1, 2])
def test_a_side_with_more_threads_than_cores_takes_it_back_from_both(crowded: int) -> None:
    urgency = Urgency()
    for _ in range(PATIENCE):
        urgency.changed(1, 1.0, kept_waiting=True)
    assert any(urgency.changed(crowded, 1.5, kept_waiting=True) for _ in range(LOOK_BACK))
    assert not urgency.now


def test_one_round_beyond_the_cores_in_many_is_none() -> None:
    """A wait told in ticks may be longer than it was."""
    urgency = Urgency()
    for number in range(20):
        urgency.changed(1, 1.5 if number % 4 == 3 else 1.0, kept_waiting=True)
    assert urgency.now
