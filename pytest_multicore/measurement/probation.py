"""Does the real-time class change what a program does? Then its rounds there are another program's.

One that waits by asking again and again, with sched_yield or sleep(0) in between, gives way to nobody there, and burns
a core. A multiprocessing.Pool of one worker, made and closed in the region, kept 1.73 cores busy in place of 1.07, and
took as long; where all cores are busy anyway, it takes longer. So the first rows in that class are on trial: they are
held against those before, and count for nothing themselves. Where waits took so much of the rounds before that they
could explain it, nothing is found; verdicts/figures.py tells nothing of cores by such rounds.
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
        there = [one.foremost for one in row]
        if self._passed:
            return len(set(there)) == 1
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
    """Whether these take much more CPU time, and keep more cores busy than waits can explain or take longer, too."""
    if not before or len(within) < ROWS:
        return False
    then_s, now_s = (statistics.median(one.cpu_s / one.repeat for one in rounds) for rounds in (before, within))
    if now_s <= MUCH_MORE * then_s:
        return False
    unhindered = statistics.median(one.cpu_s / max(one.wall_s - (one.delay_s or 0.0), 1e-9) for one in before)
    if statistics.median(one.busy_cores for one in within) > MUCH_MORE * unhindered:
        return True
    then_s, now_s = (statistics.median(one.one_s for one in rounds) for rounds in (before, within))
    pace = _pace(before), _pace(within)
    return pace[0] is not None and pace[1] is not None and now_s * pace[1] > MUCH_MORE * then_s * pace[0]


def _pace(rounds: Sequence[Round]) -> float | None:
    """How fast the cores were, as a share of their full speed; None where not all looks tell."""
    shares = [one.pace.speed / one.pace.full_speed for one in rounds if one.pace and one.pace.speed is not None]
    return statistics.median(shares) if len(shares) == len(rounds) else None
