"""Sides of known speed and a machine that stands still, to take rounds of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytest_multicore.measurement.snapshots import MachineSnapshot, TreeSnapshot
from pytest_multicore.measurement.take import RowTaker, Timing
from pytest_multicore.measurement.usage import OwnClock

EMPTY = TreeSnapshot({}, {}, {})


@dataclass
class StillMachine:
    """Counters of a machine on which nothing happens between rounds."""

    name: str = "still"
    tick_s: float = 1e-6
    spins: bool = False
    cores_open: int | None = 2
    spun_s: Iterator[float] = field(default_factory=lambda: iter(range(10**9)))

    def tree(self, pid: int, known: TreeSnapshot | None = None, adopter: int | None = None) -> TreeSnapshot:
        return EMPTY

    def tree_cpu_s(self, pid: int, known: TreeSnapshot | None) -> float:
        return next(self.spun_s) if self.spins else 0.0

    def machine(self) -> MachineSnapshot:
        return MachineSnapshot(0.0, 0.0, 0.0)

    def cores_of(self, threads: Sequence[tuple[int, int]]) -> list[int]:
        return [tid for _, tid in threads]

    def cores_open_to(self, threads: Sequence[tuple[int, int]]) -> int | None:
        return self.cores_open


@dataclass
class Side:
    """A side whose region takes a known time."""

    pid: int
    wall_s: float
    diary: list[int]
    threads: int | None = 2
    repeats: list[int] = field(default_factory=list)
    pauses: int = 0
    stands: bool = False
    prepared: int = 0
    urged: list[bool] = field(default_factory=list)

    cpus: tuple[int, ...] | None = None
    repeatable: bool = True
    real_time: bool = False
    first_s: float | None = None
    clocks_s: float = 0.0
    adopter: int | None = None

    def prepare(self) -> None:
        self.prepared += 1

    def pause(self) -> None:
        self.pauses += 1
        self.stands = True

    def request_real_time(self, real_time: bool) -> None:
        self.urged.append(real_time)

    def take(self, repeat: int) -> Timing:
        self.stands = False
        self.diary.append(self.pid)
        self.repeats.append(repeat)
        return Timing(self.wall_s * repeat, OwnClock(self.wall_s * repeat, 0.0), self.clocks_s)


def row_taker(*walls_s: float, seed: int = 0, spins: bool = False) -> tuple[RowTaker, list[int], list[Side]]:
    diary: list[int] = []
    sides = [Side(number, wall_s, diary) for number, wall_s in enumerate(walls_s)]
    return RowTaker(sides, StillMachine(spins=spins), 2.0, seed), diary, sides
