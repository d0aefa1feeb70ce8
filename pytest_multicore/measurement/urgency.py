"""When do the sides ask for more of the machine than they got: their threads stand in queues, and are not too many.

Behind others, or behind each other though a core is free: a scheduler may wake two threads on one core, and leave them
there for as long as the process lives. In the real-time class it does so more seldom (docs/explanation/measuring.md).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

#: Cores demanded, of those that may be used: two threads on two cores demand two at most, whoever else is there.
CROWDED = 1.1
#: Rounds with such waits until more is done about it, and rounds of a side that tell how many threads are at work.
PATIENCE, LOOK_BACK = 3, 8


@dataclass
class Urgency:
    """What the rounds so far say of it, for all sides alike: what one gets and the other does not would be compared.

    It is never urgent where more threads want to run at once than there are cores, on whichever side: they are in each
    other's way, whoever else is, and would be more so.

    Attributes:
        now: whether it is urgent.
        barred: whether it must not be any more, for it does harm (probation.py).
    """

    now: bool = False
    barred: bool = False
    _kept_waiting: int = 0
    _crowds: dict[int, deque[bool]] = field(default_factory=dict)

    def learn(self, side: int, demand: float, *, kept_waiting: bool) -> None:
        """Learn of a round of a side.

        Args:
            side: in question.
            demand: cores demanded, as a share of those that its threads may use.
            kept_waiting: whether they stood in queues.
        """
        self._crowds.setdefault(side, deque(maxlen=LOOK_BACK)).append(demand > CROWDED)
        self._kept_waiting += kept_waiting
        crowded = any(2 * sum(rounds) >= len(rounds) for rounds in self._crowds.values())
        self.now = self._kept_waiting >= PATIENCE and not crowded and not self.barred
