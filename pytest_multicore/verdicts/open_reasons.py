"""Why a verdict is open, in words: what was measured, what the machine attained, and one thing to do.

``limits.OpenReason`` says why; here are its sentences, and nothing is decided.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .figures import Comparison
from .judge import Judgement
from .limits import OpenReason, Outcome, Verdict
from .repeatable import ALIKE, NOT_REPEATABLE
from .row_sets import Rows, disturbance, fewest_rows
from .statistics import Interval


@dataclass(frozen=True, slots=True)
class OpenMeasurement:
    """What there is to say of an undecided measurement.

    Attributes:
        rows: all rows of rounds.
        found: what they say.
        rounds_s, budget_s: seconds that the rows took, and might have taken.
        confidence: of each verdict.
        busy_others: other processes that used the machine meanwhile, and how many cores.
    """

    rows: Rows
    found: Judgement
    rounds_s: float
    budget_s: float
    confidence: float
    busy_others: Sequence[tuple[str, float]] = ()


def why_inconclusive(told: OpenMeasurement) -> str:
    """Of the first limit that is open: why, and what its user can do."""
    needed = fewest_rows(told.confidence)
    if len(told.rows) < needed:
        return _too_slow(told, needed)
    first = next((one for one in told.found.verdicts if one.outcome is Outcome.INCONCLUSIVE), None)
    if first is None or first.open_reason is None:
        return (
            f"{len(told.rows)} rows in {told.rounds_s:.0f} s do not bound the figures: {_who(told)}"
            f"raise the budget of {told.budget_s:g} s"
        )
    return SENTENCES[first.open_reason](told, first)


def threads_in_words(threads: int | None) -> str:
    """``1 thread``, ``8 threads``, or ``inherited threads``."""
    if threads is None:
        return "inherited threads"
    return f"{threads} thread{'' if threads == 1 else 's'}"


def attained_in_words(compared: Comparison) -> str:
    """``2 cores attain 1.31x [1.28, 1.35] here just now``; empty where nobody looked."""
    if compared.attained is None:
        return ""
    cores = next(one.control.cores for one in reversed(compared.contender.rounds) if one.control)
    return f"{_cores(cores)} attain {_figure(compared.attained, 'x')} here just now"


def _too_slow(told: OpenMeasurement, needed: int) -> str:
    row_s = statistics.median(sum(one.wall_s for one in row) for row in told.rows)
    advised_s = 1.5 * needed * max(row_s, told.rounds_s / len(told.rows))
    return (
        f"{len(told.rows)} rows of rounds fit the budget of {told.budget_s:g} s, at least {needed} are needed "
        f"at confidence {told.confidence:g}; one takes {row_s:.3g} s: use budget={math.ceil(advised_s)}, or less work"
    )


def _near(told: OpenMeasurement, verdict: Verdict) -> str:
    assert verdict.interval is not None  # noqa: S101 - it is what the limit is near to
    return (
        f"{_limit(verdict)} lies within {_measured(verdict)}, the interval after {len(told.rows)} rows in "
        f"{told.rounds_s:.0f} s{_attained(told)}; {_started(told, verdict)}{_who(told)}"
        f"move the limit away from {verdict.interval.estimate:.3g}"
    )


def _machine(told: OpenMeasurement, verdict: Verdict) -> str:
    high, measured = (one.high if one else math.inf for one in (verdict.interval, verdict.measured))
    most = (
        f", and the program may come to {high:.3g}x on cores of its own"
        if math.isfinite(high) and high > measured
        else ""
    )
    return (
        f"{_limit(verdict)}: measured {_measured(verdict)} in {len(told.rows)} rows{_attained(told)}{most}; "
        f"{_who(told)}{_instead(verdict)}"
    )


def _instead(verdict: Verdict) -> str:
    if verdict.quantity == "min_speedup":
        return "use min_efficiency, which is held against what is attained"
    return "run it on a quieter machine"


def _disturbed(told: OpenMeasurement, verdict: Verdict) -> str:
    assert verdict.interval is not None  # noqa: S101 - it is open by it
    examples = [text for row in told.rows if (text := disturbance(row[0]))]
    of_all = f"{len(examples)} of {len(told.rows)} rounds were disturbed" if examples else "no round was disturbed"
    example = f" ({examples[-1]})" if examples else ""
    return (
        f"{_limit(verdict)}: {_measured(verdict)} were busy, and up to {verdict.interval.high:.3g} would have been had "
        f"the program's threads not waited for a core; {of_all}{example}; {_who(told)}run it on a quieter machine"
    )


def _memory(told: OpenMeasurement, verdict: Verdict) -> str:
    return (
        f"{_limit(verdict)}: measured {_measured(verdict)}, but a neighbour took the memory's bandwidth from the side "
        f"that leaves cores free, and was driven away by the other: such rows cannot prove a speed-up; {_who(told)}"
        "run it on a quieter machine"
    )


def _own_speed(told: OpenMeasurement, verdict: Verdict) -> str:
    return (
        f"{_limit(verdict)} lies beside {_measured(verdict)}, but one thread did all the work on both sides: they "
        "differ by what is their processes' own, as where their memory lies, and not by threads. Have the work use "
        "threads, or leave the limit out"
    )


def _own_pool(told: OpenMeasurement, verdict: Verdict) -> str:
    compared = told.found.compared
    assert compared is not None  # noqa: S101 - it is the baseline that is told of
    asked, cores = compared.baseline.threads, compared.baseline.cores
    return (
        f"{_limit(verdict)} cannot be held against its baseline: told to use {threads_in_words(asked)} it kept "
        f"{cores.estimate:.2f} cores busy, and what more threads gain is in it already. No variable that is set "
        "reaches its pool, as one of Python's of a fixed size, or n_jobs=-1: take the size from OMP_NUM_THREADS"
    )


def _not_counted(told: OpenMeasurement, verdict: Verdict) -> str:
    why = "this system does not tell all" if told.rows[-1][0].delay_s is None else "some ended within the rounds"
    return f"{_limit(verdict)} cannot be met where threads cannot be counted, and {why}: use max_cores"


def _inherited(told: OpenMeasurement, verdict: Verdict) -> str:
    return f"{_limit(verdict)} has nothing to be held against, for threads were inherited: give threads a number"


def _not_repeatable(told: OpenMeasurement, verdict: Verdict) -> str:
    """Without the figures, which ``repeatable.why_not_repeatable`` gives."""
    return f"{NOT_REPEATABLE}: {OpenReason.NOT_REPEATABLE.value}: {ALIKE}"


def _brief(told: OpenMeasurement, verdict: Verdict) -> str:
    return f"{_limit(verdict)}: measured {_measured(verdict)}, but {OpenReason.BRIEF.value}"


SENTENCES: Mapping[OpenReason, Callable[[OpenMeasurement, Verdict], str]] = {
    OpenReason.FEW_ROWS: lambda told, _: _too_slow(told, fewest_rows(told.confidence)),
    OpenReason.NEAR: _near,
    OpenReason.MACHINE: _machine,
    OpenReason.DISTURBED: _disturbed,
    OpenReason.MEMORY: _memory,
    OpenReason.OWN_SPEED: _own_speed,
    OpenReason.OWN_POOL: _own_pool,
    OpenReason.NOT_COUNTED: _not_counted,
    OpenReason.INHERITED: _inherited,
    OpenReason.NOT_REPEATABLE: _not_repeatable,
    OpenReason.BRIEF: _brief,
}


def _limit(verdict: Verdict) -> str:
    return f"{verdict.quantity}={verdict.limit:g}"


def _measured(verdict: Verdict) -> str:
    found = verdict.measured or verdict.interval
    assert found is not None  # noqa: S101 - a figure that was not measured is told otherwise
    return _figure(found, "x" if verdict.quantity.endswith("speedup") else "")


def _figure(found: Interval, unit: str = "") -> str:
    return f"{found.estimate:.3g}{unit} [{_bound(found.low)}, {_bound(found.high)}]"


def _bound(number: float) -> str:
    return f"{number:.3g}" if math.isfinite(number) else "?"


def _cores(count: int) -> str:
    return f"{count} core{'' if count == 1 else 's'}"


def _attained(told: OpenMeasurement) -> str:
    found = attained_in_words(told.found.compared) if told.found.compared else ""
    return f"; {found}" if found else ""


def _who(told: OpenMeasurement) -> str:
    if not told.busy_others:
        return ""
    return "busy meanwhile: " + ", ".join(f"{who} {cores:.2f} cores" for who, cores in told.busy_others) + "; "


def _started(told: OpenMeasurement, verdict: Verdict) -> str:
    """What was started meanwhile, where the program's threads are what is counted; empty elsewhere."""
    in_rows = sum(1 for row in told.rows if row[0].threads_unseen)
    if verdict.quantity != "max_threads" or not in_rows:
        return ""
    return (
        f"in {in_rows} of the rows a thread or process was started or ended, by the program or by somebody else on the "
        "machine, and was gone when threads were counted; "
    )
