"""What is a warm-up and what is work that is not there again, by literal figures."""

import pytest

from pytest_multicore.rounds.round import Call, Round
from pytest_multicore.verdicts.repeatable import (
    FRESH_ADVICE,
    SAME_STATE_ADVICE,
    FirstCalls,
    first_call_note,
    needs_new_set_up,
    why_not_repeatable,
)
from tests.rounds import disturbed, made


def call(wall_s: float, cores: float = 1.0) -> Call:
    return Call(wall_s, cores * wall_s)


def later(one_s: float, cores: float = 1.0, rounds: int = 5) -> list[Round]:
    repeat = max(1, round(0.03 / one_s))
    return [made(one_s * repeat, cores, repeat=repeat)] * rounds


PARALLEL, SERIAL = call(1.2, 1.98), call(1.2)


@pytest.mark.parametrize(
    ("first", "rounds", "expected"),
    [
        (call(0.05), later(0.04), False),
        (call(0.05), later(0.011), False),
        (call(0.05), later(0.010), True),
        (call(0.005), later(0.0001), False),
        (call(0.0052), later(0.0001), True),
        (call(0.05, 1.98), later(0.04, 1.0), True),
        (call(0.05, 1.29), later(0.04, 1.0), False),
        (call(0.009, 1.98), later(0.008, 1.0), False),
        (call(0.05, 1.0), later(0.04, 1.98), False),
        (PARALLEL, later(7e-6), False),
        (PARALLEL, later(7e-6, 1.98), True),
        (PARALLEL, later(35e-6), True),
    ],
    ids=[
        "cold caches",
        "not many times",
        "many times",
        "too short to know",
        "short",
        "more cores",
        "hardly more cores",
        "too little time for cores",
        "fewer cores",
        "told without",
        "threads that spin",
        "short, but not too short",
    ],
)
def test_a_new_set_up_is_tried_where_it_can_tell(first: Call, rounds: list[Round], expected: bool) -> None:
    assert needs_new_set_up(FirstCalls(first), rounds) is expected
    assert not needs_new_set_up(FirstCalls(first, anew=first), rounds)
    assert not needs_new_set_up(FirstCalls(first, failed="it failed"), rounds)


def test_the_whole_reason() -> None:
    assert why_not_repeatable(FirstCalls(PARALLEL), later(1e-7)) == (
        "not repeatable: the first call took 1.2 s on 1.98 cores, later ones 100 ns (a cache, a used-up iterator?): "
        "use fresh=True (a new interpreter for every round), or let each call start from the same state"
    )
    assert why_not_repeatable(FirstCalls(PARALLEL), later(1e-7), SAME_STATE_ADVICE).endswith(
        f"(a cache, a used-up iterator?): {SAME_STATE_ADVICE}"
    )
    assert why_not_repeatable(FirstCalls(PARALLEL, call(1.1, 1.97)), later(0.003)) == (
        "not repeatable: the first call took 1.2 s on 1.98 cores, later ones 3 ms on 1.00 cores, and after a new "
        "set-up the first one took 1.1 s on 1.97 cores again: what a fixture gave is used up (an iterator, a cache?): "
        f"{FRESH_ADVICE}"
    )


@pytest.mark.parametrize(
    ("calls", "rounds", "told"),
    [
        (FirstCalls(SERIAL), later(0.9), ""),
        (FirstCalls(SERIAL), later(29e-6), "(a cache, a used-up iterator?)"),
        (FirstCalls(SERIAL), later(29e-6, 1.9), ""),
        (FirstCalls(SERIAL), later(31e-6), ""),
        (FirstCalls(call(0.2, 0.01)), later(7e-6), "(a cache, a used-up iterator?)"),
        (FirstCalls(call(0.05, 0.05)), later(7e-6), ""),
        (FirstCalls(PARALLEL), later(0.001), ""),
        (FirstCalls(PARALLEL, call(0.001)), later(0.001), ""),
        (FirstCalls(PARALLEL, call(1.1, 1.9)), later(0.001), "is used up (an iterator, a cache?)"),
        (FirstCalls(call(5.0), call(0.2, 1.9)), later(0.001), "is used up (an iterator, a cache?)"),
        (FirstCalls(PARALLEL, call(1.1, 1.9)), later(0.9), "is used up (an iterator, a cache?)"),
        (FirstCalls(SERIAL, call(1.1)), later(0.05, 1.98), ""),
        (FirstCalls(SERIAL, call(1.1), iterators=("a",)), later(0.05), "is used up (fixture a: an iterator)"),
        (FirstCalls(SERIAL, call(1.1), iterators=("a", "b")), later(0.05), "(fixtures a, b: iterators)"),
        (FirstCalls(SERIAL, call(0.05), iterators=("a",)), later(0.05), ""),
        (FirstCalls(SERIAL, failed="its setup failed"), later(0.05), "is not to be told: its setup failed"),
    ],
    ids=[
        "alike",
        "nothing is left",
        "short work of threads",
        "something is left",
        "others worked, and nothing is left",
        "it waited for a moment",
        "not tried",
        "the process was cold",
        "used up",
        "used up in a process that was cold, too",
        "as long, on fewer cores",
        "compiled for each set-up",
        "an iterator",
        "two iterators",
        "an iterator that stays",
        "no new set-up",
    ],
)
def test_work_that_is_not_there_again(calls: FirstCalls, rounds: list[Round], told: str) -> None:
    found = why_not_repeatable(calls, rounds)
    assert bool(found) is bool(told)
    assert told in found
    assert not found or found.endswith(f": {FRESH_ADVICE}")


def test_disturbed_rounds_say_nothing_beside_others() -> None:
    waiting = [disturbed(0.03, 0.5)] * 9
    assert why_not_repeatable(FirstCalls(SERIAL), [*waiting, *later(7e-6, rounds=1)])
    assert not why_not_repeatable(FirstCalls(SERIAL), waiting)


def test_bounds_from_disturbed_rounds_are_told_as_bounds() -> None:
    """Nothing but what a call took at least is known there, and so how many cores it kept busy at most."""
    compiled, crowded = FirstCalls(SERIAL, call(1.1)), made(0.052, 1.17, demand=2.0, foreign=0.83)
    bounds = "later ones at least 30.4 ms on at most 2.00 cores (a bound: other load disturbed every round): the later"
    assert bounds in first_call_note(compiled, [crowded] * 9)
    assert "later ones 50 ms on 1.00 cores: the later" in first_call_note(compiled, [crowded, *later(0.05)])


def test_later_calls_with_a_core_less_are_no_other_work() -> None:
    """Beside a test suite a product took 20.7 ms on 1.98 cores at first, and 52 ms on 1.17 in all later rounds."""
    crowded = [made(0.052, 1.17, demand=2.0, foreign=0.83)] * 9
    assert not why_not_repeatable(FirstCalls(call(0.0207, 1.98), call(0.02, 1.98)), crowded)
    assert not needs_new_set_up(FirstCalls(call(0.0207, 1.98)), crowded)


#: It worked for as long as the later ones, and waited for a core for 187 ms.
WAITED = Call(0.203, 0.0162)
LOOP = {
    "all disturbed": [made(0.159, 0.11, demand=0.98, foreign=1.9)] * 9,
    "undisturbed": later(0.0164, 1.08),
}


@pytest.mark.parametrize("rounds", LOOP.values(), ids=LOOP)
def test_a_first_call_that_waited_for_a_core_did_no_other_work(rounds: list[Round]) -> None:
    assert not needs_new_set_up(FirstCalls(WAITED), rounds)
    for iterators in ((), ("a",)):
        calls = FirstCalls(WAITED, WAITED, iterators=iterators)
        assert first_call_note(calls, rounds) == why_not_repeatable(calls, rounds) == ""


def test_a_call_after_a_new_set_up_that_waited_for_a_core_is_not_slow_again() -> None:
    """A compiled function: warm, it did the work of later calls, and had no core for most of its time."""
    calls = FirstCalls(SERIAL, Call(0.7, 0.05), iterators=("a",))
    assert why_not_repeatable(calls, later(0.05)) == first_call_note(calls, later(0.05)) == ""


def test_where_every_round_is_a_first_call_there_is_nothing_to_tell() -> None:
    assert why_not_repeatable(None, later(7e-6)) == first_call_note(None, later(7e-6)) == ""


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        (FirstCalls(SERIAL), ""),
        (FirstCalls(SERIAL, call(0.05)), ""),
        (FirstCalls(SERIAL, call(1.1)), "after each set-up the first call takes 1.1 s on 1.00 cores, later ones 50 ms"),
        (FirstCalls(PARALLEL, call(0.05)), "the first call took 1.2 s on 1.98 cores, later ones 50 ms on 1.00 cores"),
    ],
    ids=["not tried", "the process was cold", "compiled for each set-up", "more cores in a process that was cold"],
)
def test_a_first_call_that_makes_one_wonder_is_noted(calls: FirstCalls, told: str) -> None:
    assert why_not_repeatable(calls, later(0.05)) == ""
    found = first_call_note(calls, later(0.05))
    assert bool(found) is bool(told)
    assert found.startswith(told)
