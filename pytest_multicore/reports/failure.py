"""What a missed or undecided limit says: the limit, the measurement with its interval, what it was measured on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_multicore.reports.record import record
from pytest_multicore.reports.words import estimate, figure, seconds, threads
from pytest_multicore.verdicts.result import Result

UNITS = {"min_speedup": "x", "max_speedup": "x"}


def missed(result: Result) -> str:
    """The text of a failed gate."""
    return _text(record(result), "failed")


def undecided(result: Result) -> str:
    """The text of an undecided gate under ``--multicore-strict``."""
    told = record(result)
    heading = f"{told['workload']} in environment {told['environment']}: inconclusive, which --multicore-strict fails"
    return "\n".join([heading, _row("why", told["reason"]), *_measured(told)])


def _text(told: Mapping[str, Any], outcome: str) -> str:
    named = [one["quantity"] for one in told["verdicts"] if one["outcome"] == outcome]
    heading = f"{told['workload']} in environment {told['environment']}: {' and '.join(named)} missed"
    limits = [_row("limit", _limit(one, told["confidence"])) for one in told["verdicts"] if one["outcome"] == outcome]
    return "\n".join([heading, *limits, *_measured(told)])


def _limit(verdict: Mapping[str, Any], confidence: float) -> str:
    unit = UNITS.get(verdict["quantity"], "")
    measured = figure(verdict["interval"], unit)
    return f"{verdict['quantity']}={verdict['limit']:g}; measured {measured} at confidence {confidence:g} a side"


def _measured(told: Mapping[str, Any]) -> Iterator[str]:
    if told["cores"] is None:
        return
    yield _row("threads", f"{threads(told)}; {_counted(len(told['threads_seen']), 'OS thread')} got CPU time")
    yield _row("cores", f"{figure(told['cores'])} busy; {estimate(told['demand'])} demanded{_useful(told)}")
    yield _row("time", f"{seconds(told['wall_s'])} a repetition{_against(told)}")
    yield _row("BLAS", told["blas"] or "none is loaded")
    counted = sum(one["counted"] for one in told["rounds"])
    yield _row(
        "rounds", f"{len(told['rounds'])} taken, {counted} undisturbed, in {told['duration_s']:.1f} s with set-up"
    )
    for note in told["notes"]:
        yield _row("note", note)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _useful(told: Mapping[str, Any]) -> str:
    return "" if told["useful_cores"] is None else f"; {told['useful_cores']:.2f} useful"


def _against(told: Mapping[str, Any]) -> str:
    if told["speedup"] is None:
        return ""
    return (
        f", {seconds(told['baseline_wall_s'])} at the baseline: {figure(told['speedup'], 'x')} as fast "
        f"for {estimate(told['cpu_inflation'])}x the CPU time"
    )


def _row(name: str, text: str) -> str:
    return f"  {name:<8} {text}"
