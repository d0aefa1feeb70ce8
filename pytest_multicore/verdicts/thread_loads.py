"""How evenly the threads of a round shared its CPU time, and what the clocks of threads leave open.

A clock of a thread says how long it ran, not when. So a main thread that ran longer than the others had either a serial
part of its own or a larger share of the parallel one. The two look the same. So do a small share and the handing out of
work, an uneven split and turns at a lock, and even shares and uneven ones that change hands from call to call. Each
reading is kept; the likeliest comes first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_multicore.rounds.round import Round, ThreadUse
from pytest_multicore.rounds.tolerances import MIN_ONE_THREAD_CORES, MIN_TEAM_CPU_SHARE


def heaviest_load_s(round_: Round, cores: float) -> tuple[float, float]:
    """CPU seconds of the core with the most to do, at least and at most, if threads stayed where they are.

    More threads than cores take turns: at least one core then had its part of the whole. Threads that ended took their
    times along, and one of them may have been busy all the time.
    """
    most_of_one_s = max((use.cpu_s for use in round_.thread_use), default=0.0)
    least_s = min(round_.wall_s, max(most_of_one_s, round_.cpu_s / cores))
    return least_s, least_s if round_.all_threads_seen else round_.wall_s


def uneven_s(round_: Round, cores: float) -> tuple[float, ...]:
    """CPU seconds for which cores waited for the busiest thread of a team, by each reading; the likeliest first.

    Where threads have ended, the likeliest is none, and all that cores did not do may be some.
    """
    if not round_.all_threads_seen:
        return 0.0, math.inf
    team = _team(round_.thread_use)
    loads_s = [use.cpu_s for use in team]
    if len(team) < 2:
        return (0.0,)
    leader, whole_s = _leader(team), _imbalance_s(loads_s, cores)
    likeliest_s, without_leader_s = whole_s, whole_s
    if leader:
        others_s = [use.cpu_s for use in team if use is not leader]
        # What the main thread did beyond the busiest of the others was a serial part.
        likeliest_s = _imbalance_s([*others_s, min(leader.cpu_s, max(others_s))], cores)
        # It handed out the work, and did none.
        without_leader_s = _imbalance_s(others_s, cores)
    # Where no thread was at work all the time they may have taken turns.
    always_busy = max(loads_s) >= MIN_ONE_THREAD_CORES * round_.wall_s
    least_s = min(likeliest_s, without_leader_s, whole_s) if always_busy else 0.0
    # Shares that change hands: at any time the others may have waited for one of them.
    most_s = max(whole_s, min(len(team), cores) * round_.wall_s - sum(loads_s))
    return likeliest_s, least_s, most_s


def team_size(round_: Round) -> int | None:
    """How many threads were at work; None where some have ended."""
    return len(_team(round_.thread_use)) if round_.all_threads_seen else None


def _team(threads: Sequence[ThreadUse]) -> list[ThreadUse]:
    """The threads without helpers, which woke up now and then."""
    least_s = MIN_TEAM_CPU_SHARE * max((use.cpu_s for use in threads), default=0.0)
    return [use for use in threads if use.cpu_s >= least_s]


def _leader(team: Sequence[ThreadUse]) -> ThreadUse | None:
    """The main thread of the process that was started first, where it is at work: it starts the others."""
    first = min(team, key=lambda use: use.pid, default=None)
    return next((use for use in team if first and use.pid == first.pid and use.tid == use.pid), None)


def _imbalance_s(loads_s: Sequence[float], cores: float) -> float:
    """What a team lacks of as many cores as it has threads, all of them as busy as the busiest."""
    return max(0.0, min(len(loads_s), cores) * max(loads_s, default=0.0) - sum(loads_s))
