"""Rows of rounds and limits in, verdicts out."""

from __future__ import annotations

from dataclasses import replace

from . import figures
from .figures import Rows
from .limits import COMPARING, Limits, Outcome, Verdict, judge, of_comparison, of_measurement, says_slow


def decide(limits: Limits, rows: Rows, confidence: float) -> tuple[Verdict, ...]:
    """What the rows say of each limit.

    A program can be slow for a while: until it is warm, until a pool is filled. Where neighbours spoil what came after
    that, the clean rows tell of the beginning alone, and nothing that says slow is said by them.

    Args:
        limits: those asked for.
        rows: of one round, or of the side in question and of what it is compared with.
        confidence: of each verdict.
    """
    if len(rows[0]) == 1:
        return judge(limits, of_measurement(figures.measurement([row[0] for row in rows], confidence)))
    verdicts = judge(limits, of_comparison(figures.comparison(rows, confidence)))
    if figures.of_the_whole(rows):
        return verdicts
    return tuple(replace(one, outcome=Outcome.INCONCLUSIVE) if _of_a_part(one) else one for one in verdicts)


def _of_a_part(verdict: Verdict) -> bool:
    return verdict.quantity in COMPARING and says_slow(verdict)
