"""Judge again what a JSON report contains: the same rounds must give the same verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from pytest_multicore.rounds.round import Call, Control, Round, ThreadUse
from pytest_multicore.rounds.sides import compared_sides, contender_index
from pytest_multicore.settings.options import option_value
from pytest_multicore.verdicts.bounds import max_foreign_wait_s
from pytest_multicore.verdicts.judge import decide
from pytest_multicore.verdicts.limits import Limits, OpenReason, Verdict, claims_regression, leave_open, outcome_of
from pytest_multicore.verdicts.repeatable import FirstCalls, why_not_repeatable
from pytest_multicore.verdicts.stopping import StoppingRule

from .read_report import checked

Row = tuple[Round, ...]
#: What rounds do not show: those of further processes are not kept, nor where modules came from.
KEPT_REASONS = {"layout": OpenReason.LAYOUT, "not-the-base": OpenReason.NOT_THE_BASE}
#: One result as the report has it.
Record = Mapping[str, Any]


def judge_by_own_limits(file: Path, results: Sequence[Record]) -> Iterator[tuple[Record, tuple[Verdict, ...]]]:
    """Each result of a report that has limits, with the verdicts that its rounds give now; none where it has no rounds.

    Args:
        file: the report, for messages.
        results: of it.

    Raises:
        UsageError: one does not contain what the schema says.
    """
    for number, record in enumerate(results):
        with checked(file, f"entry {number} of its results"):
            if not record["verdicts"]:
                continue
            _check(record)
            verdicts = _own_verdicts(record) if record["rounds"] else ()
        yield record, verdicts


def judge_by_other_limits(
    file: Path, results: Sequence[Record], limits: Limits
) -> Iterator[tuple[Record, tuple[Verdict, ...]]]:
    """Each result of a report, with the verdicts that its rounds give on other limits; none where it has no rounds.

    Limits that compare need a second side: where there is none, there is no verdict on them.

    Raises:
        UsageError: as in ``judge_by_own_limits``.
    """
    for number, record in enumerate(results):
        with checked(file, f"entry {number} of its results"):
            _check(record)
            verdicts = _verdicts_on(limits, record) if record["rounds"] else ()
        yield record, verdicts


def _check(record: Record) -> None:
    """Refuse what rounds could not be judged by, or would be judged wrongly by.

    Raises:
        ValueError: says what is wrong.
    """
    texts = (
        record["nodeid"],
        record["workload"],
        record["outcome"],
        *(verdict["outcome"] for verdict in record["verdicts"]),
    )
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"nodeid, workload and outcomes: found {texts}, expected texts")
    if not 0.5 <= record["confidence"] < 1:
        raise ValueError(f"confidence: found {record['confidence']!r}, expected a number from 0.5 to below 1")
    _check_rounds(record["rounds"])


def _check_rounds(rounds: Sequence[Record]) -> None:
    thread_counts = [taken["threads"] for taken in rounds if taken["row"] == 0]
    sides = len(thread_counts)
    for number, taken in enumerate(rounds):
        for name in ("wall_s", "repeat"):
            if not 0 < taken[name] < math.inf:
                raise ValueError(f"round {number}: {name}: found {taken[name]!r}, expected a finite number above 0")
        if not 0 <= taken["cpu_s"] < math.inf:
            raise ValueError(f"round {number}: cpu_s: found {taken['cpu_s']!r}, expected a finite number of at least 0")
        if (taken["row"], taken["threads"]) != (number // sides, thread_counts[number % sides]):
            raise ValueError(f"round {number}: found row {taken['row']} at {taken['threads']} threads, out of its turn")
    if rounds and len(rounds) % sides:
        raise ValueError(f"{len(rounds)} rounds for {sides} sides: the last row is not whole")


def _own_verdicts(record: Record) -> tuple[Verdict, ...]:
    """The verdicts of one result's rounds on its own limits."""
    limits = Limits(**{verdict["quantity"]: verdict["limit"] for verdict in record["verdicts"]})
    verdicts = _settled_verdicts(limits, record, record.get("settle_s"))
    contender = contender_index(series=bool(record["scaling"]))
    rounds = [row[contender] for row in rows_of(record)]
    if why_not_repeatable(_first_calls(record, contender), rounds):
        return tuple(leave_open(verdict, OpenReason.NOT_REPEATABLE) for verdict in verdicts)
    before = {verdict["quantity"]: KEPT_REASONS.get(verdict.get("open_reason")) for verdict in record["verdicts"]}
    return tuple(
        leave_open(verdict, reason) if (reason := before[verdict.quantity]) else verdict for verdict in verdicts
    )


def _verdicts_on(limits: Limits, record: Record) -> tuple[Verdict, ...]:
    """The verdicts of one result's rounds on other limits; a miss that did not last is none."""
    rows = _compared(record)
    settle_s = record.get("settle_s")
    if settle_s is None:
        settle_s = option_value("settle", lambda option: None)
    judged = limits if len(rows[0]) > 2 else limits.without_base() if len(rows[0]) > 1 else limits.on_one_side()
    verdicts = _settled_verdicts(judged, record, settle_s)
    if record["rounds"][-1]["began_s"] >= settle_s:
        return verdicts
    return tuple(
        leave_open(verdict, OpenReason.BRIEF) if claims_regression(verdict) else verdict for verdict in verdicts
    )


def _settled_verdicts(limits: Limits, record: Record, settle_s: float | None) -> tuple[Verdict, ...]:
    """The verdicts of a result's rounds; in files without a settle time all rows alone count."""
    rows, confidence = _compared(record), record["confidence"]
    if settle_s is None:
        return decide(limits, rows, confidence)
    return StoppingRule(limits, confidence, record["budget_s"], settle_s).judge(rows).verdicts


def _compared(record: Record) -> list[Row]:
    """Of each row the rounds that limits are about: the contender's, the baseline's, and the base's."""
    if record.get("against"):
        return rows_of(record)
    return [compared_sides(row, series=bool(record["scaling"])) for row in rows_of(record)]


def rows_of(record: Record) -> list[Row]:
    """A result's rounds, in rows of one round a side."""
    return [tuple(map(_round, row)) for _, row in groupby(record["rounds"], key=lambda taken: taken["row"])]


def differs(record: Record, verdicts: tuple[Verdict, ...]) -> bool:
    """Whether new verdicts are not those of the report."""
    before = [(verdict["quantity"], verdict["outcome"]) for verdict in record["verdicts"]]
    now = [(verdict.quantity, verdict.outcome.value) for verdict in verdicts]
    return before != now or record["outcome"] != outcome_of(verdicts).value


def _first_calls(record: Record, side: int) -> FirstCalls | None:
    """One side's; None where every round is a first call, and in files from before they were kept."""
    of_sides = record.get("first_calls")
    if not of_sides or of_sides[side] is None:
        return None
    calls = of_sides[side]
    anew = calls["anew"] and Call(**calls["anew"])
    return FirstCalls(Call(**calls["first"]), anew, calls["failed"], tuple(calls["iterators"]))


def _round(record: Record) -> Round:
    names = {field.name for field in fields(Round)}
    values = {name: value for name, value in record.items() if name in names}
    values["thread_use"] = tuple(ThreadUse(*use) for use in record["thread_use"])
    values["foreign_raw_s"] = record.get("balance_s")
    if "foremost" in record:  # of a file from before the control
        return _with_control_from_pace(Round(**values, real_time=record["foremost"]), record["pace"])
    values["control"] = None if record["control"] is None else Control(**record["control"])
    return Round(**values)


def _with_control_from_pace(taken: Round, pace: Record | None) -> Round:
    """A round of an older file: its looks of 2 ms at the cores' speed, in CPU time, stand in for the control.

    They do not show who kept a core busy. So the control's share of a core is the one that the round's own threads got
    of what they demanded. Where waits are unknown, it is the least possible on the contender's side and the most
    possible on the baseline's.
    """
    if pace is None or pace["speed"] is None:
        return taken
    has_threads = taken.threads is None or taken.threads > 1
    waited_s = max_foreign_wait_s(taken) if has_threads else min(taken.delay_s or 0.0, taken.foreign_s)
    share = taken.cpu_s / (taken.cpu_s + waited_s) if taken.cpu_s > 0 else 0.0
    return replace(taken, control=Control(pace["cores"], pace["speed"] * share, share, pace["memory"]))
