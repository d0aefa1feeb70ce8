"""Judge again what a JSON report holds: the same rounds must give the same verdicts."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from pytest_multicore.errors import UsageError
from pytest_multicore.rounds.round import Call, Control, Round, ThreadUse
from pytest_multicore.settings.options import option_value
from pytest_multicore.verdicts.bounds import max_foreign_wait_s
from pytest_multicore.verdicts.judge import decide
from pytest_multicore.verdicts.limits import Limits, OpenReason, Verdict, claims_regression, leave_open, outcome_of
from pytest_multicore.verdicts.repeatable import FirstCalls, why_not_repeatable

from .json_report import SCHEMA

Row = tuple[Round, ...]


def replay(file: Path) -> Iterator[tuple[Mapping[str, Any], tuple[Verdict, ...]]]:
    """Each result of a report that was held to limits, with the verdicts that its rounds give now; none without any.

    Raises:
        UsageError: the file is not a report of this schema, or does not hold what that says.
    """
    return _found(file, lambda told: verdicts(told) if told["rounds"] else (), lambda told: bool(told["verdicts"]))


def held_to(file: Path, limits: Limits) -> Iterator[tuple[Mapping[str, Any], tuple[Verdict, ...]]]:
    """Each result of a report, with the verdicts that its rounds give on other limits; see ``replay`` for the errors.

    Limits that compare need a second side: where there was none, there is no verdict on them.
    """

    def judged(told: Mapping[str, Any]) -> tuple[Verdict, ...]:
        if not told["rounds"]:
            return ()
        rows = _compared(told)
        found = decide(limits if len(rows[0]) > 1 else limits.on_one_side(), rows, told["confidence"])
        brief = told["rounds"][-1]["began_s"] < settle_s
        return tuple(leave_open(one, OpenReason.BRIEF) if brief and claims_regression(one) else one for one in found)

    settle_s = option_value("settle", lambda option: None)
    return _found(file, judged, lambda told: True)


def _found(
    file: Path,
    judged: Callable[[Mapping[str, Any]], tuple[Verdict, ...]],
    counts: Callable[[Mapping[str, Any]], bool],
) -> Iterator[tuple[Mapping[str, Any], tuple[Verdict, ...]]]:
    for number, told in enumerate(_results(file)):
        try:
            if not counts(told):
                continue
            _check(told)
            found = judged(told)
        except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f"{file}: entry {number} of its results does not hold what schema {SCHEMA} says "
                f"({type(error).__name__}: {error}); expected a file of --multicore-json as this version writes it"
            ) from None
        yield told, found


def _check(told: Mapping[str, Any]) -> None:
    """What rounds could not be judged by, or would be judged wrongly by.

    Raises:
        ValueError: says what is wrong.
    """
    texts = (told["nodeid"], told["outcome"], *(one["outcome"] for one in told["verdicts"]))
    if not all(isinstance(one, str) for one in texts):
        raise ValueError(f"nodeid and outcomes: found {texts}, expected texts")
    if not 0.5 <= told["confidence"] < 1:
        raise ValueError(f"confidence: found {told['confidence']!r}, expected a number from 0.5 to below 1")
    sides = [one["threads"] for one in told["rounds"] if one["row"] == 0]
    for number, one in enumerate(told["rounds"]):
        for name in ("wall_s", "repeat"):
            if not 0 < one[name] < math.inf:
                raise ValueError(f"round {number}: {name}: found {one[name]!r}, expected a finite number above 0")
        if not 0 <= one["cpu_s"] < math.inf:
            raise ValueError(f"round {number}: cpu_s: found {one['cpu_s']!r}, expected a finite number of at least 0")
        if (one["row"], one["threads"]) != (number // len(sides), sides[number % len(sides)]):
            raise ValueError(f"round {number}: found row {one['row']} at {one['threads']} threads, out of its turn")
    if told["rounds"] and len(told["rounds"]) % len(sides):
        raise ValueError(f"{len(told['rounds'])} rounds for {len(sides)} sides: the last row is not whole")


def verdicts(told: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """The verdicts of one result's rounds on its limits."""
    limits = Limits(**{one["quantity"]: one["limit"] for one in told["verdicts"]})
    found = decide(limits, _compared(told), told["confidence"])
    side = -1 if told["scaling"] else 0
    unlike = why_not_repeatable(_first_calls(told, side), [row[side] for row in rows_of(told)])
    return tuple(leave_open(one, OpenReason.NOT_REPEATABLE) for one in found) if unlike else found


def _compared(told: Mapping[str, Any]) -> list[Row]:
    """The rows of the side in question and of what it is compared with: of a series, the last and the first."""
    return [(row[-1], row[0]) if told["scaling"] else row for row in rows_of(told)]


def rows_of(told: Mapping[str, Any]) -> list[Row]:
    """A result's rounds, in rows of one a side."""
    return [tuple(map(_round, row)) for _, row in groupby(told["rounds"], key=lambda one: one["row"])]


def differs(told: Mapping[str, Any], found: tuple[Verdict, ...]) -> bool:
    """Whether verdicts found again are not those that the report holds."""
    before = [(one["quantity"], one["outcome"]) for one in told["verdicts"]]
    return before != [(one.quantity, one.outcome.value) for one in found] or told["outcome"] != outcome_of(found).value


def _first_calls(told: Mapping[str, Any], side: int) -> FirstCalls | None:
    """One side's; None where every round is a first call, and in files from before they were kept."""
    every = told.get("first_calls")
    if not every or every[side] is None:
        return None
    calls = every[side]
    anew = calls["anew"] and Call(**calls["anew"])
    return FirstCalls(Call(**calls["first"]), anew, calls["failed"], tuple(calls["iterators"]))


def _round(told: Mapping[str, Any]) -> Round:
    names = {field.name for field in fields(Round)}
    plain = {name: value for name, value in told.items() if name in names}
    plain["foreign_raw_s"] = told.get("balance_s")
    plain["thread_use"] = tuple(ThreadUse(*use) for use in told["thread_use"])
    if "foremost" in told:  # of a file from before the control
        return _of_a_look(Round(**plain, real_time=told["foremost"]), told["pace"])
    plain["control"] = None if told["control"] is None else Control(**told["control"])
    return Round(**plain)


def _of_a_look(one: Round, pace: Mapping[str, Any] | None) -> Round:
    """A round of an older file: looks of 2 ms at the cores' speed, told by CPU time, stand in for the control.

    They do not show who kept a core busy. So they are held to the share of a core that the round's own threads got, of
    what they asked for; where waits are unknown, to the least in the contender's and to the most in the baseline's.
    """
    if pace is None or pace["speed"] is None:
        return one
    many = one.threads is None or one.threads > 1
    waited_s = max_foreign_wait_s(one) if many else min(one.delay_s or 0.0, one.foreign_s)
    share = one.cpu_s / (one.cpu_s + waited_s) if one.cpu_s > 0 else 0.0
    return replace(one, control=Control(pace["cores"], pace["speed"] * share, share, pace["memory"]))


def _results(file: Path) -> list[Mapping[str, Any]]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["schema"] == SCHEMA:
            return list(found["results"])
        raise UsageError(f"{file}: a report of schema {found['schema']!r}; this version reads schema {SCHEMA}")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}; expected a file of --multicore-json") from None
    except (ValueError, TypeError, KeyError):
        raise UsageError(f"{file} is not a report of pytest-multicore; expected a file of --multicore-json") from None
