"""What passes its limits and is wrong all the same: cores that are busy and not useful."""

from __future__ import annotations

from collections.abc import Sequence

from .figures import Comparison
from .limits import Outcome, Verdict

#: Times the baseline's cores; under this, more busy cores than the baseline's have bought next to nothing.
HARDLY_MORE = 1.15


def busy_is_not_fast(verdicts: Sequence[Verdict], compared: Comparison | None) -> str | None:
    """The warning to give beside a passed ``min_cores``, or None.

    A thread that waits in a loop is busy, too. Told only where the cores that are busy beyond the baseline's cannot be
    worth half of what they cost, whatever the machine lacked: a machine whose cores were shared for a while makes good
    programs look so.
    """
    if compared is None or not says_busy(verdicts):
        return None
    at_baseline, busy = compared.baseline.cores.estimate, compared.contender.cores.estimate
    if busy < HARDLY_MORE * at_baseline or compared.useful_cores >= HARDLY_MORE * at_baseline:
        return None
    if not _bought_little(compared):
        return None
    return f"{busy:.2f} cores busy, {compared.ratio.estimate:.2f}x as fast: {_burnt(busy, compared.useful_cores)} burnt"


def use_is_told(verdicts: Sequence[Verdict], compared: Comparison | None) -> bool:
    """Whether it is known of cores that a limit says are busy whether they are useful: if not, more rows may tell."""
    if compared is None or not says_busy(verdicts):
        return True
    return compared.ratio.low >= HARDLY_MORE or (compared.ratio.bounded and _bought_little(compared))


def says_busy(verdicts: Sequence[Verdict]) -> bool:
    """Whether a limit on busy cores passed, so that it matters what they are worth."""
    return any(one.quantity == "min_cores" and one.outcome is Outcome.PASSED for one in verdicts)


def _bought_little(compared: Comparison) -> bool:
    """Whether the cores beyond the baseline's are worth half of what they cost, at most."""
    at_baseline, busy = compared.baseline.cores.estimate, compared.contender.cores.estimate
    return compared.speedup.high * at_baseline <= (at_baseline + busy) / 2


def _burnt(busy: float, useful: float) -> str:
    return "the second core is" if round(busy) == 2 else f"{busy - useful:.1f} cores are"
