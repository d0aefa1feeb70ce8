"""Wait until an interpreter is at rest.

A BLAS's idle threads spin for a while after a call (OpenBLAS: 2^28 clock ticks, about 0.1 s; OpenMP's for ever where
OMP_WAIT_POLICY says so). A round of the other side that starts meanwhile is measured against them: with no pause a
speed-up of 1.8 read 0.96. So the other side is stopped (SIGSTOP), and this makes sure that it stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_multicore.rounds.tolerances import (
    MAX_REST_CORES,
    MAX_REST_WAIT_S,
    MIN_REST_INTERVAL_S,
    MIN_REST_INTERVAL_TICKS,
    REST_READINGS,
)
from pytest_multicore.settings import clocks

from .counters import Counters
from .snapshots import TreeSnapshot

#: A process tree: its root's process id, and its last snapshot.
Tree = tuple[int, TreeSnapshot | None]


def wait_until_quiet(trees: Sequence[Tree], counters: Counters, limit_s: float = MAX_REST_WAIT_S) -> bool:
    """Wait until these process trees' CPU time stands still, at most ``limit_s`` seconds; whether it did."""
    if not trees:
        return True
    interval_s = max(MIN_REST_INTERVAL_S, MIN_REST_INTERVAL_TICKS * counters.tick_s)
    deadline = clocks.monotonic() + limit_s
    before_s, since, at_rest = _cpu_s(trees, counters), clocks.monotonic(), 0
    while True:
        clocks.sleep(interval_s)
        now_s, now = _cpu_s(trees, counters), clocks.monotonic()
        at_rest = at_rest + 1 if now_s - before_s <= MAX_REST_CORES * (now - since) else 0
        if at_rest == REST_READINGS:
            return True
        if now > deadline:
            return False
        before_s, since = now_s, now


def _cpu_s(trees: Sequence[Tree], counters: Counters) -> float:
    return sum(counters.tree_cpu_s(pid, known) for pid, known in trees)
