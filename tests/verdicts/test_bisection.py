"""The search for two neighbours, on lines whose answers are literals."""

from collections import Counter

import pytest

from pytest_multicore.rounds.tolerances import MAX_COMPARISON_TRIES
from pytest_multicore.verdicts.bisection import Answer, Neighbours, find_neighbours, last_answer

ANSWERS = {"a": Answer.ALIKE, "d": Answer.DIFFERENT, "u": Answer.UNDECIDED, "m": Answer.MISSING}


def search(line: str) -> tuple[Neighbours, Counter[int]]:
    """What is found in a line of answers, and how often each place was asked."""
    asked: Counter[int] = Counter()

    def ask(place: int) -> Answer:
        asked[place] += 1
        return ANSWERS[line[place]]

    return find_neighbours(len(line), ask), asked


@pytest.mark.parametrize("first", range(1, 40))
def test_neighbours_are_found_in_as_many_steps_as_there_are_bits(first: int) -> None:
    found, asked = search("a" * first + "d" * (40 - first))
    assert (found.last_alike, found.first_different, found.stepped_over) == (first - 1, first, ())
    assert found.verdicts == asked.total() <= 6


def test_two_are_neighbours_already() -> None:
    assert search("ad") == (Neighbours(0, 1, (), 0), Counter())


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("aamddd", (1, 3, (2,))),
        ("aaumdd", (1, 4, (2, 3))),
        ("ammmmd", (0, 5, (1, 2, 3, 4))),
        ("amamdmd", (2, 4, (3,))),
        ("uauddu", (1, 3, (2,))),
    ],
)
def test_what_nothing_is_known_of_is_stepped_over(line: str, found: tuple[int, int, tuple[int, ...]]) -> None:
    said, asked = search(line)
    assert (said.last_alike, said.first_different, said.stepped_over) == found
    for place, times in asked.items():
        assert times == (MAX_COMPARISON_TRIES if line[place] == "u" else 1)
    assert said.verdicts == sum(line[place] in "ad" for place in asked)


def test_an_undecided_answer_is_asked_for_again() -> None:
    answers = iter([Answer.UNDECIDED, Answer.DIFFERENT, Answer.ALIKE])
    assert find_neighbours(3, lambda _: next(answers)) == Neighbours(0, 1, (), 1)
    assert next(answers) is Answer.ALIKE, "it was not asked a third time"


def test_what_cannot_be_had_is_not_asked_for_again() -> None:
    answers = iter([Answer.MISSING, Answer.ALIKE])
    assert last_answer(answers) is Answer.MISSING
    assert last_answer(iter([Answer.UNDECIDED] * 2)) is Answer.UNDECIDED
