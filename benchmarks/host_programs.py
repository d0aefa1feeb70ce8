"""Programs for the simulated hosts: parts of known work, serial or split over the threads, and what they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

CORES = 2


@dataclass(frozen=True)
class Core:
    """What one of our threads gets of a core.

    Attributes:
        speed: work per CPU second; 1 is a core of one's own.
        share: CPU seconds per second that no hypervisor took.
        stolen: what one took.
    """

    speed: float = 1.0
    share: float = 1.0
    stolen: float = 0.0

    @property
    def rate(self) -> float:
        """Work per wall second."""
        return self.speed * self.share * (1 - self.stolen)


@dataclass(frozen=True)
class Part:
    """Work on some threads: (serial) seconds of work on one, or of as much split over all."""

    work: float
    split: bool = False
    copied: bool = False
    bandwidth: float = 1.0


@dataclass(frozen=True)
class Program:
    """A labelled program.

    Attributes:
        name: as in verdict_cases.py.
        parts: of a round, by round's number.
        ends: whether its threads end within the round, and take their waits along.
        memory: whether it waits for memory.
    """

    name: str
    parts: Callable[[int], Sequence[Part]]
    ends: bool = False
    memory: bool = False

    @property
    def truth(self) -> float:
        """Its speed-up on two cores of its own, once it is warm."""
        alone = [Core()] * CORES
        one, two = (sum(of_part(part, alone[:count]).wall_s for part in self.parts(10**6)) for count in (1, CORES))
        return one / two


def _steady(*parts: Part) -> Callable[[int], Sequence[Part]]:
    return lambda number: parts


PROGRAMS = (
    Program("scales", _steady(Part(0.05), Part(0.95, split=True))),
    Program("serial", _steady(Part(1.0))),
    Program("busy_waits", _steady(Part(1.0, copied=True))),
    Program("memory_bound", _steady(Part(0.1), Part(0.9, split=True, bandwidth=0.7)), memory=True),
    Program("half_serial", _steady(Part(0.5), Part(0.5, split=True))),
    Program("starts_serial", lambda number: (Part(1.0),) if number < 13 else (Part(0.05), Part(0.95, split=True))),
    Program("wins_in_large_calls", _steady(Part(0.7), Part(0.3, split=True))),
    Program("pool_per_call", _steady(Part(0.15), Part(0.85, split=True)), ends=True),
)


@dataclass(frozen=True)
class Spent:
    """Seconds: of the wall; CPU time and time in queues, by thread; stolen."""

    wall_s: float = 0.0
    cpu_s: tuple[float, ...] = (0.0,) * CORES
    waited_s: tuple[float, ...] = (0.0,) * CORES
    stolen_s: float = 0.0

    def then(self, other: Spent, scale: float = 1.0) -> Spent:
        """This, and after it so many times the other."""
        return Spent(
            self.wall_s + scale * other.wall_s,
            tuple(one + scale * more for one, more in zip(self.cpu_s, other.cpu_s, strict=True)),
            tuple(one + scale * more for one, more in zip(self.waited_s, other.waited_s, strict=True)),
            self.stolen_s + scale * other.stolen_s,
        )


def of_part(part: Part, cores: Sequence[Core]) -> Spent:
    """A part on these cores, by a full core's seconds; threads wait for the last one asleep."""
    several = cores if part.split or part.copied else cores[:1]
    each = part.work if part.copied else part.work / len(several)
    slowed = part.bandwidth if len(several) > 1 else 1.0
    walls = [each / (core.rate * slowed) for core in several]
    on_core = list(zip(walls, several, strict=True))
    idle = [0.0] * (CORES - len(several))
    used = [wall * core.share * (1 - core.stolen) for wall, core in on_core] + idle
    waited = [wall * (1 - core.share) * (1 - core.stolen) for wall, core in on_core] + idle
    return Spent(max(walls), tuple(used), tuple(waited), sum(wall * core.stolen for wall, core in on_core))
