"""How fast the cores are right now: the same short piece of work on one or several of them.

A virtual machine's cores can share one real core for seconds on end, and no counter tells: both are busy all the time
and nothing is stolen. Work of known size tells.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from .orphans import descendants
from .priority import raise_priority

PROGRAM = Path(__file__).with_name("yardstick_program.py")

BURST_S = 0.002
COPY_BURST_S = 0.004
#: Each burst is announced so long ahead that every worker knows before the first begins.
AHEAD_S, AHEAD_PER_WORKER_S = 0.0006, 0.00003
#: A worker that got less of its burst, because somebody else had its core, tells nothing of the core's speed.
LEAST_SHARE = 0.3


class Yardstick:
    """Workers, one a core, that stand ready to measure the cores' speed. They end with this process."""

    def __init__(self, cpus: Sequence[int | None], *, priority: bool) -> None:
        """Start them.

        Args:
            cpus: the core of each worker; None: wherever the system puts it.
            priority: give them the highest CPU priority that the system permits, as measured children have it.
        """
        self.cpus = tuple(cpus)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if priority:
            raise_priority(self._process.pid)
        # Bursts of milliseconds on pinned cores: in the real-time class a neighbour gives way at once.
        self._tell(" ".join(["-" if cpu is None else str(cpu) for cpu in cpus] + ["urgent"] * priority))

    @property
    def pids(self) -> set[int]:
        """The workers' processes, and the one that started them."""
        return {self._process.pid, *(worker.pid for worker in descendants(self._process.pid))}

    def speeds(self, workers: Sequence[int]) -> list[float | None]:
        """Units of work per CPU second on each of these cores, all working at once; None: its core was not to be had.

        Args:
            workers: indices into ``cpus``.
        """
        return self._burst(list(map(str, workers)), BURST_S)

    def copy_speed(self, worker: int, also: Sequence[int]) -> float | None:
        """Megabytes a worker copies within a CPU second, while others (``also``) keep their cores busy otherwise."""
        return self._burst([f"{worker}m", *map(str, also)], COPY_BURST_S)[0]

    def _burst(self, workers: Sequence[str], length_s: float) -> list[float | None]:
        start_s = time.monotonic() + AHEAD_S + len(workers) * AHEAD_PER_WORKER_S
        self._tell(f"{','.join(workers)} {start_s!r} {start_s + length_s!r}")
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe above
        done = [answer.split(b":") for answer in self._process.stdout.readline().split()]
        if len(done) != len(workers):  # somebody ended it: nothing is known any more, and nothing breaks
            return [None] * len(workers)
        return [
            int(count) / float(cpu_s) if float(cpu_s) >= LEAST_SHARE * length_s and int(count) else None
            for count, cpu_s in done
        ]

    def close(self) -> None:
        """End the workers."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()


@cache
def yardstick(workers: int, *, priority: bool) -> Yardstick:
    """This process's yardstick of so many workers, each on a core of its own among those granted."""
    if not hasattr(os, "sched_getaffinity"):
        return Yardstick([None] * workers, priority=priority)
    granted = sorted(os.sched_getaffinity(0))
    step = max(1, len(granted) // workers)  # a quota's few cores lie anywhere among many
    return Yardstick((granted[::step] * workers)[:workers], priority=priority)
