"""What changed between two results of one test, and which two of two runs belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from pytest_multicore.verdicts.change import Movement, change, movement, shows_loss
from pytest_multicore.verdicts.statistics import Interval

from .conditions import also_changed, differences
from .entry import LOSS, Entry


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is compared.

    Attributes:
        key: its name in the report.
        label: its name for a reader.
        unit: after its estimate: ``x``, ``s``, ``%``, or none.
        better: the movement that is for the better; None where neither is, as of what clocks and other load move, too.
    """

    key: str
    label: str
    unit: str = ""
    better: Movement | None = None


FIGURES = (
    Figure("speedup", "speed-up", "x", Movement.UP),
    Figure("efficiency", "efficiency", "", Movement.UP),
    Figure("cpu_inflation", "CPU inflation", "", Movement.DOWN),
    Figure("attained_speedup", "attained speed-up", "x"),
    Figure("cores", "busy cores"),
    Figure("wall_s", "wall time", "s"),
    Figure("baseline_wall_s", "wall time at the baseline", "s"),
    # By what was kept. It may be the base that changed.
    Figure(LOSS, "lost by threading", "%"),
)


@dataclass(frozen=True, slots=True)
class Move:
    """One figure of two runs.

    Attributes:
        figure: which one.
        new, old: its intervals; of a loss those of what was kept.
        ratio: new / old.
        movement: up or down where the ratio excludes 1.
    """

    figure: Figure
    new: Interval
    old: Interval
    ratio: Interval
    movement: Movement

    @property
    def is_worse(self) -> bool:
        """Whether it moved for the worse."""
        return self.movement is not Movement.NONE and self.figure.better not in (None, self.movement)

    @property
    def is_better(self) -> bool:
        """Whether it moved for the better."""
        return self.movement is not Movement.NONE and self.figure.better is self.movement


class Kind(Enum):
    """What two runs have of one measurement."""

    BOTH = "both"
    NOT_COMPARABLE = "not comparable"
    NEW = "new"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Pair:
    """One measurement of two runs.

    Attributes:
        new, old: of the later and of the earlier run; None where it has none.
        differences: why they are not comparable; empty where they are.
        also_changed: what else differs: evidence of why a figure moved.
        moves: of each figure that both have.
    """

    new: Entry | None
    old: Entry | None
    differences: tuple[str, ...] = ()
    also_changed: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()

    @property
    def kind(self) -> Kind:
        """What the runs have of it."""
        if self.old is None:
            return Kind.NEW
        if self.new is None:
            return Kind.MISSING
        return Kind.NOT_COMPARABLE if self.differences else Kind.BOTH

    @property
    def entry(self) -> Entry:
        """The later one, or the only one."""
        found = self.new or self.old
        assert found is not None  # noqa: S101 - a pair of nothing is never made
        return found

    @property
    def speedup(self) -> Move | None:
        """The change of the speed-up; None where one of the runs has none."""
        return next((move for move in self.moves if move.figure.key == "speedup"), None)

    @property
    def told(self) -> Move | None:
        """The change that is looked at first: of the speed-up, or of the busy cores where nothing was compared."""
        return self.speedup or next((move for move in self.moves if move.figure.key == "cores"), None)

    @property
    def undecided(self) -> bool:
        """Whether comparable results tell nothing of the change, since an interval lacks a bound."""
        return self.kind is Kind.BOTH and self.told is not None and not self.told.ratio.bounded

    @property
    def worse(self) -> bool:
        """Whether a figure moved for the worse, between comparable results."""
        return self.kind is Kind.BOTH and any(move.is_worse for move in self.moves)

    @property
    def better(self) -> bool:
        """Whether a figure moved for the better, and none for the worse."""
        return self.kind is Kind.BOTH and any(move.is_better for move in self.moves) and not self.worse

    def may_lose(self, loss: float) -> bool:
        """Whether comparable results neither show nor exclude a loss of this share of the speed-up."""
        if self.kind is not Kind.BOTH or self.speedup is None or self.loses(loss):
            return False
        return not self.speedup.ratio.low > 1 - loss

    def loses(self, loss: float) -> bool:
        """Whether the speed-up of comparable results shows a loss of no less than this share."""
        return self.kind is Kind.BOTH and self.speedup is not None and shows_loss(self.speedup.ratio, loss)


def pair_of(new: Entry, old: Entry) -> Pair:
    """Compare two results of the same work."""
    return Pair(new, old, tuple(differences(new, old)), tuple(also_changed(new, old)), tuple(_moves(new, old)))


def _moves(new: Entry, old: Entry) -> Iterator[Move]:
    for figure in FIGURES:
        after, before = new.compared(figure.key), old.compared(figure.key)
        if after is not None and before is not None and (figure.key != LOSS or new.base == old.base):
            ratio = change(after, before)
            yield Move(figure, after, before, ratio, movement(ratio))


def pairs_of_runs(new: Sequence[Entry], old: Sequence[Entry]) -> list[Pair]:
    """Each measurement of two runs: in the order of the later one, and then what it lacks.

    The same work at the same sides belongs together; what is left of the same work is paired in its order, so that
    another environment or thread count is named and does not look like a test that is new.
    """
    left = list(old)
    partners: dict[int, Entry] = {}
    for by_sides in (True, False):
        for place, one in enumerate(new):
            if place not in partners and (found := _first_like(one, left, by_sides)) is not None:
                partners[place] = found
                left = [other for other in left if other is not found]
    both = [pair_of(one, partners[at]) if at in partners else Pair(one, None) for at, one in enumerate(new)]
    return [*both, *(Pair(None, one) for one in left)]


def _first_like(one: Entry, others: Iterable[Entry], by_sides: bool) -> Entry | None:
    alike = (other for other in others if other.work == one.work)
    return next((other for other in alike if not by_sides or other.sides == one.sides), None)


def since_last(new: Entry, entries: Sequence[Entry]) -> Pair:
    """Compare a result with the last comparable one of a history, or say why its last one is not comparable.

    Results that failed ``--multicore-compare-fail`` are passed over: the next run would pass at the lost speed-up. So
    are those without bounds where there are others: no loss could be shown against them.
    """
    earlier = [one for one in reversed(entries) if one.work == new.work and not one.lost]
    earlier.sort(key=lambda one: one.sides != new.sides)  # those of the same sides first, the last one before others
    alike = [one for one in earlier if one.sides == new.sides and not differences(new, one)]
    alike.sort(key=lambda one: not one.has_bounds)
    return pair_of(new, (alike or earlier)[0]) if earlier else Pair(new, None)
