"""Whether the calls that rounds repeat do the first call's work: a warm-up, or work that is not there again.

A first call that takes many times as long as later ones, or keeps more cores busy, may have warmed something up. Then
the later calls are what counts. Or it has used up what it worked on, or its result is kept. Then they do none of the
test's work. A call after a new set-up in the same process, which is warm, tells the two apart.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_multicore.rounds.round import Call, Round
from pytest_multicore.rounds.tolerances import (
    MAX_FIRST_CALL_EXCESS_CORES,
    MIN_FIRST_CALL_CPU_S,
    MIN_FIRST_CALL_EXCESS_S,
    MIN_FIRST_CALL_RATIO,
    MIN_FIRST_CALL_WAIT_S,
    MIN_FIRST_CALL_WORK_S,
    MIN_NEW_SET_UP_CALL_SHARE,
    MIN_PARALLEL_CALL_CORES,
    MIN_PARALLEL_CALL_S,
)

from .bounds import max_busy_cores
from .row_sets import is_undisturbed
from .words import duration_in_words

NOT_REPEATABLE = "not repeatable"
SAME_STATE_ADVICE = "let each call start from the same state"
FRESH_ADVICE = f"use fresh=True (a new interpreter for every round), or {SAME_STATE_ADVICE}"


@dataclass(frozen=True, slots=True)
class FirstCalls:
    """The calls of one side before its rounds, or between two of them.

    Attributes:
        first: the first call in its process.
        anew: the first call after a new set-up; None where none was tried, or none passed.
        failed: why no call after a new set-up passed.
        iterators: fixtures whose value can be gone through once.
    """

    first: Call
    anew: Call | None = None
    failed: str = ""
    iterators: tuple[str, ...] = ()


def later_calls(rounds: Sequence[Round]) -> Call:
    """What a repetition took in the undisturbed rounds.

    Where none is undisturbed, what it took at least in all of them, of which there is one: background load had cores
    that the call would have kept busy.
    """
    used = [round_ for round_ in rounds if is_undisturbed(round_)]
    cpu_s = statistics.median(round_.repetition_cpu_s for round_ in used or rounds)
    if used:
        return Call(statistics.median(round_.repetition_s for round_ in used), cpu_s)
    least = (round_.repetition_cpu_s / (max_busy_cores(round_) or math.inf) for round_ in rounds)
    return Call(statistics.median(least), cpu_s)


def needs_new_set_up(calls: FirstCalls, rounds: Sequence[Round]) -> bool:
    """Whether only a call after a new set-up can tell."""
    later = later_calls(rounds)
    tried = calls.anew is not None or bool(calls.failed)
    return not tried and _differs(calls.first, later) and not _is_empty(calls.first, later)


def why_not_repeatable(calls: FirstCalls | None, rounds: Sequence[Round], remedy: str = FRESH_ADVICE) -> str:
    """Why the later calls do none of the test's work, and what to do; empty where they do it, or it is unknown.

    Args:
        calls: of the contender. Where that has several cores busy, the work is there, and one thread of the baseline
            does as much. None where every round is a first call.
        rounds: of the same side.
        remedy: what to do.
    """
    if calls is None:
        return ""
    later = later_calls(rounds)
    reason = _differs(calls.first, later) and _why_used_up(calls, later)
    return f"{NOT_REPEATABLE}: {_calls_in_words(calls.first, rounds)}{reason}: {remedy}" if reason else ""


def first_call_note(calls: FirstCalls | None, rounds: Sequence[Round]) -> str:
    """What to know of later calls that count though a first one differs from them; empty where there is nothing.

    It is about work that each set-up does once, as to compile a model, and about first calls that kept more cores busy.
    """
    if calls is None or calls.anew is None:
        return ""
    first, anew, later = calls.first, calls.anew, later_calls(rounds)
    if _is_slow_again(first, anew, later):
        return (
            f"{_calls_in_words(anew, rounds, 'after each set-up the first call takes')}: the later ones are what counts"
        )
    if _keeps_more_cores_busy(first, later):
        return f"{_calls_in_words(first, rounds)}, also after a new set-up: the later ones are what counts"
    return ""


def _why_used_up(calls: FirstCalls, later: Call) -> str:
    """What became of the work, after a comma or in brackets; empty where it is there, or that is unknown."""
    if _is_empty(calls.first, later):
        return " (a cache, a used-up iterator?)"
    if calls.failed:
        return f", and whether that is a warm-up is not to be told: {calls.failed}"
    anew = calls.anew
    if anew is None or not _is_slow_again(calls.first, anew, later):
        return ""
    again = f", and after a new set-up the first one took {_call_in_words(anew)} again: what a fixture gave is used up"
    if calls.iterators:
        return f"{again} ({_iterators_in_words(calls.iterators)})"
    return f"{again} (an iterator, a cache?)" if _keeps_more_cores_busy(anew, later) else ""


def _differs(call: Call, later: Call) -> bool:
    return _takes_longer(call, later) or _keeps_more_cores_busy(call, later)


def _takes_longer(call: Call, later: Call) -> bool:
    """By wall time and by CPU time: how long a call waited for a core is unknown, and wall time alone may be that."""
    worked = call.cpu_s >= MIN_FIRST_CALL_RATIO * later.cpu_s
    is_long = call.wall_s >= MIN_FIRST_CALL_RATIO * later.wall_s
    return worked and is_long and call.wall_s - later.wall_s >= MIN_FIRST_CALL_EXCESS_S


def _keeps_more_cores_busy(call: Call, later: Call) -> bool:
    return call.cores - later.cores > MAX_FIRST_CALL_EXCESS_CORES and call.cpu_s >= MIN_FIRST_CALL_CPU_S


def _is_empty(first: Call, later: Call) -> bool:
    """Whether later calls are too short for what the first one did."""
    worked = first.cpu_s - later.cpu_s >= MIN_FIRST_CALL_WORK_S
    waited = first.wall_s - later.wall_s >= MIN_FIRST_CALL_WAIT_S
    return (worked or waited) and later.wall_s < MIN_PARALLEL_CALL_S and later.cores < MIN_PARALLEL_CALL_CORES


def _is_slow_again(first: Call, anew: Call, later: Call) -> bool:
    """Whether a warm process's first call after a set-up differs from later ones, too."""
    share = MIN_NEW_SET_UP_CALL_SHARE
    as_long = anew.wall_s >= share * first.wall_s and anew.cpu_s >= share * first.cpu_s
    as_long = as_long and anew.wall_s - later.wall_s >= MIN_FIRST_CALL_EXCESS_S
    return _differs(anew, later) or (as_long and _takes_longer(first, later))


def _calls_in_words(call: Call, rounds: Sequence[Round], took: str = "the first call took") -> str:
    """Of the first call what was measured; of later ones that, or what bounds them where load disturbed each round."""
    later = later_calls(rounds)
    words = _call_in_words(later)
    if not any(map(is_undisturbed, rounds)):
        words = f"at least {words.replace(' on ', ' on at most ')} (a bound: other load disturbed every round)"
    return f"{took} {_call_in_words(call)}, later ones {words}"


def _call_in_words(call: Call) -> str:
    duration = duration_in_words(call.wall_s)
    return duration if call.wall_s < MIN_PARALLEL_CALL_S else f"{duration} on {call.cores:.2f} cores"


def _iterators_in_words(names: Sequence[str]) -> str:
    is_one = len(names) == 1
    return f"{'fixture' if is_one else 'fixtures'} {', '.join(names)}: {'an iterator' if is_one else 'iterators'}"
