"""What passes its limits and is wrong all the same: cores that are busy and not useful."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_multicore.rounds.tolerances import MIN_GAIN_RATIO

from .figures import Comparison
from .limits import Outcome, Verdict
from .words import threads_in_words


def waste_warning(
    verdicts: Sequence[Verdict], compared: Comparison | None, by_cores: Comparison | None = None
) -> str | None:
    """The warning to give beside a passed ``min_cores``, or a passed ``min_speedup`` that asks for no gain, or None.

    A thread that waits in a loop is busy, too. The warning is given only where the cores that are busy beyond the
    baseline's cannot be worth half of what they cost, whatever the machine lacked: a machine whose cores were shared
    for a while makes good programs look so.

    Args:
        verdicts: of all limits.
        compared: the contender and its baseline.
        by_cores: the contender and the same on one core, where ``needs_fewer_cores`` asks for that.
    """
    if compared is None or not claims_busy_cores(verdicts):
        return None
    if not needs_fewer_cores(verdicts, compared):
        return _waste(compared, "")
    if by_cores is None or not is_known(by_cores):
        return _unknown_worth(compared)
    return _waste(by_cores, " as on 1 core")


def _waste(compared: Comparison, than: str) -> str | None:
    baseline_busy, busy = compared.baseline.cores.estimate, compared.contender.cores.estimate
    if busy < MIN_GAIN_RATIO * baseline_busy or compared.useful_cores >= MIN_GAIN_RATIO * baseline_busy:
        return None
    if not _extra_cores_gain_little(compared):
        return None
    wasted = _wasted_cores(busy, compared.useful_cores)
    return f"{busy:.2f} cores busy, {compared.ratio.estimate:.2f}x as fast{than}: {wasted} wasted"


def needs_fewer_cores(verdicts: Sequence[Verdict], compared: Comparison | None) -> bool:
    """Whether only a side with fewer cores can tell what the busy ones are worth.

    ``min_cores`` passed, and the baseline kept as many cores busy, whatever thread count it was told: a pool's threads
    may work on both sides, or spin on both.
    """
    ignored = compared is not None and compared.baseline_ignores_thread_count and not gains(compared)
    return ignored and _passed(verdicts, "min_cores")


def gains(compared: Comparison) -> bool:
    """Whether the cores gained something for certain."""
    return compared.ratio.low >= MIN_GAIN_RATIO


def usefulness_is_known(verdicts: Sequence[Verdict], compared: Comparison | None) -> bool:
    """Whether it is known if the cores that a limit says are busy are useful. If not, more rows may tell."""
    if compared is None or not claims_busy_cores(verdicts):
        return True
    if compared.baseline_ignores_thread_count:
        return True  # more rows tell no more of it
    return is_known(compared)


def is_known(compared: Comparison) -> bool:
    """Whether the cores beyond the baseline's gain something, or cannot."""
    return gains(compared) or (compared.ratio.bounded and _extra_cores_gain_little(compared))


def claims_busy_cores(verdicts: Sequence[Verdict]) -> bool:
    """Whether a limit passed by which cores may be busy for nothing, so that it matters what they are worth.

    These are ``min_cores``, and a ``min_speedup`` that guards against a loss: what is no slower may waste them, too.
    """
    guards = (verdict for verdict in verdicts if verdict.quantity == "min_speedup" and verdict.limit < MIN_GAIN_RATIO)
    return _passed(verdicts, "min_cores") or any(verdict.outcome is Outcome.PASSED for verdict in guards)


def _passed(verdicts: Sequence[Verdict], quantity: str) -> bool:
    return any(verdict.quantity == quantity and verdict.outcome is Outcome.PASSED for verdict in verdicts)


def _unknown_worth(compared: Comparison) -> str:
    """Of cores that are busy however many threads are asked for: those of a pool that spins look like any others."""
    asked = threads_in_words(compared.baseline.threads)
    return (
        f"{compared.contender.cores.estimate:.2f} cores busy, but {compared.baseline.cores.estimate:.2f} with {asked}, "
        f"too, and {compared.ratio.estimate:.2f}x as fast: the setting reaches no pool, and whether the cores are "
        "useful or wasted is not known"
    )


def _extra_cores_gain_little(compared: Comparison) -> bool:
    """Whether the cores beyond the baseline's are worth half of what they cost, at most."""
    baseline_busy, busy = compared.baseline.cores.estimate, compared.contender.cores.estimate
    return compared.speedup.high * baseline_busy <= (baseline_busy + busy) / 2


def _wasted_cores(busy: float, useful: float) -> str:
    return "the second core is" if round(busy) == 2 else f"{busy - useful:.1f} cores are"
