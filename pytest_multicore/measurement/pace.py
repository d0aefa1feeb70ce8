"""Do the cores give their full speed? What no counter tells: another guest on the same real core, a clock turned down.

After each round the yardstick works on as many cores as the round kept busy, those where its busiest threads ran among
them: a neighbour on a core beside, perhaps the other half of one of ours, goes on as it did in the round. The slowest
of them, now and at the look before, is the round's pace; the best pace seen with so many cores is what the machine can
do. A slow machine can only make a side slower: figures.py draws from that which rows may prove what.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from pytest_multicore.interpreters.yardstick import yardstick

from .machine import Machine

#: With all cores at work each may be slower than one alone, by the clock. Until something better was seen, this share
#: of one core's best is taken for what each of several can do: an assumption, for a machine yet unknown tells nothing.
LEAST_SHARE_OF_ALONE = 0.85
#: 1.2 cores busy is one core and some help, 1.3 is two cores in part.
NEARLY = 0.25
#: Cores of others' work, counted in ticks of 10 ms over a short round, that are more than nobody's.
ANYBODY = 0.2
#: Bursts taken of each kind before the first round.
FIRST_LOOKS = 3


class Bursts(Protocol):
    """What a yardstick gives; see there."""

    @property
    def cpus(self) -> Sequence[int | None]:
        """The core of each worker."""
        ...

    @property
    def pids(self) -> set[int]:
        """The workers' processes."""
        ...

    def speeds(self, workers: Sequence[int]) -> list[float | None]:
        """Units of work per CPU second of each of these workers, all at once."""
        ...

    def copy_speed(self, worker: int, also: Sequence[int]) -> float | None:
        """What one copies in memory per CPU second, while others compute."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the cores were round a round.

    Attributes:
        cores: how many the round kept busy, rounded up.
        speed: of the slowest of so many, in units of work per CPU second, at the slower of the looks before and after;
            None when one was not to be had.
        full_speed: what each of so many cores can do here, as far as is known by then.
        fastest: the same at the faster of the two looks; None likewise.
        full_is_seen: whether a look has found that full speed, or it is what a single core's makes likely.
        memory: how fast a core copied memory beside the neighbours on the cores that the round left free, as a share of
            what it copies when those cores are taken from them; None where nobody was there.
    """

    cores: int
    speed: float | None
    full_speed: float
    memory: float | None = None
    fastest: float | None = None
    full_is_seen: bool = True


@dataclass
class Pacer:
    """Looks at the cores' speed, and keeps in mind what they can do.

    Attributes:
        bursts: the workers to look with.
        cores_real: how many of their cores are no other's second hardware thread, as far as the system shows it. More
            at once have no floor under what they can do.
    """

    bursts: Bursts
    cores_real: int
    _best: dict[int, float] = field(default_factory=dict)
    _last: dict[int, float | None] = field(default_factory=dict)

    @property
    def pids(self) -> set[int]:
        """The workers' processes: not anybody else's load."""
        return self.bursts.pids

    def look(self, cores: int, near: Sequence[int] = ()) -> float | None:
        """The speed of the slowest of so many cores just now.

        Args:
            cores: how many work at once.
            near: those that shall be among them, the most important first.
        """
        cores = min(cores, len(self.bursts.cpus))
        found = [speed for speed in self.bursts.speeds(self._chosen(cores, near)) if speed is not None]
        if len(found) < cores:
            return None
        slowest = min(found)
        self._best[cores] = max(self._best.get(cores, 0.0), slowest)
        self._best[1] = max(self._best.get(1, 0.0), slowest)
        return slowest

    def get_to_know(self, *cores: int) -> None:
        """Look at so many cores, a few times each."""
        for count in {min(count, len(self.bursts.cpus)) for count in cores}:
            for number in range(FIRST_LOOKS):
                core = self.bursts.cpus[number % len(self.bursts.cpus)]
                self._last[count] = self.look(count, () if core is None else (core,))

    def after_round(self, busy_cores: float, near: Sequence[int], foreign_cores: float = 0.0) -> Pace:
        """The pace of a round that has just ended.

        Args:
            busy_cores: that it kept busy.
            near: the cores where its threads ran last, the busiest first.
            foreign_cores: that others kept busy meanwhile.
        """
        cores = max(1, math.ceil(busy_cores - NEARLY))
        before, now = self._last.get(cores), self.look(cores, near)
        self._last[cores] = now
        known = [speed for speed in (before, now) if speed is not None]
        beside = foreign_cores > ANYBODY and cores < len(self.bursts.cpus)
        memory = self._memory_left(near) if beside else None
        slower, faster = (min(known), max(known)) if len(known) == 2 else (None, None)
        full_speed = self.full_speed(cores)
        seen = full_speed == self._best.get(min(cores, len(self.bursts.cpus)))
        return Pace(cores, slower, full_speed, memory, faster, seen)

    def _memory_left(self, near: Sequence[int]) -> float | None:
        """A neighbour on a core that we leave free may take the memory's bandwidth, and the caches, from us.

        One that is there for a side that leaves cores free, and displaced by a side that does not, would make the
        second look faster than it is.
        """
        first, *others = self._chosen(len(self.bursts.cpus), near)
        beside, without = self.bursts.copy_speed(first, ()), self.bursts.copy_speed(first, others)
        if beside is None or without is None:
            return None
        return beside / without

    def full_speed(self, cores: int) -> float:
        """What each of so many cores can do at once, in units of work per CPU second; 0 before any look."""
        alone = LEAST_SHARE_OF_ALONE * self._best.get(1, 0.0)
        return max(alone if cores <= self.cores_real else 0.0, self._best.get(min(cores, len(self.bursts.cpus)), 0.0))

    @property
    def cores_attainable(self) -> float | None:
        """The cores' worth of work that all of them do at once, at their best; None before they were looked at."""
        every = len(self.bursts.cpus)
        if every not in self._best:
            return None
        return every * self._best[every] / self._best[1]

    def _chosen(self, cores: int, near: Sequence[int]) -> list[int]:
        """So many workers: those on the cores named, then those that follow the first of them."""
        every, cpus = list(range(len(self.bursts.cpus))), self.bursts.cpus
        named = [cpus.index(core) for core in dict.fromkeys(near) if core in cpus]
        first = named[0] if named else 0
        return list(dict.fromkeys([*named, *every[first:], *every[:first]]))[:cores]


def this_pacer(machine: Machine, *, priority: bool) -> Pacer:
    """This process's pacer on what the machine grants: what it has seen holds for all measurements of a session.

    Args:
        machine: this one.
        priority: look at the CPU priority that measured children have.
    """
    return _pacer(max(1, math.floor(machine.cores_granted)), machine.cores_real or machine.cores_online, priority)


@cache
def _pacer(cores: int, cores_real: int, priority: bool) -> Pacer:
    return Pacer(yardstick(cores, priority=priority), cores_real)
