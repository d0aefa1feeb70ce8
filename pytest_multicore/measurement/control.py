"""The control: what a compute loop that shares nothing gets from the machine, in turns with the sides.

After each round of a side its workers run for a short while, on as many cores as the side was told to use, at the
side's own priority, timed by the wall. What N of them do against one is the speed-up that this machine attains just
now. Sibling threads, two virtual cores on a real one, steal, quotas, sinking clocks and background load all show in it
(verdicts/speedup.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from pytest_multicore.rounds.round import Control
from pytest_multicore.rounds.tolerances import (
    BURST_ROUND_SHARE,
    MAX_BACKGROUND_NOISE_CORES,
    MAX_BURST_S,
    MIN_BURST_S,
)

from .control_workers import Burst, control_workers, granted_cpus
from .machine import Machine


class Workers(Protocol):
    """What runs the bursts; see control_workers.ControlWorkers."""

    @property
    def count(self) -> int:
        """How many workers there are."""
        ...

    @property
    def pids(self) -> set[int]:
        """Their process ids."""
        ...

    def real_time(self, real_time: bool) -> None:
        """Put them into the real-time class, or back."""
        ...

    def work(self, cpus: Sequence[int | None], length_s: float) -> list[Burst] | None:
        """One burst on each of these cores, all at once."""
        ...

    def copy_speed(self, cpu: int | None, also: Sequence[int | None]) -> float | None:
        """What one worker copies in memory per CPU second, while others compute."""
        ...


@dataclass
class ControlRuns:
    """Runs the control beside a measurement's rounds.

    Attributes:
        workers: what runs the bursts.
        cpus: a core for each worker, among those granted.
    """

    workers: Workers
    cpus: Sequence[int | None]

    @property
    def pids(self) -> set[int]:
        """The workers' process ids: they are no background load."""
        return self.workers.pids

    def real_time(self, real_time: bool) -> None:
        """Run at the priority of sides in the real-time class, or no more."""
        self.workers.real_time(real_time)

    def run(self, cores: int, length_s: float, near: Sequence[int] = ()) -> Control | None:
        """One burst; None where the workers have ended.

        Args:
            cores: how many work at once; at most as many as there are workers.
            length_s: wall seconds.
            near: cores that shall be among them, the most important first.
        """
        bursts = self.workers.work(self._pick_cores(min(cores, self.workers.count), near), length_s)
        if not bursts:
            return None
        speeds = [burst.speed for burst in bursts]
        cpu_share = min(burst.cpu_share for burst in bursts)
        return Control(len(bursts), min(speeds), cpu_share, fastest=max(speeds), total=sum(speeds))

    def after_round(
        self, cores: int, wall_s: float, near: Sequence[int], beside: tuple[float, float] = (0.0, 0.0)
    ) -> Control | None:
        """What the machine gives right after a round; None where the workers have ended.

        Args:
            cores: that the side was told to use.
            wall_s: of the round.
            near: the cores where its threads ran last, the busiest first.
            beside: cores that the round kept busy, and that background load kept busy meanwhile.
        """
        control = self.run(cores, min(max(BURST_ROUND_SHARE * wall_s, MIN_BURST_S), MAX_BURST_S), near)
        busy_cores, foreign_cores = beside
        leaves_core_free = max(1, math.ceil(busy_cores - 0.5)) < self.workers.count
        if control is None or foreign_cores <= MAX_BACKGROUND_NOISE_CORES or not leaves_core_free:
            return control
        return replace(control, memory=self._memory_share(near))

    def bursts(self, cores: int, length_s: float) -> list[Burst] | None:
        """One burst on so many cores, worker by worker; None where the workers have ended."""
        return self.workers.work(self._pick_cores(min(cores, self.workers.count), ()), length_s)

    def _memory_share(self, near: Sequence[int]) -> float | None:
        """Copying speed beside background load on the cores that a side leaves free, as a share of that without.

        Such a neighbour may take the memory's bandwidth and the caches. One that is there for a side that leaves cores
        free, and driven away by a side that does not, would make the second side look faster than it is.
        """
        first, *others = self._pick_cores(self.workers.count, near)
        beside, without = self.workers.copy_speed(first, ()), self.workers.copy_speed(first, others)
        return None if beside is None or without is None else beside / without

    def _pick_cores(self, count: int, near: Sequence[int]) -> list[int | None]:
        """So many cores: those that are named, then others of those granted."""
        others = [core for core in self.cpus if core is None or core not in near]
        return [*dict.fromkeys(near), *others][:count]


def control_runs(machine: Machine, *, priority: bool) -> ControlRuns:
    """This process's control on what the machine grants.

    Args:
        machine: this one.
        priority: run at the CPU priority that measured children have.
    """
    return _control_runs(math.ceil(machine.cores_granted), priority)


@cache
def _control_runs(cores: int, priority: bool) -> ControlRuns:
    return ControlRuns(control_workers(cores, priority=priority), granted_cpus(cores))
