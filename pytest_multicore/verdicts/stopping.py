"""When there are rows enough: the limits are decided, or no row to come could decide them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_multicore.rounds.round import Round

from .judge import Judgement, judgement
from .limits import Limits, Outcome, claims_regression, settled
from .row_sets import Rows, fewest_rows
from .rules import ALL, Rule
from .scaling_law import each_confidence
from .statistics import fewest_values
from .warnings import use_is_told

#: Rows taken when no limit says when to stop: two more than the fewest that bound a median.
ROWS_BEYOND_FEWEST = 2
#: Seconds after which it is asked whether rows to come could decide anything, and of how many seconds the rows are that
#: they are taken to be like.
LOOK_BACK_S = 10.0
#: Fewer rows than these say little of those to come: where they are long, more of them are looked back on.
LOOK_BACK_ROWS = 30
#: A confidence that rows like the last ones would have to reach, so low that they may be luckier: at 0.9 a limit of 1.5
#: was given up after 20 rows of 1.78x (0.75 s each) on a host that came and went.
HOPEFUL_CONFIDENCE = 0.6


@dataclass(frozen=True, slots=True)
class Stopping:
    """What ends a measurement.

    Attributes:
        limits: those asked for.
        confidence: of each verdict.
        budget_s: seconds that the rows may take.
        settle_s: seconds that a miss, or a ``max_`` limit that is met, must last.
        sides: how many there are: more than two are a scaling series.
        without: rules to leave out (benchmarks/ablation.py).
    """

    limits: Limits
    confidence: float
    budget_s: float
    settle_s: float
    sides: int = 2
    without: frozenset[Rule] = ALL

    def enough(self, found: Judgement, took_s: float) -> bool:
        """Whether the limits are decided; without limits, whether the medians are bounded with a little to spare."""
        if not self.limits.given():
            return self._bounded(found)
        waits = not use_is_told(found.verdicts, found.compared)
        if Rule.SETTLE not in self.without:
            waits = waits or any(map(claims_regression, found.verdicts))
        return settled(found.verdicts) and (took_s >= self.settle_s or not waits)

    def _bounded(self, found: Judgement) -> bool:
        figure = found.compared.ratio if found.compared else found.measured.wall_s
        spare = len(found.measured.rounds) - fewest_values(each_confidence(self.confidence, self.sides - 1))
        return spare >= ROWS_BEYOND_FEWEST and figure.bounded

    def hopeless(self, found: Judgement, rows: Rows, took_s: float) -> bool:
        """Whether the limits would stay open, were the rows to come like those of the last ten seconds.

        What those rows, taken over and over until the budget is spent, do not decide at a confidence of 0.6, hardly any
        rows of theirs do at 0.99. A limit that is missed already is not waited for, and neither is one that is open
        for a reason that no row changes.
        """
        early = took_s < LOOK_BACK_S or len(rows) < fewest_rows(self.confidence)
        if early or Rule.HOPELESS in self.without or not self.limits.given() or settled(found.verdicts):
            return False
        recent = sum(row[0].began_s >= rows[-1][0].began_s - LOOK_BACK_S for row in rows)
        last = list(rows[-max(recent, LOOK_BACK_ROWS) :])
        times = (self.budget_s - took_s) * len(rows) / took_s / len(last)
        to_come: Sequence[tuple[Round, ...]] = last * max(0, round(times))
        hopeful = judgement(self.limits, [*rows, *to_come], min(HOPEFUL_CONFIDENCE, self.confidence), self.without)
        return hopeful.outcome is Outcome.INCONCLUSIVE
