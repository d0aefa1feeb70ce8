"""Workers of the control that say what a test wants, and write down what they are asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pytest_multicore.measurement.control_workers import Burst
from pytest_multicore.rounds.round import Control


def alike(cores: int, memory: float | None = None) -> Control:
    """What so many cores of speed 100 show."""
    return Control(cores, 100.0, memory=memory, fastest=100.0, total=100.0 * cores)


def nothing() -> None:
    """What happens besides."""


@dataclass
class Scripted:
    """Workers on cores of known speed; see control.Workers.

    Attributes:
        count: how many there are.
        speeds: of each core that is not as fast as the others.
        shares: of its time that a worker gets on each core that is not its own alone.
        copies: megabytes that one copies in memory, with no other core at work and with some.
        ended: whether somebody ended them.
        beside: called whenever they work.
        asked: the cores that they worked on, and for how long.
        copied: the core that one copied on, and those that were at work.
        classes: what they were told of the real-time class.
    """

    count: int = 2
    speeds: dict[int | None, float] = field(default_factory=dict)
    shares: dict[int | None, float] = field(default_factory=dict)
    copies: tuple[float | None, float | None] = (50.0, 50.0)
    ended: bool = False
    beside: Callable[[], None] = nothing
    asked: list[tuple[list[int | None], float]] = field(default_factory=list)
    copied: list[list[int | None]] = field(default_factory=list)
    classes: list[bool] = field(default_factory=list)

    @property
    def pids(self) -> set[int]:
        return {4, 5}

    def real_time(self, real_time: bool) -> None:
        self.classes.append(real_time)

    def work(self, cpus: Sequence[int | None], length_s: float) -> list[Burst] | None:
        self.beside()
        self.asked.append((list(cpus), length_s))
        if self.ended:
            return None
        return [Burst(self.speeds.get(cpu, 100.0), self.shares.get(cpu, 1.0)) for cpu in cpus]

    def copy_speed(self, cpu: int | None, also: Sequence[int | None]) -> float | None:
        self.copied.append([cpu, *also])
        alone, others_at_work = self.copies
        return others_at_work if also else alone
