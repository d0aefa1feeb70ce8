"""Rows of rounds and limits in, verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_multicore.measurement.rounds import Round

from . import figures
from .figures import Comparison
from .limits import (
    COMPARING,
    Limits,
    Outcome,
    Verdict,
    judge,
    of_comparison,
    of_measurement,
    says_little,
    unhindered,
)
from .rows import Rows, are_of_the_whole, of_the_whole, unseen_neighbours
from .statistics import Interval

#: Times as fast: processes that do the same differ by less (docs/explanation/measuring.md, Layout), and a bound that is
#: looked at again and again comes to lie below 1 by chance.
CLEARLY_SLOWER = 0.95


def decide(limits: Limits, rows: Rows, confidence: float) -> tuple[Verdict, ...]:
    """What the rows say of each limit.

    A program can be slow for a while: until it is warm, until a pool is filled. Where neighbours spoil what came after
    that, the rows that count tell of the beginning alone, and nothing that says slow, or little, is said by them. Nor
    is it where others may have kept threads waiting and nobody knows for how long.

    Nor does a second thread speed up anything that did not work: where one thread did it all on both sides, and one was
    faster all the same, that is a speed of its process's own, and no limit is met by it. And where the baseline used
    more cores than it was told to, a gain may be in it already: that there is none is not said, unless more threads
    made it slower.

    Args:
        limits: those asked for.
        rows: of one round, or of the side in question and of what it is compared with.
        confidence: of each verdict.
    """
    rounds = [row[0] for row in rows]
    if len(rows[0]) == 1:
        return _unless_in_doubt(judge(limits, of_measurement(figures.measurement(rounds, confidence))), rounds)
    compared = figures.comparison(rows, confidence)
    verdicts = judge(limits, of_comparison(compared))
    if compared.one_thread_each:
        equal = judge(limits, of_comparison(_without_gain(compared)))
        verdicts = tuple(
            _open(one) if _says_fast(one) and one.outcome is not other.outcome else one
            for one, other in zip(verdicts, equal, strict=True)
        )
    verdicts = _unless_in_doubt(verdicts, rounds)
    own = compared.baseline_is_its_own or compared.speedup.high < CLEARLY_SLOWER
    if own and of_the_whole(rows):
        return verdicts
    return tuple(_open(one) if one.quantity in COMPARING and says_little(one) else one for one in verdicts)


def _unless_in_doubt(verdicts: Sequence[Verdict], rounds: Sequence[Round]) -> tuple[Verdict, ...]:
    """The verdicts that the rounds of the side in question bear out, however long others kept it waiting unseen."""
    used = dict.fromkeys(("min_cores", "max_cores"), figures.telling_cores(rounds))
    used["max_threads"] = [one for one in rounds if one.disturbance is None]
    share, waits_told = unseen_neighbours(rounds), all(one.delay_s is not None for one in rounds)

    def in_doubt(verdict: Verdict) -> bool:
        if not says_little(verdict):
            return False
        if not are_of_the_whole(used.get(verdict.quantity, ()), rounds):
            return True
        if verdict.quantity == "max_threads" or (verdict.quantity not in COMPARING and waits_told):
            return False
        return not says_little(unhindered(verdict, share))

    return tuple(_open(one) if in_doubt(one) else one for one in verdicts)


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
