"""What one round bounds: how long its threads waited, and how many cores it would have kept busy without waits."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import MAX_ONE_THREAD_CORES, MIN_ONE_THREAD_CORES

from .rules import NO_RULES, Rule
from .thread_loads import team_size

P = ParamSpec("P")
T = TypeVar("T")

#: Rounds that are kept: verdicts are reached anew after each row, and what a round bounds does not change.
CACHE_SIZE = 1 << 14
_caches: list[Callable[[], None]] = []


def computed_once(function: Callable[P, T]) -> Callable[P, T]:
    """A function of a round that is computed once for each, until ``forget_rounds``."""
    cached = lru_cache(CACHE_SIZE)(function)
    _caches.append(cached.cache_clear)
    return cast("Callable[P, T]", cached)


def forget_rounds() -> None:
    """Let go of the rounds of a test that is over: a session has hundreds."""
    for clear in _caches:
        clear()


@computed_once
def max_wait_s(round_: Round, without: frozenset[Rule] = NO_RULES) -> float:
    """Seconds that a round's threads waited for a core, summed, at most.

    Threads that ended within the round took their waits along, and some systems tell none. Background load stands in
    for the waits of those, unless they told of less.
    """
    known_s = round_.delay_s or 0.0
    if round_.waits_are_known or Rule.ENDED_THREADS in without:
        return known_s
    return min(max(known_s, round_.foreign_s), round_.told_wait_s)


def max_foreign_wait_s(round_: Round, without: frozenset[Rule] = NO_RULES) -> float:
    """The same, as far as others had the cores. Waits among the program's own threads are its own doing."""
    return min(max_wait_s(round_, without), round_.foreign_s)


@computed_once
def max_busy_cores(round_: Round, idle_machine: bool = False, without: frozenset[Rule] = NO_RULES) -> float:
    """Cores busy at most, had no thread waited, no hypervisor taken a core, and no quota held a thread back.

    Without waits the round would have been shorter by at most their sum. Demanded cores are no such bound: a thread
    that sleeps until a displaced one is done waits for no core. Never are more cores busy than there are, than are open
    to its threads, or than threads got CPU time, where all threads were seen.

    Args:
        round_: the round.
        idle_machine: whether there was next to no background load over all rounds. Then threads waited for each other,
            as where the scheduler put two on one core, and that is the program's own doing.
        without: rules to leave out.
    """
    most = round_.busy_cores
    if Rule.WAITS not in without:
        undelayed_s = round_.wall_s - _delays_s(round_, idle_machine, without)
        demanded = 0.0 if idle_machine else round_.demanded_cores or 0.0
        most = max(demanded, round_.cpu_s / undelayed_s if undelayed_s > 0 else math.inf)
    return max(min_busy_cores(round_, without), min(most, available_cores(round_, without)))


def held_up_share(baseline: Round, contender: Round, idle_machine: bool = False) -> float:
    """Share of the baseline's time for which others held it up, and perhaps not the contender, at most.

    That is while none of its cores was at work. A thread that is always at work gets no core sooner than the
    baseline's; threads that take turns rest in between, and may. So may one of more threads than there are cores: each
    gets as much of them as a thread of others does. A quota's period may be used up by the side that comes first.

    Args:
        baseline: its round of a row.
        contender: the other round of that row.
        idle_machine: see ``max_busy_cores``.
    """
    crowded = (contender.demanded_cores or 0.0) > MAX_ONE_THREAD_CORES * usable_cores(contender)
    gets_more = crowded or not _has_thread_at_work(contender, baseline)
    delays_s = _delays_s(baseline, idle_machine, NO_RULES) if gets_more else baseline.throttled_s
    at_rest_s = max(0.0, baseline.wall_s - baseline.cpu_s / usable_cores(baseline))
    return min(delays_s, at_rest_s) / baseline.wall_s


def _has_thread_at_work(contender: Round, baseline: Round) -> bool:
    """Whether a thread of the contender is at work, or waits for a core, all along; False where that is unknown.

    CPU time beyond the baseline's may be that of a thread which waits for another by asking again and again. Such a
    thread is at work for certain only if all of them are.
    """
    team, demanded = team_size(contender), contender.demanded_cores
    if team and demanded is not None and demanded >= MIN_ONE_THREAD_CORES * team:
        return True
    extra_s = contender.repeat * max(0.0, contender.repetition_cpu_s - baseline.repetition_cpu_s)
    known_s = (use.cpu_s + use.delay_s for use in contender.thread_use if use.delay_s is not None)
    return max(known_s, default=0.0) - extra_s >= MIN_ONE_THREAD_CORES * contender.wall_s


def _delays_s(round_: Round, idle_machine: bool, without: frozenset[Rule]) -> float:
    """Seconds that threads waited for a core, a hypervisor took one, and a quota held threads back, summed, at most."""
    wait_s = 0.0 if idle_machine and round_.waits_are_known else max_wait_s(round_, without)
    return wait_s + round_.steal_s + round_.throttled_s


@computed_once
def min_busy_cores(round_: Round, without: frozenset[Rule] = NO_RULES) -> float:
    """Cores busy at least: the CPU clock runs a little longer than the region."""
    least = round_.busy_cores if Rule.CLOCKS in without else round_.cpu_s / (round_.wall_s + round_.clocks_s)
    return min(least, available_cores(round_, without))


def available_cores(round_: Round, without: frozenset[Rule] = NO_RULES) -> float:
    """Cores that a round's threads can have kept busy at all."""
    if Rule.CAP in without:
        return math.inf
    all_counted = round_.delay_s is not None and round_.all_threads_seen and round_.threads_unseen == 0
    threads = len(round_.thread_use) if all_counted else None
    # Of a quota's part of a core a thread has the whole for some of the time.
    cores_open = None if round_.cores_open is None else math.ceil(round_.cores_open)
    return min((cores for cores in (round_.cores_online, cores_open, threads) if cores), default=math.inf)


def granted_cores(round_: Round) -> float:
    """Cores that the machine granted a side; in reports from before that was kept, those in its reach."""
    return round_.cores_granted or round_.cores_in_reach or round_.cores_online or math.inf


def usable_cores(round_: Round) -> float:
    """Cores that a side can have used: as many as are open to it, and as it was told to use."""
    cores = round_.cores_open or round_.cores_online or math.inf
    return min(cores, round_.threads or cores)
