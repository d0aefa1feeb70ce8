"""Rows of rounds and limits in, verdicts out.

The rules, in the order in which they are applied (rules.py says what each guards against):

1. Every figure gets an interval that brackets what the program does on a machine that gives it all its cores
   (figures.py). The interval beyond a limit decides it (limits.py).
2. Where one thread did all the work on both sides, what they differ by decides nothing.
3. What says that there is no gain is left open where the baseline used more cores than it was told to.

stopping.py says when there are rows enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import figures
from .figures import Comparison, Measurement
from .limits import (
    COMPARING,
    Limits,
    OpenReason,
    Outcome,
    Verdict,
    claims_no_gain,
    judge,
    of_comparison,
    of_measurement,
    opened,
    overall,
)
from .row_sets import Rows
from .rules import ALL, Rule
from .statistics import Interval

#: Times as fast: processes that do the same differ by less (docs/explanation/measuring.md, Layout), and a bound that is
#: looked at again and again comes to lie below 1 by chance.
CLEARLY_SLOWER = 0.95


@dataclass(frozen=True, slots=True)
class Judgement:
    """What rows say of limits.

    Attributes:
        verdicts: one for each limit.
        measured: the side in question.
        compared: the two sides; None where there is one.
    """

    verdicts: tuple[Verdict, ...]
    measured: Measurement
    compared: Comparison | None

    @property
    def outcome(self) -> Outcome:
        """Of all limits together."""
        return overall(self.verdicts)


def judgement(limits: Limits, rows: Rows, confidence: float, without: frozenset[Rule] = ALL) -> Judgement:
    """What the rows say of each limit.

    Args:
        limits: those asked for.
        rows: of one round, or of the side in question and of what it is compared with.
        confidence: of each verdict.
        without: rules to leave out (benchmarks/ablation.py).
    """
    if len(rows[0]) == 1:
        measured = figures.measurement([row[0] for row in rows], confidence, without)
        return Judgement(judge(limits, of_measurement(measured)), measured, None)
    compared = figures.comparison(rows, confidence, without)
    return Judgement(judge_comparison(limits, compared, without), compared.contender, compared)


def judge_comparison(limits: Limits, compared: Comparison, without: frozenset[Rule] = ALL) -> tuple[Verdict, ...]:
    """What a comparison says of each limit; see ``judgement``."""
    verdicts: Sequence[Verdict] = judge(limits, of_comparison(compared))
    if compared.memory_taken and Rule.MEMORY not in without:
        verdicts = [_of_taken_memory(one) for one in verdicts]
    if compared.both_single_threaded and Rule.ONE_THREAD not in without:
        verdicts = _without_its_own_speed(limits, compared, verdicts)
    if _has_its_own_pool(compared) and Rule.OWN_POOL not in without:
        verdicts = [opened(one, OpenReason.OWN_POOL) if _is_no_gain(one) else one for one in verdicts]
    return tuple(verdicts)


def decide(limits: Limits, rows: Rows, confidence: float, without: frozenset[Rule] = ALL) -> tuple[Verdict, ...]:
    """The verdicts alone; see ``judgement``."""
    return judgement(limits, rows, confidence, without).verdicts


def _has_its_own_pool(compared: Comparison) -> bool:
    """Unless more threads made it clearly slower: that is said whatever the baseline used."""
    return compared.baseline_ignores_thread_count and compared.ratio.high >= CLEARLY_SLOWER


def _is_no_gain(verdict: Verdict) -> bool:
    return verdict.quantity in COMPARING and claims_no_gain(verdict)


def _without_its_own_speed(limits: Limits, compared: Comparison, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts, those left open that two sides as fast as each other would not have."""
    same = Interval(1.0, 1.0, 1.0, compared.ratio.confidence)
    efficiency = compared.efficiency and same.scaled(compared.efficiency.estimate / compared.ratio.estimate)
    equal = judge(limits, of_comparison(replace(compared, ratio=same, speedup=same, efficiency=efficiency)))
    return [
        opened(one, OpenReason.OWN_SPEED)
        if one.outcome is not Outcome.INCONCLUSIVE and one.outcome is not other.outcome
        else one
        for one, other in zip(verdicts, equal, strict=True)
    ]


def _of_taken_memory(verdict: Verdict) -> Verdict:
    if verdict.quantity in COMPARING and verdict.open_reason is OpenReason.MACHINE and not claims_no_gain(verdict):
        return opened(verdict, OpenReason.MEMORY)
    return verdict
