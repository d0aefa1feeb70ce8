"""When there are rows enough: the limits are decided, or no row to come could decide them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.tolerances import FORECAST_CONFIDENCE, FORECAST_S, MIN_FORECAST_ROWS, SPARE_ROWS

from .base_comparison import Change
from .judge import Judgement, judgement
from .limits import Limits, OpenReason, Outcome, Verdict, claims_regression, is_settled, leave_open
from .row_sets import Rows, fewest_rows
from .rules import NO_RULES, Rule
from .scaling_law import bonferroni_confidence
from .statistics import fewest_values
from .warnings import usefulness_is_known


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """What ends a measurement.

    Attributes:
        limits: those asked for.
        confidence: of each verdict.
        budget_s: seconds that the rows may take.
        settle_s: seconds for which a miss, or a ``max_`` limit that is met, must last; the rows of its second half, and
            what follows, must show it by themselves.
        sides: how many there are: more than two are a scaling series.
        without: rules to leave out (benchmarks/ablation.py).
    """

    limits: Limits
    confidence: float
    budget_s: float
    settle_s: float
    sides: int = 2
    without: frozenset[Rule] = NO_RULES

    def judge(self, rows: Rows) -> Judgement:
        """What the rows say of the limits.

        A miss must be shown by the rows of after half of the settle time, too; where all rows are over sooner, by their
        later half. A program that begins slowly has a median of its own then: among 40 rows in 4 s were 13 of a serial
        beginning, and 3 of 200 simulated runs missed a limit 10 % under the speed-up that followed.
        """
        judged = judgement(self.limits, rows, self.confidence, self.without)
        if Rule.SETTLE in self.without or not any(map(claims_regression, judged.verdicts)):
            return judged
        began_s = rows[0][0].began_s
        late_s = began_s + min(self.settle_s, rows[-1][0].began_s - began_s) / 2
        late = sum(row[0].began_s >= late_s for row in rows)
        last = rows[-max(late, fewest_rows(self.confidence)) :]
        said = judgement(self.limits, last, self.confidence, self.without).verdicts
        verdicts = (
            leave_open(verdict, OpenReason.BRIEF)
            if claims_regression(verdict) and other.outcome is not verdict.outcome
            else verdict
            for verdict, other in zip(judged.verdicts, said, strict=True)
        )
        return replace(judged, verdicts=tuple(verdicts))

    def enough(self, judged: Judgement, rows_s: float) -> bool:
        """Whether the limits are decided; without limits, whether the medians are bounded with some rows to spare.

        Args:
            judged: what the rows say.
            rows_s: seconds that the rows took.
        """
        if not self.limits.given():
            return self._bounded(judged)
        # What takes more cores than there are is not waited for; the other limits are.
        left = [verdict for verdict in judged.verdicts if verdict.open_reason is not OpenReason.TOO_FEW_CORES]
        return is_settled(left) and rows_s >= self._wait_s(left, judged)

    def _wait_s(self, settled: Sequence[Verdict], judged: Judgement) -> float:
        """Seconds for which rows are taken at least, for what is said beside the settled verdicts and fails nothing."""
        if judged.change is Change.NO_LOSS and judged.against and judged.against.seems_slower:
            return max(self.settle_s, FORECAST_S)
        must_last = judged.change is Change.SLOWER or any(map(claims_regression, settled))
        if must_last and Rule.SETTLE not in self.without:
            return self.settle_s
        return 0.0 if usefulness_is_known(settled, judged.compared) else self.settle_s

    def futile(self, judged: Judgement, rows: Rows, rows_s: float) -> bool:
        """Whether the limits would stay open, were the rows to come like the last ones.

        What those rows, taken over and over until the budget is spent, do not decide at a low confidence, hardly any
        rows like them decide at the asked one. Settled verdicts are not waited for.

        Args:
            judged: what the rows say.
            rows: all rows so far.
            rows_s: seconds that they took.
        """
        early = rows_s < FORECAST_S or len(rows) < MIN_FORECAST_ROWS
        if early or Rule.FUTILITY in self.without or not self.limits.given() or is_settled(judged.verdicts):
            return False
        recent = sum(row[0].began_s >= rows[-1][0].began_s - FORECAST_S for row in rows)
        last = list(rows[-max(recent, MIN_FORECAST_ROWS) :])
        times = (self.budget_s - rows_s) * len(rows) / rows_s / len(last)
        to_come: Sequence[tuple[Round, ...]] = last * max(0, round(times))
        confidence = min(FORECAST_CONFIDENCE, self.confidence)
        forecast = judgement(self.limits, [*rows, *to_come], confidence, self.without)
        return forecast.outcome is Outcome.INCONCLUSIVE

    def _bounded(self, judged: Judgement) -> bool:
        figure = judged.compared.ratio if judged.compared else judged.measured.wall_s
        fewest = fewest_values(bonferroni_confidence(self.confidence, self.sides - 1))
        return len(judged.measured.rounds) - fewest >= SPARE_ROWS and figure.bounded
