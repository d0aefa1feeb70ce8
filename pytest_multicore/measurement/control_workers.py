"""Workers that run the control: the same short piece of work on one or several cores at once.

What a program gains from more cores is bounded by what the machine gives: a virtual machine's cores can share one real
core, background load and quotas take their part, clocks sink. No counter shows all of it. Work that shares nothing,
timed by the wall at the program's own priority, meets all of it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pytest_multicore.interpreters.priority import raise_priority, set_real_time
from pytest_multicore.interpreters.process_tree import descendants
from pytest_multicore.rounds.tolerances import (
    BURST_LEAD_PER_WORKER_S,
    BURST_LEAD_S,
    COPY_BURST_S,
    MIN_COPY_CPU_SHARE,
)
from pytest_multicore.settings import clocks
from pytest_multicore.settings.world_at_start import WORLD

PROGRAM = Path(__file__).with_name("control_program.py")


@dataclass(frozen=True, slots=True)
class Burst:
    """What one worker did: units of work per wall second, and CPU seconds per wall second."""

    speed: float
    cpu_share: float


class ControlWorkers:
    """Processes that stand ready to work on a core each. They end with this process."""

    def __init__(self, count: int, *, priority: bool) -> None:
        """Start them.

        Args:
            count: how many.
            priority: give them the highest CPU priority that the system permits, as measured children have it.
        """
        self.count = count
        self._real_time = False
        self._number = 0  # of the last burst
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROGRAM), str(count), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe above
        self._process.stdout.readline()  # all of them are there
        for pid in self.pids if priority else ():
            raise_priority(pid)

    @property
    def pids(self) -> set[int]:
        """The workers' processes, and the one that started them."""
        return {self._process.pid, *(worker.pid for worker in descendants(self._process.pid))}

    def real_time(self, real_time: bool) -> None:
        """Put them into the real-time class with the measured children, or back; where permitted."""
        if real_time is not self._real_time:
            self._real_time = real_time
            set_real_time(self._process.pid, real_time)

    def work(self, cpus: Sequence[int | None], length_s: float) -> list[Burst] | None:
        """Have one worker on each of these cores work at once; None where the workers have ended.

        Args:
            cpus: a core for each worker; None: wherever the system puts it.
            length_s: wall seconds.
        """
        counts = self._burst(list(map(_name, cpus)), length_s)
        return [Burst(count / length_s, cpu_s / length_s) for count, cpu_s in counts] if counts else None

    def copy_speed(self, cpu: int | None, also: Sequence[int | None]) -> float | None:
        """Megabytes that one worker copies in memory per CPU second, while others compute; None where it is unknown."""
        counts = self._burst([f"{_name(cpu)}m", *map(_name, also)], COPY_BURST_S)
        if not counts:
            return None
        count, cpu_s = counts[0]
        return count / cpu_s if count and cpu_s >= MIN_COPY_CPU_SHARE * COPY_BURST_S else None

    def _burst(self, cpus: Sequence[str], length_s: float) -> list[tuple[int, float]] | None:
        """Units of work and CPU seconds of each worker; None where the workers have ended."""
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe above
        self._number += 1
        start_s = clocks.monotonic() + BURST_LEAD_S + len(cpus) * BURST_LEAD_PER_WORKER_S
        self._send(f"{self._number} {','.join(cpus)} {start_s!r} {start_s + length_s!r}")
        # A signal's handler may have broken off an earlier wait: its answer comes first.
        while (line := self._process.stdout.readline().split()) and int(line[0]) != self._number:
            pass
        answers = [answer.split(b":") for answer in line[1:]]
        return [(int(count), float(cpu_s)) for count, cpu_s in answers] if len(answers) == len(cpus) else None

    def close(self) -> None:
        """End the workers."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._process.wait()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()


def _name(cpu: int | None) -> str:
    return "-" if cpu is None else str(cpu)


@cache
def control_workers(count: int, *, priority: bool) -> ControlWorkers:
    """This process's workers, started when they are first needed."""
    return ControlWorkers(count, priority=priority)


def granted_cpus(count: int) -> list[int | None]:
    """So many of the cores that this process may run on, spread over them; None for each where they are unknown."""
    mask = WORLD.child_affinity()
    if mask is None:
        return [None] * count
    granted = sorted(mask)
    step = max(1, len(granted) // count)  # a quota's few cores lie anywhere among many
    return [*(granted[::step] * count)[:count]]
