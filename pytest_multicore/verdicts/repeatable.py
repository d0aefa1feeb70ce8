"""Whether the calls that rounds repeat are those that the first one was: a warm-up, or work that is not there again.

A first call that takes many times as long as later ones, or keeps more cores busy, may have warmed something up: then
the later calls are what counts. Or it has used up what it worked on, or its result is kept: then they are none of the
test's work. What tells the two apart is a call after a new set-up in the same process, which is warm.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_multicore.rounds.round import Call, Round

from .durations import in_words
from .row_sets import undisturbed

#: Times the later calls, and seconds more. First calls with nothing to warm up but caches took 1.0 to 1.8 times as
#: long, those of under 1 ms up to 8 times; pytest's own part of a first call is 0.1 to 0.4 ms.
MANY_TIMES, CLEARLY_LONGER_S = 5.0, 0.005
#: Cores more than the later calls kept busy, over so much CPU time: less may be a thread's last moments.
MORE_CORES, WORTH_COUNTING_S = 0.3, 0.02
#: Nothing is left in a shorter call that several cores could do: to have a thread of a pool do nothing took 21 us, and
#: pytest's own part of a repeated call 7 to 12 us.
TOO_SHORT_S = 30e-6
#: What keeps more cores busy than this has something left for them, however short it is.
ONE_CORE = 1.3
#: CPU seconds that are work; and wall seconds, for it may be others who did it.
WORK_S, WAITED_S = 0.005, 0.1
#: Of the first call's time.
AS_LONG_AGAIN = 0.5

NOT_REPEATABLE = "not repeatable"
ALIKE = "let each call start from the same state"
FRESH = f"use fresh=True (a new interpreter for every round), or {ALIKE}"


@dataclass(frozen=True, slots=True)
class FirstCalls:
    """What was called on one side before its rounds, or between two of them.

    Attributes:
        first: the first call in its process.
        anew: the first one after a new set-up; None where none was tried, or none passed.
        failed: why none passed.
        iterators: fixtures whose value can be gone through once.
    """

    first: Call
    anew: Call | None = None
    failed: str = ""
    iterators: tuple[str, ...] = ()


def later_calls(rounds: Sequence[Round]) -> Call:
    """What a repetition took in the undisturbed rounds (in all, where none is); there is at least one."""
    used = [one for one in rounds if undisturbed(one)] or rounds
    return Call(statistics.median(one.one_s for one in used), statistics.median(one.cpu_s / one.repeat for one in used))


def needs_new_set_up(calls: FirstCalls, rounds: Sequence[Round]) -> bool:
    """Whether it takes a call after a new set-up to tell."""
    later = later_calls(rounds)
    tried = calls.anew is not None or bool(calls.failed)
    return not tried and _differs(calls.first, later) and not _nothing_left(calls.first, later)


def why_not_repeatable(calls: FirstCalls | None, rounds: Sequence[Round], remedy: str = FRESH) -> str:
    """Why the later calls are not the test's work, and what to do; empty where they are, or nobody can tell.

    Args:
        calls: of the side in question: where that has several cores busy, something is left, and one thread of the
            baseline does as much. None where every round is a first call.
        rounds: the same side's.
        remedy: what to do.
    """
    if calls is None:
        return ""
    later = later_calls(rounds)
    found = _differs(calls.first, later) and _used_up(calls, later)
    return f"{NOT_REPEATABLE}: {_compared(calls.first, later)}{found}: {remedy}" if found else ""


def first_call_note(calls: FirstCalls | None, rounds: Sequence[Round]) -> str:
    """What to know of later calls that count though a first one was unlike them; empty where nobody has to wonder.

    Of work that each set-up does once, as to compile a model; and of what once kept more cores busy.
    """
    if calls is None or calls.anew is None:
        return ""
    first, anew, later = calls.first, calls.anew, later_calls(rounds)
    if _as_slow_again(first, anew, later):
        return f"{_compared(anew, later, 'after each set-up the first call takes')}: the later ones are what counts"
    if _more_cores(first, later):
        return f"{_compared(first, later)}, also after a new set-up: the later ones are what counts"
    return ""


def _used_up(calls: FirstCalls, later: Call) -> str:
    """What became of the work, after a comma or in brackets; empty where it is there, or nobody can tell."""
    if _nothing_left(calls.first, later):
        return " (a cache, a used-up iterator?)"
    if calls.failed:
        return f", and whether that is a warm-up is not to be told: {calls.failed}"
    anew = calls.anew
    if anew is None or not _as_slow_again(calls.first, anew, later):
        return ""
    again = f", and after a new set-up the first one took {_told(anew)} again: what a fixture gave is used up"
    if calls.iterators:
        return f"{again} ({_are_iterators(calls.iterators)})"
    return f"{again} (an iterator, a cache?)" if _more_cores(anew, later) else ""


def _differs(one: Call, later: Call) -> bool:
    return _longer(one, later) or _more_cores(one, later)


def _longer(one: Call, later: Call) -> bool:
    return one.wall_s >= MANY_TIMES * later.wall_s and one.wall_s - later.wall_s >= CLEARLY_LONGER_S


def _more_cores(one: Call, later: Call) -> bool:
    return one.cores - later.cores > MORE_CORES and one.cpu_s >= WORTH_COUNTING_S


def _nothing_left(first: Call, later: Call) -> bool:
    """Whether later calls are too short for what the first one did."""
    worked = first.cpu_s - later.cpu_s >= WORK_S or first.wall_s - later.wall_s >= WAITED_S
    return worked and later.wall_s < TOO_SHORT_S and later.cores < ONE_CORE


def _as_slow_again(first: Call, anew: Call, later: Call) -> bool:
    """Whether a warm process's first call after a set-up differs from later ones, too."""
    half = anew.wall_s >= AS_LONG_AGAIN * first.wall_s and anew.wall_s - later.wall_s >= CLEARLY_LONGER_S
    return _differs(anew, later) or (half and _longer(first, later))


def _compared(one: Call, later: Call, took: str = "the first call took") -> str:
    return f"{took} {_told(one)}, later ones {_told(later)}"


def _told(call: Call) -> str:
    duration = in_words(call.wall_s)
    return duration if call.wall_s < TOO_SHORT_S else f"{duration} on {call.cores:.2f} cores"


def _are_iterators(names: Sequence[str]) -> str:
    one = len(names) == 1
    return f"{'fixture' if one else 'fixtures'} {', '.join(names)}: {'an iterator' if one else 'iterators'}"
