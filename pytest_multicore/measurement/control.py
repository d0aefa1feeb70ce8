"""The control: what a compute loop that shares nothing gets from the machine, in turns with the sides.

After each round of a side its workers run for a short while, on as many cores as the side was told to use, at the
side's own priority, timed by the wall. What N of them do against one is the speed-up that this machine attains just
now. Sibling threads, two virtual cores on a real one, steal, quotas, sinking clocks and neighbours all show in it
(verdicts/speedup.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from pytest_multicore.rounds.round import Control

from .control_workers import Burst, control_workers, granted_cpus
from .machine import Machine

#: Wall seconds of a burst: half of the round's, within these. At ordinary priority a neighbour's slices are of 3 ms.
SHORTEST_S, LONGEST_S, OF_THE_ROUND = 0.012, 0.1, 0.5
#: Cores of others' work, counted in ticks of 10 ms over a short round, that are more than nobody's.
ANYBODY_CORES = 0.2
#: Rows to look at the machine for the doctor.
DOCTOR_ROWS = 5


class Workers(Protocol):
    """What runs the bursts; see control_workers.ControlWorkers."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    @property
    def pids(self) -> set[int]:
        """Their processes."""
        ...

    def real_time(self, real_time: bool) -> None:
        """Put them into the real-time class, or back."""
        ...

    def work(self, cpus: Sequence[int | None], length_s: float) -> list[Burst] | None:
        """One on each of these cores, all at once."""
        ...

    def copy_speed(self, cpu: int | None, also: Sequence[int | None]) -> float | None:
        """What one copies in memory per CPU second, while others compute."""
        ...


@dataclass
class ControlRuns:
    """Takes the control beside a measurement's rounds.

    Attributes:
        workers: who runs.
        cpus: a core for each worker, among those granted.
    """

    workers: Workers
    cpus: Sequence[int | None]

    @property
    def pids(self) -> set[int]:
        """The workers' processes: not anybody else's load."""
        return self.workers.pids

    def real_time(self, real_time: bool) -> None:
        """Run at the priority of sides in the real-time class, or no more."""
        self.workers.real_time(real_time)

    def run(self, cores: int, length_s: float, near: Sequence[int] = ()) -> Control | None:
        """One burst; None where the workers were ended by somebody.

        Args:
            cores: how many work at once; those that there are at most.
            length_s: wall seconds.
            near: cores that shall be among them, the most important first.
        """
        done = self.workers.work(self._chosen(min(cores, self.workers.count), near), length_s)
        if not done:
            return None
        speeds = [one.speed for one in done]
        least = min(one.cpu_share for one in done)
        return Control(len(done), min(speeds), least, fastest=max(speeds), total=sum(speeds))

    def after_round(
        self, cores: int, wall_s: float, near: Sequence[int], beside: tuple[float, float] = (0.0, 0.0)
    ) -> Control | None:
        """What the machine gives right after a round.

        Args:
            cores: that the side was told to use.
            wall_s: of the round.
            near: the cores where its threads ran last, the busiest first.
            beside: cores that the round kept busy, and that others kept busy meanwhile.
        """
        found = self.run(cores, min(max(OF_THE_ROUND * wall_s, SHORTEST_S), LONGEST_S), near)
        busy_cores, foreign_cores = beside
        leaves_some = max(1, math.ceil(busy_cores - 0.5)) < self.workers.count
        if found is None or foreign_cores <= ANYBODY_CORES or not leaves_some:
            return found
        return replace(found, memory=self._memory_left(near))

    def attained(self, cores: int) -> float | None:
        """The speed-up of so many cores over one, just now: the median of a few looks."""
        looks = []
        for _ in range(DOCTOR_ROWS):
            one, several = self.run(1, SHORTEST_S), self.run(cores, SHORTEST_S)
            if one is not None and several is not None and one.speed > 0:
                looks.append(several.cores * several.speed / one.speed)
        return sorted(looks)[len(looks) // 2] if looks else None

    def _memory_left(self, near: Sequence[int]) -> float | None:
        """A neighbour on a core that we leave free may take the memory's bandwidth, and the caches, from us.

        One that is there for a side that leaves cores free, and displaced by a side that does not, would make the
        second look faster than it is.
        """
        first, *others = self._chosen(self.workers.count, near)
        beside, without = self.workers.copy_speed(first, ()), self.workers.copy_speed(first, others)
        return None if beside is None or without is None else beside / without

    def _chosen(self, cores: int, near: Sequence[int]) -> list[int | None]:
        """So many cores: those that are named, then others of those granted."""
        others = [core for core in self.cpus if core is None or core not in near]
        return [*dict.fromkeys(near), *others][:cores]


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
