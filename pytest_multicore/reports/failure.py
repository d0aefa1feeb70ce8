"""What a missed or undecided limit says: the limit, the measurement with its interval, what it was measured on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_multicore.verdicts.open_reasons import attained_in_words
from pytest_multicore.verdicts.result import Result

from .record import record
from .scaling import series
from .words import estimate, figure, seconds, threads

UNITS = {"min_speedup": "x", "max_speedup": "x"}
#: Times the measured high end: what the machine may have kept from the program, if it is worth a word.
HARDLY_MORE = 1.01


def missed(result: Result) -> str:
    """The text of a failed gate."""
    told = record(result)
    missed = [one for one in told["verdicts"] if one["outcome"] == "failed"]
    named = " and ".join(one["quantity"] for one in missed)
    heading = f"{told['workload']} in environment {told['environment']}: {named} missed"
    limits = [_row("limit", _limit(one, told["confidence"])) for one in missed]
    return "\n".join([heading, *limits, *_measured(told, result), *_why(told)])


def undecided(result: Result) -> str:
    """The text of an undecided gate under ``--multicore-strict``."""
    told = record(result)
    heading = f"{told['workload']} in environment {told['environment']}: inconclusive, which --multicore-strict fails"
    remedies = [_row("remedy", cause["remedy"]) for cause in told["causes"]]
    return "\n".join([heading, _row("why", told["reason"]), *_measured(told, result), *remedies])


def _why(told: Mapping[str, Any]) -> Iterator[str]:
    """The causes: what is proven in those words, what is not as the suspicion that it is."""
    for cause in told["causes"]:
        if cause["proven"]:
            yield _row("why", f"{cause['evidence']} [{cause['key']}]")
            yield _row("proof", cause["trial"] or "the measured curve itself")
            yield from (_row("also", text) for text in cause["also"])
        else:
            yield _row("suspect", f"{cause['evidence']} [{cause['key']}, not proven]")
            if cause["trial"]:
                yield _row("tried", f"{cause['trial']}: that decides nothing")
        yield _row("remedy", cause["remedy"])
    profile = (told["evidence"] or {}).get("profile")
    if profile:
        yield from (_row("profile" if number == 0 else "", line) for number, line in enumerate(profile["told"]))
    if told["evidence"] and told["evidence"]["blas_not_recorded"] and not any(one["proven"] for one in told["causes"]):
        yield _row("note", f"BLAS calls were not recorded: {told['evidence']['blas_not_recorded']}")
    if told["evidence"] and not told["causes"]:
        yield _row("why", f"no cause was found; seen: {_seen(told['evidence'])}")


def _seen(evidence: Mapping[str, Any]) -> str:
    """The evidence in a line, for where no cause was found in it."""
    tasks, observed = evidence["tasks"], evidence["observed"] or {}
    at_work = ", ".join(
        f"{task['name']} {task['cpu_s'] / evidence['wall_s']:.2f}" for task in tasks[:4] if task["cpu_s"] > 0
    )
    hottest = next(iter(observed.get("lines", ())), None)
    where = f"; most at {hottest['file'].rpartition('/')[2]}:{hottest['line']}" if hottest else ""
    pools = ", ".join(f"{one['api']} {one['threads']}" for one in observed.get("pools", {}).get("region", ()))
    return f"cores used by threads: {at_work or 'none'}{where}; thread pools: {pools or 'none'}"


def _limit(verdict: Mapping[str, Any], confidence: float) -> str:
    """The limit, what was measured, and what it might be on a machine that gives all its cores, where that is more."""
    unit, measured, most = UNITS.get(verdict["quantity"], ""), verdict["measured"], verdict["interval"]["high"]
    text = f"{verdict['quantity']}={verdict['limit']:g}; measured {figure(measured, unit, apart_from=verdict['limit'])}"
    if most is not None and measured["high"] is not None and most > HARDLY_MORE * measured["high"]:
        text += f" ({most:.3g}{unit} at most on cores of its own)"
    return f"{text} at confidence {confidence:g} a side"


def _measured(told: Mapping[str, Any], result: Result) -> Iterator[str]:
    if result.measurement is None:
        return
    gone = sum(not one.all_threads_seen for one in result.measurement.rounds)
    ended = ", and others that ended within a round" if 2 * gone > len(result.measurement.rounds) else ""
    yield _row("threads", f"{threads(told)}; {_counted(len(told['threads_seen']), 'OS thread')} got CPU time{ended}")
    yield _row("cores", f"{figure(told['cores'])} busy; {estimate(told['demand'])} demanded{_useful(told)}")
    yield _row("time", f"{seconds(told['wall_s'])} a repetition{_against(told)}")
    if scaled := series(told):
        yield _row("scaling", scaled)
    if result.comparison and (attained := attained_in_words(result.comparison)):
        yield _row("machine", f"{attained}, by a compute loop that shares nothing")
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
        f", {seconds(told['baseline_wall_s'])} at the baseline: {figure(told['measured_speedup'], 'x')} as fast "
        f"for {estimate(told['cpu_inflation'])}x the CPU time"
    )


def _row(name: str, text: str) -> str:
    return f"  {name:<8} {text}"
