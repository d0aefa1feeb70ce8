"""Does the real-time class change what a program does? Then its rounds there are another program's.

One that waits by asking again and again, with sched_yield or sleep(0) in between, gives way to nobody there, and burns
a core. A multiprocessing.Pool of one worker, made and closed in the region, kept 1.73 cores busy in place of 1.07, and
took as long. So the first rows in that class are on trial: they are held against those before, and count for nothing
themselves. Where waits took so much of the rounds before that they could explain it, nothing is found.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from .rounds import Round

#: Rows on trial.
ROWS = 2
#: So many times the CPU time, and the cores busy, are no chance. The former alone can be the cores' speed, the latter
#: alone the end of waits that nobody could see.
MUCH_MORE = 1.2


@dataclass
class Probation:
    """What the rounds of each side, by its place in a row, took outside of the real-time class and within.

    Attributes:
        failed: whether that class changes what a side does, or is not to be had for all sides alike.
    """

    failed: bool = False
    _before: dict[int, list[Round]] = field(default_factory=lambda: defaultdict(list))
    _within: dict[int, list[Round]] = field(default_factory=lambda: defaultdict(list))

    def counts(self, row: Sequence[Round]) -> bool:
        """Learn of a row, and say whether it may count."""
        if self._passed:
            return True
        there = [one.foremost for one in row]
        for side, one in enumerate(row):
            (self._within if one.foremost else self._before)[side].append(one)
        if not any(there):
            return True
        self.failed = (
            self.failed
            or not all(there)
            or any(_is_another(self._before[side], self._within[side]) for side in range(len(row)))
        )
        return False

    @property
    def ready(self) -> bool:
        """Whether there are rounds to hold those of a trial against."""
        return bool(self._before) and min(map(len, self._before.values())) >= ROWS

    @property
    def _passed(self) -> bool:
        return not self.failed and bool(self._within) and min(map(len, self._within.values())) >= ROWS


def _is_another(before: Sequence[Round], within: Sequence[Round]) -> bool:
    """Whether these rounds take much more CPU time, and keep much more of the machine busy than waits can explain."""
    if len(within) < ROWS:
        return False
    cpu_s = [statistics.median(one.cpu_s / one.repeat for one in rounds) for rounds in (before, within)]
    unhindered = statistics.median(one.cpu_s / max(one.wall_s - (one.delay_s or 0.0), 1e-9) for one in before)
    busy = statistics.median(one.busy_cores for one in within)
    return cpu_s[1] > MUCH_MORE * cpu_s[0] and busy > MUCH_MORE * unhindered
