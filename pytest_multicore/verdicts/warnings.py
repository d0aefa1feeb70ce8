"""What passes its limits and is wrong all the same: cores that are busy and not useful."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .figures import Comparison
from .limits import Outcome, Verdict

#: Times the baseline's cores; under this, more busy cores than the baseline's have bought next to nothing.
HARDLY_MORE = 1.15


def busy_is_not_fast(verdicts: Sequence[Verdict], compared: Comparison | None) -> str | None:
    """The warning to give beside a passed ``min_cores``, or None.

    A thread that waits in a loop is busy, too. Told only where the data bound the speed-up from above: a machine whose
    cores were shared for a while makes good programs look so.
    """
    if compared is None or not says_busy(verdicts) or not math.isfinite(compared.speedup.high):
        return None
    at_baseline, busy = compared.baseline.cores.estimate, compared.contender.cores.estimate
    if compared.useful_cores >= HARDLY_MORE * at_baseline or busy < HARDLY_MORE * at_baseline:
        return None
    return (
        f"{busy:.2f} cores busy, {compared.speedup.estimate:.2f}x as fast: {_burnt(busy, compared.useful_cores)} burnt"
    )


def says_busy(verdicts: Sequence[Verdict]) -> bool:
    """Whether a limit on busy cores passed, so that it matters what they are worth."""
    return any(one.quantity == "min_cores" and one.outcome is Outcome.PASSED for one in verdicts)


def _burnt(busy: float, useful: float) -> str:
    return "the second core is" if round(busy) == 2 else f"{busy - useful:.1f} cores are"
