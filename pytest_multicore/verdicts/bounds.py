"""What one round bounds: how long its threads waited, and how many cores it would have kept busy without."""

from __future__ import annotations

import math
from functools import lru_cache

from pytest_multicore.rounds.round import Round

from .rules import ALL, Rule

#: Verdicts are looked at after each row, and what a round bounds does not change.
KEPT = 1 << 14


@lru_cache(KEPT)
def waited_s(one: Round, without: frozenset[Rule] = ALL) -> float:
    """Seconds that a round's threads stood in queues, summed, at most.

    Those that ended within it took their waits along, and some systems tell none: others' time stands in for them.
    """
    known_s = one.delay_s or 0.0
    return known_s if one.waits_are_known or Rule.ENDED in without else max(known_s, one.foreign_s)


def waited_for_others_s(one: Round, without: frozenset[Rule] = ALL) -> float:
    """The same, as far as others had the cores: waits among the program's own threads are its own doing."""
    return min(waited_s(one, without), one.foreign_s)


@lru_cache(KEPT)
def most_cores(one: Round, alone: bool = False, without: frozenset[Rule] = ALL) -> float:
    """Cores busy at most, had no thread stood in a queue, no hypervisor taken a core, and no quota held any back.

    Without the waits the round would have been shorter by at most their sum. Demanded cores are no such bound: a thread
    that sleeps until a displaced one is done stands in no queue. More are never busy than there are, than are open to
    its threads, or than threads got CPU time, where all of them are seen.

    Args:
        one: the round.
        alone: whether others used next to nothing over all rounds: then threads waited for each other, as where the
            scheduler put two on one core, and that is the program's own doing.
        without: rules to leave out.
    """
    most = one.busy_cores
    if Rule.WAITS not in without:
        wait_s = 0.0 if alone and one.waits_are_known else waited_s(one, without)
        undelayed_s = one.wall_s - wait_s - one.steal_s - one.throttled_s
        demanded = 0.0 if alone else one.demanded_cores or 0.0
        most = max(demanded, one.cpu_s / undelayed_s if undelayed_s > 0 else math.inf)
    return max(least_cores(one, without), min(most, cores_there(one, without)))


@lru_cache(KEPT)
def least_cores(one: Round, without: frozenset[Rule] = ALL) -> float:
    """Cores busy at least: the CPU clock runs a little longer than the region."""
    least = one.busy_cores if Rule.CLOCKS in without else one.cpu_s / (one.wall_s + one.clocks_s)
    return min(least, cores_there(one, without))


def cores_there(one: Round, without: frozenset[Rule] = ALL) -> float:
    """Cores that a round's threads can have kept busy at all."""
    if Rule.CAP in without:
        return math.inf
    counted = one.delay_s is not None and one.all_threads_seen and one.threads_unseen == 0
    threads = len(one.thread_use) if counted else None
    # Of a quota's part of a core a thread has the whole for some of the time.
    may = None if one.cores_open is None else math.ceil(one.cores_open)
    return min((cores for cores in (one.cores_online, may, threads) if cores), default=math.inf)


def cores_for(one: Round) -> float:
    """Cores that a side can have used: as many as are open to it, and as it was told to."""
    cores = one.cores_open or one.cores_online or math.inf
    return min(cores, one.threads or cores)
