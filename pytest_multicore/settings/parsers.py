"""Readers of what the user wrote: each turns what was found into a value, or raises ValueError with what is allowed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pytest_multicore.errors import UsageError

Threads = int | Literal["auto", "inherit"]

#: See above.
Reader = Callable[[object], Any]


def _number(found: object, *, above: float, most: float, allowed: str) -> float:
    if isinstance(found, bool):
        raise ValueError(allowed)
    try:
        number = float(found)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(allowed) from None
    if not above < number <= most:
        raise ValueError(allowed)
    return number


def positive(found: object) -> float:
    """A finite number above 0."""
    return _number(found, above=0, most=sys.float_info.max, allowed="a finite number above 0")


def not_negative(found: object) -> float:
    """A finite number of at least 0."""
    allowed = "a finite number of at least 0"
    number = _number(found, above=-sys.float_info.min, most=sys.float_info.max, allowed=allowed)
    if number < 0:
        raise ValueError(allowed)
    return number


def efficiency(found: object) -> float:
    """A number in (0, 1]."""
    return _number(found, above=0, most=1, allowed="a number above 0 and at most 1")


def confidence(found: object) -> float:
    """A number from 0.5 to 0.9999: beyond, the rounds that a verdict takes would fill no budget."""
    allowed = "a number from 0.5 to 0.9999, such as 0.99"
    number = _number(found, above=0, most=0.9999, allowed=allowed)
    if number < 0.5:
        raise ValueError(allowed)
    return number


def count(found: object) -> int:
    """A whole number of at least 1."""
    allowed = "a whole number of at least 1"
    number = _number(found, above=0, most=1_000_000, allowed=allowed)
    if number != int(number):
        raise ValueError(allowed)
    return int(number)


def threads(found: object) -> Threads:
    """A thread count, ``auto`` or ``inherit``."""
    if found in ("auto", "inherit"):
        return found
    try:
        return count(found)
    except ValueError:
        raise ValueError('a whole number of at least 1, "auto" (the cores granted) or "inherit" (set none)') from None


def word(found: object) -> str:
    """A non-empty string."""
    if not isinstance(found, str) or not found.strip():
        raise ValueError("a non-empty string")
    return found


def switch(found: object) -> bool:
    """True or False, as an ini file or the command line spells it."""
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if isinstance(found, bool):
        return found
    if isinstance(found, str) and found.lower() in words:
        return words[found.lower()]
    raise ValueError("true or false")


def one_of(*words: str) -> Reader:
    """A reader of one of these words."""

    def read(found: object) -> str:
        if found not in words:
            raise ValueError(" or ".join(f'"{word}"' for word in words))
        return str(found)

    return read


def read_count(name: str, found: object, read: Callable[[object], Any] = count) -> Any:
    """A fixture's thread argument, validated.

    Raises:
        UsageError: names the argument, what was found and what is allowed.
    """
    try:
        return read(found)
    except ValueError as error:
        raise UsageError(f"{name}={found!r}: expected {error}") from None


def thread_counts(found: Sequence[object] | None, most: int) -> list[int]:
    """The thread counts of a scaling series: as given, or 1, 2, 4 ... and ``most``.

    Raises:
        UsageError: fewer than two counts, or not counting up.
    """
    if found is None:
        return sorted({most, *(1 << step for step in range(most.bit_length()))} | {1, 2})
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise UsageError(f"threads={found!r}: expected a list of different counts, counting up, such as [1, 2, 4]")
    counts = [read_count("threads", one) for one in found]
    if len(counts) < 2 or sorted(set(counts)) != counts:
        raise UsageError(f"threads={found!r}: expected at least two different counts, counting up, such as [1, 2, 4]")
    return counts
