"""Parsers of options and arguments: each turns raw text into a value, or raises ValueError with what is allowed."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pytest_multicore.errors import UsageError

#: No machine has so many cores: what is more is a mistake.
MAX_COUNT = 1_000_000

Threads = int | Literal["auto", "inherit"]

#: See above.
Parser = Callable[[object], Any]


def _number(raw: object, allowed: str, is_allowed: Callable[[float], bool]) -> float:
    if isinstance(raw, bool | bytes | bytearray):
        raise ValueError(allowed)
    try:
        number = float(raw)  # type: ignore[arg-type]
    except (TypeError, ValueError, ArithmeticError):  # a whole number may be too large, a Decimal no number
        raise ValueError(allowed) from None
    if not is_allowed(number):
        raise ValueError(allowed)
    return number


def positive(raw: object) -> float:
    """A finite number above 0."""
    return _number(raw, "a finite number above 0", lambda number: 0 < number < math.inf)


def not_negative(raw: object) -> float:
    """A finite number of at least 0."""
    return _number(raw, "a finite number of at least 0", lambda number: 0 <= number < math.inf)


def efficiency(raw: object) -> float:
    """A number in (0, 1]."""
    return _number(raw, "a number above 0 and at most 1", lambda number: 0 < number <= 1)


def share(raw: object) -> float:
    """A number from 0 to below 1."""
    return _number(raw, "a number from 0 to below 1", lambda number: 0 <= number < 1)


def confidence(raw: object) -> float:
    """A number from 0.5 to 0.9999: beyond, the rounds that a verdict takes would fill no budget."""
    return _number(raw, "a number from 0.5 to 0.9999, such as 0.99", lambda number: 0.5 <= number <= 0.9999)


def count(raw: object) -> int:
    """A whole number from 1 to MAX_COUNT."""
    allowed = f"a whole number from 1 to {MAX_COUNT:,}"
    return int(_number(raw, allowed, lambda number: 0 < number <= MAX_COUNT and number.is_integer()))


def threads(raw: object) -> Threads:
    """A thread count, ``auto`` or ``inherit``."""
    if isinstance(raw, str) and raw in ("auto", "inherit"):
        return raw  # type: ignore[return-value]
    try:
        return count(raw)
    except ValueError:
        allowed = f'a whole number from 1 to {MAX_COUNT:,}, "auto" (the cores granted) or "inherit" (set none)'
        raise ValueError(allowed) from None


def word(raw: object) -> str:
    """A non-empty string that can be handed to a program."""
    if not isinstance(raw, str) or not raw.strip() or not is_passable(raw):
        raise ValueError("a non-empty string, without zero characters and halves of a pair")
    return raw


def is_passable(text: str) -> bool:
    """Whether the system can hand text to a program, as a word of its command or as a variable."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def is_variable(name: str) -> bool:
    """Whether an environment variable can have this name."""
    return bool(name) and "=" not in name and is_passable(name)


def percentage(raw: object) -> float:
    """A percentage as text, as a share of 1: the sign is asked for, since 10 might be meant as 10 times."""
    allowed = "a percentage from 0% to below 100%, such as 10%"
    if not isinstance(raw, str) or not raw.strip().endswith("%"):
        raise ValueError(allowed)
    return _number(raw.strip()[:-1], allowed, lambda number: 0 <= number < 100) / 100


def switch(raw: object) -> bool:
    """True or False, as an ini file or the command line spells it."""
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in words:
        return words[raw.lower()]
    raise ValueError("true or false")


def choice(*words: str) -> Parser:
    """A parser that allows only these words."""

    def parse(raw: object) -> str:
        if not isinstance(raw, str) or raw not in words:
            raise ValueError(" or ".join(f'"{word}"' for word in words))
        return raw

    return parse


#: What the sides of a measurement differ in.
VARY = choice("threads", "cores")


def parsed(source: str, parse: Parser, raw: object) -> Any:
    """A value that was given under a name.

    Raises:
        UsageError: names its source, what was found and what is allowed.
    """
    try:
        return parse(raw)
    except ValueError as error:
        raise UsageError(f"{source}: found {raw!r}, expected {error}") from None


def parse_argument(name: str, raw: object, parse: Parser = count) -> Any:
    """A fixture's argument, validated.

    Raises:
        UsageError: names the argument, what was found and what is allowed.
    """
    try:
        return parse(raw)
    except ValueError as error:
        raise UsageError(f"{name}={raw!r}: expected {error}") from None


def thread_counts(raw: Sequence[object] | None, maximum: int) -> list[int]:
    """The thread counts of a scaling series: as given, or 1, 2, 4 ... and ``maximum``.

    Raises:
        UsageError: fewer than two counts, or not counting up.
    """
    if raw is None:
        return sorted({maximum, *(1 << step for step in range(maximum.bit_length()))} | {1, 2})
    if isinstance(raw, str) or not isinstance(raw, Sequence):
        raise UsageError(f"threads={raw!r}: expected a list of different counts, counting up, such as [1, 2, 4]")
    counts = [parse_argument("threads", count) for count in raw]
    if len(counts) < 2 or sorted(set(counts)) != counts:
        raise UsageError(f"threads={raw!r}: expected at least two different counts, counting up, such as [1, 2, 4]")
    return counts
