"""Rows of rounds and limits in, verdicts out."""

from __future__ import annotations

from dataclasses import replace

from . import figures
from .figures import Comparison
from .limits import COMPARING, Limits, Outcome, Verdict, judge, of_comparison, of_measurement
from .rows import Rows, of_the_whole
from .statistics import Interval


def decide(limits: Limits, rows: Rows, confidence: float) -> tuple[Verdict, ...]:
    """What the rows say of each limit.

    A program can be slow for a while: until it is warm, until a pool is filled. Where neighbours spoil what came after
    that, the clean rows tell of the beginning alone, and nothing that says slow is said by them.

    Nor does a second thread speed up anything that did not work: where one thread did it all on both sides, and one was
    faster all the same, that is a speed of its process's own, and no limit is met by it. And where the baseline used
    more cores than it was told to, a gain may be in it already: that there is none is not said, unless more threads
    made it slower.

    Args:
        limits: those asked for.
        rows: of one round, or of the side in question and of what it is compared with.
        confidence: of each verdict.
    """
    if len(rows[0]) == 1:
        return judge(limits, of_measurement(figures.measurement([row[0] for row in rows], confidence)))
    compared = figures.comparison(rows, confidence)
    verdicts = judge(limits, of_comparison(compared))
    if compared.one_thread_each:
        equal = judge(limits, of_comparison(_without_gain(compared)))
        verdicts = tuple(
            _open(one) if _says_fast(one) and one.outcome is not other.outcome else one
            for one, other in zip(verdicts, equal, strict=True)
        )
    if of_the_whole(rows) and (compared.baseline_is_its_own or compared.speedup.high < 1):
        return verdicts
    return tuple(_open(one) if _says_no_gain(one) else one for one in verdicts)


def _without_gain(compared: Comparison) -> Comparison:
    """The same, had both sides been as fast."""
    equal = Interval(1.0, 1.0, 1.0, compared.speedup.confidence)
    scale = compared.efficiency and compared.efficiency.estimate / compared.speedup.estimate
    return replace(compared, speedup=equal, efficiency=equal.scaled(scale) if scale else None)


def _open(verdict: Verdict) -> Verdict:
    return replace(verdict, outcome=Outcome.INCONCLUSIVE)


def _says_fast(verdict: Verdict) -> bool:
    gain = Outcome.FAILED if verdict.quantity.startswith("max_") else Outcome.PASSED
    return verdict.quantity in COMPARING and verdict.outcome is gain


def _says_no_gain(verdict: Verdict) -> bool:
    no_gain = Outcome.PASSED if verdict.quantity.startswith("max_") else Outcome.FAILED
    return verdict.quantity in COMPARING and verdict.outcome is no_gain
