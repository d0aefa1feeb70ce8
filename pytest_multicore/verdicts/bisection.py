"""Find the neighbours between which cores were lost, or won, in a line of releases or commits: by asking of a few.

The first of the line is the reference. Each answer says whether a candidate differs from it. One that nothing can be
said of, for it is undecided again and again or cannot be had, is stepped over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from pytest_multicore.rounds.tolerances import MAX_COMPARISON_TRIES


class Answer(Enum):
    """What a comparison of a candidate with the reference says, in the words of the log."""

    ALIKE = "as the reference"
    DIFFERENT = "not as the reference"
    UNDECIDED = "undecided"
    MISSING = "cannot be had"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a search found.

    Attributes:
        last_alike: place in the line of the last one that is known to be as the reference.
        first_different: place of the first one that is known not to be.
        stepped_over: places between the two, of which nothing is known.
        verdicts: how many answers it rests on.
    """

    last_alike: int
    first_different: int
    stepped_over: tuple[int, ...]
    verdicts: int


def find_neighbours(line: int, ask: Callable[[int], Answer]) -> Neighbours:
    """Search a line whose first is as the reference, being it, and whose last is not.

    Args:
        line: how many there are.
        ask: compares the one at a place with the reference; asked again where it is undecided.
    """
    alike, different, verdicts = 0, line - 1, 0
    without_answer: set[int] = set()
    while candidates := [place for place in range(alike + 1, different) if place not in without_answer]:
        place = candidates[len(candidates) // 2]
        answer = last_answer(ask(place) for _ in range(MAX_COMPARISON_TRIES))
        if answer is Answer.ALIKE:
            alike = place
        elif answer is Answer.DIFFERENT:
            different = place
        else:
            without_answer.add(place)
            continue
        verdicts += 1
    return Neighbours(alike, different, tuple(range(alike + 1, different)), verdicts)


def last_answer(answers: Iterable[Answer]) -> Answer:
    """The first answer that is not undecided; undecided where all are."""
    return next((answer for answer in answers if answer is not Answer.UNDECIDED), Answer.UNDECIDED)
