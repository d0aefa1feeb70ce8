"""Wait until an interpreter rests.

A BLAS's idle threads spin for a while after a call (OpenBLAS: 2^28 clock ticks, about 0.1 s; OpenMP's for ever where
OMP_WAIT_POLICY says so). A round of the other side that starts meanwhile is measured against them: with no pause a
speed-up of 1.8 read 0.96. So the other side is stopped (SIGSTOP), and this makes sure that it stands.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from .counters import Counters
from .snapshots import TreeSnapshot

#: Under this share of a core an interpreter rests. Spinning shows as 1.0 a thread; a sleeping runtime's timers as 0.00.
RESTING_CORES = 0.05
LONGEST_WAIT_S = 1.0
#: So many looks in a row must find it resting: beside neighbours, one that spins may get no core for some moments.
LOOKS = 3


def wait_until_quiet(
    trees: Sequence[tuple[int, TreeSnapshot | None]], counters: Counters, limit_s: float = LONGEST_WAIT_S
) -> bool:
    """Wait until these process trees' CPU time stands still, at most ``limit_s``; whether it did."""
    if not trees:
        return True
    step_s = max(0.002, 1.5 * counters.tick_s)
    deadline = time.monotonic() + limit_s
    before_s, since, looks = _cpu_s(trees, counters), time.monotonic(), 0
    while True:
        time.sleep(step_s)
        now_s, now = _cpu_s(trees, counters), time.monotonic()
        looks = looks + 1 if now_s - before_s <= RESTING_CORES * (now - since) else 0
        if looks == LOOKS:
            return True
        if now > deadline:
            return False
        before_s, since = now_s, now


def _cpu_s(trees: Sequence[tuple[int, TreeSnapshot | None]], counters: Counters) -> float:
    return sum(counters.tree_cpu_s(pid, known) for pid, known in trees)
