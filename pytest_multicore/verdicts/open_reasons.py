"""Why a verdict is open, in words: what was measured, what the machine attains, and one thing to do.

``limits.OpenReason`` is the reason. Here are the sentences, and nothing is decided.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pytest_multicore.rounds.tolerances import ADVISED_BUDGET_RATIO, MAX_WAITING_CORES

from .base_comparison import each_confidence
from .figures import Comparison, Measurement
from .judge import Judgement
from .limits import BASE_LIMITS, OpenReason, Outcome, Verdict
from .more_cores import most_by_cores
from .repeatable import NOT_REPEATABLE, SAME_STATE_ADVICE
from .row_sets import Rows, disturbance, fewest_rows
from .words import cores_in_words, interval_in_words, percent_in_words, share_in_words, side_in_words

#: Where the baseline used more than it was given: why, and what to do, by what the sides differ in.
POOL_REMEDIES = {
    "threads": "No variable that is set reaches its pool, as with DuckDB, or with processes before Python 3.13; or the "
    'thread that calls works beside its pool, as with JAX: use vary="cores", which gives each side its cores whatever '
    "its pool reads; or size the pool by the fixture multicore_threads",
    "cores": "It has widened its own affinity, as a pool does that pins its threads by number: have it keep the CPUs "
    "that it finds (os.sched_getaffinity); ONNX Runtime does where intra_op_num_threads is set",
}


@dataclass(frozen=True, slots=True)
class OpenMeasurement:
    """An undecided measurement, with what its reader should know of it.

    Attributes:
        rows: all rows.
        judged: what they say.
        rounds_s, budget_s: seconds that the rows took, and might have taken.
        confidence: of each verdict.
        busy_others: other processes that used the machine meanwhile, and how many cores.
        vary: what the sides differ in: threads or cores.
    """

    rows: Rows
    judged: Judgement
    rounds_s: float
    budget_s: float
    confidence: float
    busy_others: Sequence[tuple[str, float]] = ()
    vary: str = "threads"


def why_inconclusive(case: OpenMeasurement) -> str:
    """Why the first open limit is open, and what the user can do."""
    first = next((verdict for verdict in case.judged.verdicts if verdict.outcome is Outcome.INCONCLUSIVE), None)
    needed = _needed_rows(case, first) if first else fewest_rows(case.confidence)
    if len(case.rows) < needed:
        return _too_slow(case, needed)
    if first is None or first.open_reason is None:
        return _unbounded(case)
    return SENTENCES[first.open_reason](case, first)


def own_pool_in_words(baseline: Measurement, vary: str) -> str:
    """``told to use 1 thread it kept 1.90 cores busy ...``: of a baseline that used more than it was given."""
    told = "given" if vary == "cores" else "told to use"
    used = f"kept {baseline.cores.estimate:.2f} cores busy"
    if baseline.busy.estimate < MAX_WAITING_CORES:
        used = f"had {baseline.threads_seen.high:g} threads at work"
    return (
        f"{told} {side_in_words(baseline.threads, vary)} it {used}, and what more {vary} gain is in it already. "
        f"{POOL_REMEDIES[vary]}"
    )


def attained_in_words(compared: Comparison) -> str:
    """``2 cores attain 1.31x [1.28, 1.35] here just now``; empty without a control."""
    if compared.attained is None:
        return ""
    cores = next(round_.control.cores for round_ in reversed(compared.contender.rounds) if round_.control)
    return f"{cores_in_words(cores)} attain {interval_in_words(compared.attained, 'x')} here just now"


def _too_slow(case: OpenMeasurement, needed: int) -> str:
    row_s = statistics.median(sum(round_.wall_s for round_ in row) for row in case.rows)
    each_s = max(row_s, case.rounds_s / len(case.rows))  # with its pauses and the control
    return (
        f"{len(case.rows)} rows of rounds fit the budget of {case.budget_s:g} s, at least {needed} are needed "
        f"at confidence {case.confidence:g}; one takes {each_s:.3g} s: use "
        f"budget={math.ceil(ADVISED_BUDGET_RATIO * needed * each_s)}, or less work"
    )


def _unbounded(case: OpenMeasurement) -> str:
    return (
        f"{len(case.rows)} rows in {case.rounds_s:.0f} s do not bound the figures: {_others(case)}"
        f"raise the budget of {case.budget_s:g} s"
    )


def _near(case: OpenMeasurement, verdict: Verdict) -> str:
    assert verdict.interval is not None  # noqa: S101 - it is what the limit is near to
    disturbed = _disturbed_rounds(case)
    often = 2 * len(disturbed) > len(case.rows)  # then it is the neighbours that make the interval wide
    told = f"{len(disturbed)} of {len(case.rows)} rounds were disturbed; " if often else ""
    return (
        f"{_limit(verdict)} lies within {_measured(verdict)}, the interval after {len(case.rows)} rows in "
        f"{case.rounds_s:.0f} s{_attained(case)}; {told}{_short_lived_threads(case, verdict)}{_others(case)}"
        f"{'run it on a quieter machine, or ' if often else ''}move the limit away from {_estimate(verdict)}"
    )


def _machine(case: OpenMeasurement, verdict: Verdict) -> str:
    high, measured = (interval.high if interval else math.inf for interval in (verdict.interval, verdict.measured))
    most = ""
    if verdict.quantity in BASE_LIMITS and verdict.interval and verdict.interval.bounded:
        ends = map(share_in_words, (verdict.interval.low, verdict.interval.high))
        most = f", and it may be {' to '.join(ends)} on cores of its own"
    elif verdict.quantity not in BASE_LIMITS and math.isfinite(high) and high > measured:
        most = f", and the program may come to {high:.3g}x on cores of its own"
    return (
        f"{_limit(verdict)}: measured {_measured(verdict)} in {len(case.rows)} rows{_attained(case)}{most}; "
        f"{_others(case)}{_machine_remedy(case, verdict)}"
    )


def _machine_remedy(case: OpenMeasurement, verdict: Verdict) -> str:
    """An efficiency that has no bounds either, since others kept the threads waiting, would decide nothing."""
    efficiency = case.judged.compared and case.judged.compared.efficiency
    if verdict.quantity == "min_speedup" and efficiency and efficiency.bounded:
        return "use min_efficiency, which is held against what is attained"
    return "run it on a quieter machine"


def _disturbed(case: OpenMeasurement, verdict: Verdict) -> str:
    assert verdict.interval is not None  # noqa: S101 - it is open by it
    examples = _disturbed_rounds(case)
    of_all = f"{len(examples)} of {len(case.rows)} rounds were disturbed" if examples else "no round was disturbed"
    example = f" ({examples[-1]})" if examples else ""
    return (
        f"{_limit(verdict)}: {_measured(verdict)} were busy, and up to {verdict.interval.high:.3g} would have been had "
        f"the program's threads not waited for a core; {of_all}{example}; {_others(case)}"
        "run it on a quieter machine, or with --multicore-priority=realtime where that is permitted"
    )


def _disturbed_rounds(case: OpenMeasurement) -> list[str]:
    """What disturbed each round of the side in question that was disturbed."""
    return [text for row in case.rows if (text := disturbance(row[0]))]


def _memory(case: OpenMeasurement, verdict: Verdict) -> str:
    return (
        f"{_limit(verdict)}: measured {_measured(verdict)}, but a neighbour took the memory's bandwidth from the side "
        f"that leaves cores free, and was driven away by the other: such rows cannot prove a speed-up; {_others(case)}"
        "run it on a quieter machine"
    )


def _own_speed(case: OpenMeasurement, verdict: Verdict) -> str:
    return (
        f"{_limit(verdict)} lies beside {_measured(verdict)}, but one thread did all the work on both sides: they "
        "differ by what is their processes' own, as where their memory lies, and not by threads. Have the work use "
        "threads, or leave the limit out"
    )


def _own_pool(case: OpenMeasurement, verdict: Verdict) -> str:
    compared, against = case.judged.compared, case.judged.against
    assert compared is not None  # noqa: S101 - it is the baseline that is told of
    if verdict.quantity in BASE_LIMITS and against and not compared.baseline_ignores_thread_count:
        compared = against.base
    own_pool = own_pool_in_words(compared.baseline, case.vary)
    return f"{_limit(verdict)} cannot be held against its baseline: {own_pool}"


def _not_counted(case: OpenMeasurement, verdict: Verdict) -> str:
    reason = "this system does not tell all" if case.rows[-1][0].delay_s is None else "some ended within the rounds"
    return f"{_limit(verdict)} cannot be met where threads cannot be counted, and {reason}: use max_cores"


def _inherited(case: OpenMeasurement, verdict: Verdict) -> str:
    return f"{_limit(verdict)} has nothing to be held against, for threads were inherited: give threads a number"


def _not_repeatable(case: OpenMeasurement, verdict: Verdict) -> str:
    """Without the figures, which ``repeatable.why_not_repeatable`` has."""
    return f"{NOT_REPEATABLE}: {OpenReason.NOT_REPEATABLE.value}: {SAME_STATE_ADVICE}"


def _too_few_cores(case: OpenMeasurement, verdict: Verdict) -> str:
    compared = case.judged.compared
    assert compared is not None  # noqa: S101 - it is a limit on the speed-up
    most = most_by_cores(compared)
    way = "missed" if verdict.quantity.startswith("max_") else "reached"
    return (
        f"{_limit(verdict)} cannot be {way} on this machine by work that needs its cores ({most:.3g} at most): "
        f"measured {_measured(verdict)}, {compared.contender.cores.estimate:.2f} cores busy; run it where more cores "
        "are granted, or use min_efficiency"
    )


def _brief(case: OpenMeasurement, verdict: Verdict) -> str:
    """All rows show a miss, or a ``max_`` limit that is met, and the later ones do not: for load, or being too few."""
    disturbed = _disturbed_rounds(case)
    if 2 * len(disturbed) > len(case.rows):
        why = f"{len(disturbed)} of {len(case.rows)} rounds were disturbed; {_others(case)}run it on a quieter machine"
    else:
        why = f"a program may be slow at first; raise the budget of {case.budget_s:g} s"
    return f"{_limit(verdict)}: measured {_measured(verdict)}, but the later rounds do not show it by themselves; {why}"


def _layout(case: OpenMeasurement, verdict: Verdict) -> str:
    return (
        f"{_limit(verdict)}: measured {_measured(verdict)}, but {OpenReason.LAYOUT.value}; move the limit away from "
        f"{_estimate(verdict)}"
    )


SENTENCES: Mapping[OpenReason, Callable[[OpenMeasurement, Verdict], str]] = {
    OpenReason.FEW_ROWS: lambda case, verdict: f"{_limit(verdict)}: {_unbounded(case)}",
    OpenReason.NEAR: _near,
    OpenReason.MACHINE: _machine,
    OpenReason.DISTURBED: _disturbed,
    OpenReason.MEMORY: _memory,
    OpenReason.OWN_SPEED: _own_speed,
    OpenReason.OWN_POOL: _own_pool,
    OpenReason.NOT_COUNTED: _not_counted,
    OpenReason.INHERITED: _inherited,
    OpenReason.NOT_REPEATABLE: _not_repeatable,
    OpenReason.LAYOUT: _layout,
    OpenReason.NOT_THE_BASE: lambda _, verdict: f"{_limit(verdict)}: {OpenReason.NOT_THE_BASE.value}",
    OpenReason.BRIEF: _brief,
    OpenReason.TOO_FEW_CORES: _too_few_cores,
}


def _needed_rows(case: OpenMeasurement, verdict: Verdict) -> int:
    return fewest_rows(each_confidence(case.confidence) if verdict.quantity == "max_loss" else case.confidence)


def _limit(verdict: Verdict) -> str:
    return f"{verdict.quantity}={verdict.limit:g}"


def _measured(verdict: Verdict) -> str:
    interval = verdict.measured or verdict.interval
    assert interval is not None  # noqa: S101 - a figure that was not measured has another sentence
    if verdict.quantity in BASE_LIMITS:
        return percent_in_words(interval, verdict.limit)
    return interval_in_words(interval, "x" if verdict.quantity.endswith("speedup") else "")


def _estimate(verdict: Verdict) -> str:
    """What was measured without its bounds, for a limit that lies too near to it."""
    interval = verdict.measured or verdict.interval
    assert interval is not None  # noqa: S101 - it is what the limit is near to
    return share_in_words(interval.estimate) if verdict.quantity in BASE_LIMITS else f"{interval.estimate:.3g}"


def _attained(case: OpenMeasurement) -> str:
    attained = attained_in_words(case.judged.compared) if case.judged.compared else ""
    return f"; {attained}" if attained else ""


def _others(case: OpenMeasurement) -> str:
    if not case.busy_others:
        return ""
    return "busy meanwhile: " + ", ".join(f"{process} {cores:.2f} cores" for process, cores in case.busy_others) + "; "


def _short_lived_threads(case: OpenMeasurement, verdict: Verdict) -> str:
    """That threads were started and ended meanwhile, where threads are counted; empty elsewhere."""
    in_rows = sum(1 for row in case.rows if row[0].threads_unseen)
    if verdict.quantity != "max_threads" or not in_rows:
        return ""
    return (
        f"in {in_rows} of the rows a thread or process was started or ended, by the program or by somebody else on the "
        "machine, and was gone when threads were counted; "
    )
