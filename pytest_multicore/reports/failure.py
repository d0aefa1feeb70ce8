"""The text of a missed or undecided limit: the limit, the measurement with its interval, what it was measured on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_multicore.diagnosis.pools_at_work import thread_in_words
from pytest_multicore.errors import LimitMissed, Undecided
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.limits import BASE_LIMITS, Outcome
from pytest_multicore.verdicts.open_reasons import attained_in_words
from pytest_multicore.verdicts.result import Result

from .against import against_line, differences_line
from .record import Record
from .scaling import series_line
from .visible import visible_line, visible_lines
from .words import estimate, figure, limit_figure, seconds, split_line, threads, varies_cores

#: Threads named where there are too many.
MAX_NAMED_THREADS = 8
#: The value on a machine that gives all its cores is reported if it may be so many times the measured one.
MIN_REPORTED_RATIO = 1.01


def missed_text(result: Result, record: Record) -> str:
    """The text of a missed limit; ``record`` is the result's."""
    missed = [verdict for verdict in record["verdicts"] if verdict["outcome"] == "failed"]
    names = " and ".join(verdict["quantity"] for verdict in missed)
    heading = f"{record['workload']} in environment {record['environment']}: {names} missed"
    limits = [_row("limit", _limit(verdict, record["confidence"])) for verdict in missed]
    if result.measurement and any(verdict["quantity"] == "max_threads" for verdict in missed):
        limits.append(_row("counted", _counted(result.measurement.rounds[-1])))
    return visible_lines("\n".join([heading, *limits, *_measured(result, record), *_why(record)]))


def as_error(result: Result, record: Record) -> LimitMissed | Undecided:
    """What fails a test whose limit was missed, or could not be decided; ``record`` is the result's."""
    error: LimitMissed | Undecided
    if result.outcome is Outcome.FAILED:
        error = LimitMissed(missed_text(result, record))
    else:
        error = Undecided(undecided_text(result, record))
    error.summary = summary(record)
    return error


def summary(record: Record) -> str:
    """A missed or undecided limit for a line of pytest's short summary, which a terminal cuts: figures come first."""
    missed = [verdict for verdict in record["verdicts"] if verdict["outcome"] == "failed"]
    if not missed:
        return visible_line(f"undecided: {record['reason'].partition(chr(10))[0]}")
    return " and ".join(f"{one['quantity']}={one['limit']:g} missed: {limit_figure(one)}" for one in missed)


def undecided_text(result: Result, record: Record) -> str:
    """The text of an undecided limit under ``--multicore-strict``; ``record`` is the result's."""
    where = f"{record['workload']} in environment {record['environment']}"
    heading = f"{where}: inconclusive, which --multicore-strict fails"
    remedies = [_row("remedy", cause["remedy"]) for cause in record["causes"]]
    return visible_lines("\n".join([heading, _row("why", record["reason"]), *_measured(result, record), *remedies]))


def _counted(taken: Round) -> str:
    """The threads of a round that broke ``max_threads``: a pool of two is called by a third."""
    uses = sorted(taken.thread_use, key=lambda use: -use.cpu_s)
    shares = ", ".join(f"{use.name} {use.cpu_s / taken.wall_s:.2f}" for use in uses[:MAX_NAMED_THREADS])
    more = f", and {len(uses) - MAX_NAMED_THREADS} more" if len(uses) > MAX_NAMED_THREADS else ""
    return (
        f"{shares}{more} cores; a caller that waits for its pool counts, and so does a thread that tends memory: allow "
        "for them, or use max_cores"
    )


def _why(record: Mapping[str, Any]) -> Iterator[str]:
    """The causes: proven ones with their proof, others as suspicions."""
    for cause in record["causes"]:
        if cause["proven"]:
            yield _row("why", f"{cause['evidence']} [{cause['key']}]")
            yield _row("proof", cause["trial"] or "the measured curve itself")
            yield from (_row("also", text) for text in cause["also"])
        else:
            yield _row("suspect", f"{cause['evidence']} [{cause['key']}, not proven]")
            if cause["trial"]:
                yield _row("tried", f"{cause['trial']}: that decides nothing")
        yield _row("remedy", cause["remedy"])
    yield from _evidence(record)


def _evidence(record: Mapping[str, Any]) -> Iterator[str]:
    """The profile; and what the evidence lacks, or shows, where no cause is proven, or none was found."""
    evidence = record["evidence"]
    if not evidence:
        return
    if evidence.get("profile"):
        lines = evidence["profile"]["told"]
        yield from (_row("profile" if number == 0 else "", line) for number, line in enumerate(lines))
    for told in (evidence["observed"] or {}).get("warnings", ()):
        yield _row("warned", f"{told['message']} [{told['category']} of {told['module']}]")
    if evidence["blas_not_recorded"] and not any(cause["proven"] for cause in record["causes"]):
        yield _row("note", f"BLAS calls were not recorded: {evidence['blas_not_recorded']}")
    if not record["causes"]:
        yield _row("why", f"no cause was found; seen: {_seen(evidence)}")


def _seen(evidence: Mapping[str, Any]) -> str:
    """The evidence in a line, where no cause was found in it."""
    tasks, observed = evidence["tasks"], evidence["observed"] or {}
    at_work = ", ".join(
        f"{thread_in_words(task['name'], task.get('library', '')) or task['name']} "
        f"{task['cpu_s'] / evidence['wall_s']:.2f}"
        for task in tasks[:4]
        if task["cpu_s"] > 0
    )
    hottest = next(iter(observed.get("lines", ())), None)
    where = f"; most at {_place(hottest)}" if hottest else ""
    pools = ", ".join(f"{pool['api']} {pool['threads']}" for pool in observed.get("pools", {}).get("region", ()))
    return f"cores used by threads: {at_work or 'none'}{where}; thread pools: {pools or 'none'}"


def _place(line: Mapping[str, Any]) -> str:
    """Where a line is: of a line in a package, the user's line that called it."""
    users = line.get("called_from") or line
    return f"{users['file'].rpartition('/')[2]}:{users['line']} ({users['source']})"


def _limit(verdict: Mapping[str, Any], confidence: float) -> str:
    """The limit, the measured value, and the value on a machine that gives all its cores, where that may be higher."""
    text = f"{verdict['quantity']}={verdict['limit']:g}; measured {limit_figure(verdict)}"
    measured, high = verdict["measured"]["high"], verdict["interval"]["high"]
    if verdict["quantity"] not in BASE_LIMITS and None not in (high, measured) and high > MIN_REPORTED_RATIO * measured:
        text += f" ({high:.3g}{'x' if verdict['quantity'].endswith('_speedup') else ''} at most on cores of its own)"
    return f"{text} at confidence {confidence:g} a side"


def _measured(result: Result, record: Record) -> Iterator[str]:
    if result.measurement is None:
        return
    rounds = result.measurement.rounds
    with_ended_threads = sum(not taken.all_threads_seen for taken in rounds)
    ended = ", and others that ended within a round" if 2 * with_ended_threads > len(rounds) else ""
    name = "given" if varies_cores(record) else "threads"
    seen = _count(len(record["threads_seen"]), "OS thread")
    yield _row(name, f"{threads(record)}; {seen} got CPU time{ended}")
    yield _row("cores", f"{figure(record['cores'])} busy; {estimate(record['demand'])} demanded{_useful(record)}")
    if went := split_line(record):
        yield _row("split", went)
    yield _row("time", f"{seconds(record['wall_s'])} a repetition{_against(record)}")
    if line := series_line(record):
        yield _row("scaling", line)
    if line := against_line(record):
        yield _row("base", line)
        yield _row("differ", differences_line(record) or "nothing that is known of the two environments")
    if result.comparison and (attained := attained_in_words(result.comparison)):
        yield _row("machine", f"{attained}, by a compute loop that shares nothing")
    yield _row("BLAS", record["blas"] or "none is in use")
    counted = sum(taken["counted"] for taken in record["rounds"])
    yield _row(
        "rounds", f"{len(record['rounds'])} taken, {counted} undisturbed, in {record['duration_s']:.1f} s with set-up"
    )
    for note in record["notes"]:
        yield _row("note", note)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _useful(record: Mapping[str, Any]) -> str:
    return "" if record["useful_cores"] is None else f"; {record['useful_cores']:.2f} useful"


def _against(record: Mapping[str, Any]) -> str:
    if record["speedup"] is None:
        return ""
    return (
        f", {seconds(record['baseline_wall_s'])} at the baseline: {figure(record['measured_speedup'], 'x')} as fast "
        f"for {estimate(record['cpu_inflation'])}x the CPU time"
    )


def _row(name: str, text: str) -> str:
    return f"  {name:<8} {text}"
