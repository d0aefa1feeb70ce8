"""What passes its limits and is wrong all the same: cores that are busy and not useful."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_multicore.rounds.tolerances import MIN_GAIN_RATIO

from .figures import Comparison
from .limits import Outcome, Verdict


def waste_warning(verdicts: Sequence[Verdict], compared: Comparison | None) -> str | None:
    """The warning to give beside a passed ``min_cores``, or None.

    A thread that waits in a loop is busy, too. The warning is given only where the cores that are busy beyond the
    baseline's cannot be worth half of what they cost, whatever the machine lacked: a machine whose cores were shared
    for a while makes good programs look so.
    """
    if compared is None or not claims_busy_cores(verdicts):
        return None
    baseline_busy, busy = compared.baseline.cores.estimate, compared.contender.cores.estimate
    if busy < MIN_GAIN_RATIO * baseline_busy or compared.useful_cores >= MIN_GAIN_RATIO * baseline_busy:
        return None
    if not _extra_cores_gain_little(compared):
        return None
    wasted = _wasted_cores(busy, compared.useful_cores)
    return f"{busy:.2f} cores busy, {compared.ratio.estimate:.2f}x as fast: {wasted} burnt"


def usefulness_is_known(verdicts: Sequence[Verdict], compared: Comparison | None) -> bool:
    """Whether it is known if the cores that a limit says are busy are useful. If not, more rows may tell."""
    if compared is None or not claims_busy_cores(verdicts):
        return True
    return compared.ratio.low >= MIN_GAIN_RATIO or (compared.ratio.bounded and _extra_cores_gain_little(compared))


def claims_busy_cores(verdicts: Sequence[Verdict]) -> bool:
    """Whether a limit on busy cores passed, so that it matters what they are worth."""
    return any(verdict.quantity == "min_cores" and verdict.outcome is Outcome.PASSED for verdict in verdicts)


def _extra_cores_gain_little(compared: Comparison) -> bool:
    """Whether the cores beyond the baseline's are worth half of what they cost, at most."""
    baseline_busy, busy = compared.baseline.cores.estimate, compared.contender.cores.estimate
    return compared.speedup.high * baseline_busy <= (baseline_busy + busy) / 2


def _wasted_cores(busy: float, useful: float) -> str:
    return "the second core is" if round(busy) == 2 else f"{busy - useful:.1f} cores are"
