"""Why a measurement is inconclusive, in words, and what its user can do about it."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_multicore.measurement.disturbance import TOLERATED_SHARE
from pytest_multicore.measurement.rounds import Round
from pytest_multicore.verdicts.figures import MANY_MORE, Comparison, burnt
from pytest_multicore.verdicts.limits import COMPARING, Outcome, Verdict
from pytest_multicore.verdicts.rows import (
    FULL_PACE,
    clean_rows,
    has_its_memory,
    of_the_whole,
    slow_rows,
    unseen_neighbours,
    waits_matter,
)
from pytest_multicore.verdicts.statistics import fewest_values

#: Of the rows; fewer than these held nothing up.
WORTH_TELLING = 0.2


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to judge an undecided measurement by.

    Attributes:
        rows: all rows of rounds, disturbed ones too.
        verdicts: one for each limit.
        rounds_s, budget_s: seconds that the rows took, and might have taken.
        confidence: of each verdict.
        busy_others: other processes that used the machine meanwhile, and how many cores.
        compared: the two sides that limits are about; None where there is one.
    """

    rows: Sequence[tuple[Round, ...]]
    verdicts: Sequence[Verdict]
    rounds_s: float
    budget_s: float
    confidence: float
    busy_others: Sequence[tuple[str, float]]
    compared: Comparison | None = None


def why_inconclusive(found: Found) -> str:
    """One sentence on why, one on what to do."""
    clean, needed = len(clean_rows(found.rows)), fewest_values(found.confidence)
    disturbed = len(found.rows) - clean
    if clean < needed <= len(found.rows):
        return _too_noisy(found, clean, disturbed)
    if clean < needed:
        return _too_slow(found, needed)
    return _too_close(found, clean)


def threads_in_words(threads: int | None) -> str:
    """``1 thread``, ``8 threads``, or ``inherited threads``."""
    if threads is None:
        return "inherited threads"
    return f"{threads} thread{'' if threads == 1 else 's'}"


def _too_noisy(found: Found, clean: int, disturbed: int) -> str:
    whys = Counter(one.disturbance.partition(" ")[0] for row in found.rows for one in row if one.disturbance)
    example = next(
        one.disturbance
        for row in found.rows
        for one in row
        if one.disturbance and one.disturbance.startswith(whys.most_common(1)[0][0])
    )
    return (
        f"{disturbed} of {len(found.rows)} rows were disturbed ({example}); {clean} clean ones decide nothing: "
        f"{_who(found)}run it on a quieter machine{_or_longer(found, clean)}"
    )


def _or_longer(found: Found, clean: int) -> str:
    """A budget that would bring enough clean rows, at the rate at which they came; none where none came."""
    if not clean:
        return ""
    advised_s = 1.5 * found.rounds_s * fewest_values(found.confidence) / clean
    return f", or with budget={math.ceil(max(advised_s, 1.5 * found.budget_s))}"


def _who(found: Found) -> str:
    if not found.busy_others:
        return ""
    return "busy meanwhile: " + ", ".join(f"{who} {cores:.2f} cores" for who, cores in found.busy_others) + "; "


def _too_slow(found: Found, needed: int) -> str:
    row_s = statistics.median(sum(one.wall_s for one in row) for row in found.rows)
    advised_s = 1.5 * needed * max(row_s, found.rounds_s / len(found.rows))
    return (
        f"{len(found.rows)} rows of rounds fit the budget of {found.budget_s:g} s, at least {needed} are needed "
        f"at confidence {found.confidence:g}; one takes {row_s:.3g} s: use budget={math.ceil(advised_s)}, or less work"
    )


def _too_close(found: Found, clean: int) -> str:
    undecided = next((one for one in found.verdicts if one.outcome is Outcome.INCONCLUSIVE), None)
    if undecided is None:  # no limits: the figures lack a bound
        return (
            f"{clean} clean rows in {found.rounds_s:.0f} s do not bound the speed-up: {_held_back(found, clean)}"
            f"run it on a quieter machine, or with a larger budget than {found.budget_s:g} s"
        )
    if undecided.interval is not None and undecided.interval.low > undecided.limit:  # see decision.decide
        return (
            f"{undecided.quantity}={undecided.limit:g} lies below [{undecided.interval.low:.3g}, "
            f"{undecided.interval.high:.3g}], but one thread did all the work on both sides: one is faster by what is "
            "its process's own, as where its memory lies, and not by threads. Have the work use threads, or leave the "
            "limit out"
        )
    if undecided.quantity in COMPARING and _would_say_little(undecided) and (more := _more_than_told(found)):
        return f"{undecided.quantity}={undecided.limit:g} cannot be held against its baseline: {more}"
    if unknown := _unseen(found, undecided):
        return unknown
    if not of_the_whole(found.rows):
        return (
            f"the {clean} clean rows come from a part of the {found.rounds_s:.0f} s alone, and the program may have "
            f"been slow just then: {_held_back(found, clean)}"
            f"run it on a quieter machine, or with a larger budget than {found.budget_s:g} s"
        )
    if undecided.interval is None:
        return f"{undecided.quantity}={undecided.limit:g} has nothing to be held against: threads were inherited"
    if undecided.quantity == "max_threads" and math.isinf(undecided.interval.high):
        why = "this system does not tell all" if found.rows[-1][0].delay_s is None else "some ended within the rounds"
        return (
            f"max_threads={undecided.limit:g} cannot be met where threads cannot be counted, and {why}: use max_cores"
        )
    if not undecided.interval.bounded:
        return (
            f"{undecided.quantity}={undecided.limit:g} is not decided by [{_bound(undecided.interval.low)}, "
            f"{_bound(undecided.interval.high)}]: the {clean} clean rows in {found.rounds_s:.0f} s do not give both "
            f"bounds; {_held_back(found, clean)}run it on a quieter machine, or raise the budget of "
            f"{found.budget_s:g} s"
        )
    return (
        f"{undecided.quantity}={undecided.limit:g} lies within [{undecided.interval.low:.3g}, "
        f"{undecided.interval.high:.3g}], the interval after {clean} clean rows in {found.rounds_s:.0f} s; "
        f"{_held_back(found, clean)}{_started(found, undecided)}"
        f"move the limit away from {undecided.interval.estimate:.3g}, or raise the budget of {found.budget_s:g} s"
    )


def _unseen(found: Found, undecided: Verdict) -> str:
    """Who may have kept threads waiting, where nobody knows for how long, or had a program burn time; or nothing."""
    rounds = [row[0] for row in found.rows]
    name = f"{undecided.quantity}={undecided.limit:g}"
    if undecided.quantity.endswith("_cores") and (times := burnt(rounds)):
        return (
            f"{name} cannot be told: in the real-time class, into which its threads were put since they were kept "
            f"waiting, the program takes {times:.2f} times the CPU time: it burns time there, or was kept from it "
            f"before; {_who(found)}run it on a quieter machine"
        )
    cores, of_cores = unseen_neighbours(rounds), undecided.quantity not in COMPARING
    if not cores or not _would_say_little(undecided) or (of_cores and rounds[-1].delay_s is not None):
        return ""
    return (
        f"others used {cores:.2f} cores, and nobody knows how long they kept the program's threads waiting, for "
        f"{'this system does not tell' if rounds[-1].delay_s is None else 'some ended within each round'}: that {name} "
        f"is {'met' if undecided.quantity.startswith('max_') else 'missed'} may be their doing; {_who(found)}"
        "run it on a quieter machine"
    )


def _would_say_little(undecided: Verdict) -> bool:
    """Whether the interval by itself says that there is no gain, or few cores are busy: something else left it open."""
    interval = undecided.interval
    if interval is None:
        return False
    return (
        interval.high <= undecided.limit if undecided.quantity.startswith("max_") else interval.high < undecided.limit
    )


def _bound(number: float) -> str:
    return f"{number:.3g}" if math.isfinite(number) else "?"


def _more_than_told(found: Found) -> str:
    """What a baseline used beyond what it was told to; empty where it did not."""
    compared = found.compared
    if compared is None or compared.baseline_is_its_own:
        return ""
    asked, cores = compared.baseline.threads, compared.baseline.cores
    if cores.estimate <= MANY_MORE * (asked or 1):
        most = f"{cores.high:.2f} cores" if math.isfinite(cores.high) else "any number of cores"
        return (
            f"beside neighbours it is not to be told whether {threads_in_words(asked)} or more kept up to {most} busy "
            f"there; {_who(found)}run it on a quieter machine"
        )
    return (
        f"told to use {threads_in_words(asked)} it kept {cores.estimate:.2f} cores busy, and what more threads gain is "
        "in it already. No variable that is set reaches its pool, as one of Python's of a fixed size, or n_jobs=-1: "
        "take the size from OMP_NUM_THREADS, or hold the work to min_cores"
    )


def _started(found: Found, undecided: Verdict) -> str:
    """What was started meanwhile, where the program's threads are what is counted; empty elsewhere."""
    in_rows = sum(1 for row in clean_rows(found.rows) if row[0].threads_unseen)
    if undecided.quantity != "max_threads" or not in_rows:
        return ""
    return (
        f"in {in_rows} of the clean rows a thread or process was started or ended, by the program or by somebody else "
        "on the machine, and was gone when threads were counted; "
    )


def _queued(found: Found) -> str:
    """Threads that stood in queues while cores were free; empty where they did not, or speed is not what is asked."""
    undecided = [one.quantity for one in found.verdicts if one.outcome is Outcome.INCONCLUSIVE]
    if undecided and not set(undecided) & set(COMPARING):
        return ""
    if not any(waits_matter(found.rows, side) for side in range(len(found.rows[0]))):
        return ""
    shares = [max(1 - one.undelayed_one_s / one.one_s for one in row) for row in clean_rows(found.rows)]
    queued = [share for share in shares if share > TOLERATED_SHARE]
    return (
        f"in {len(queued)} of the clean rows threads stood in queues while a core was free, for "
        f"{statistics.median(queued):.0%} of the time (median), as where the scheduler puts two on one core: the "
        "interval holds what they came to with that and without, and it is rarer at a raised CPU priority; "
    )


def _held_back(found: Found, clean: int) -> str:
    """What kept the rows from telling more: neighbours, or cores that were slower than they can be."""
    told = ""
    if (disturbed := len(found.rows) - clean) > WORTH_TELLING * len(found.rows):
        told += f"{disturbed} more were disturbed; "
    told += _queued(found)
    slow = slow_rows(found.rows)
    asked = {one.quantity for one in found.verdicts if one.outcome is Outcome.INCONCLUSIVE}
    of_speed = not asked or bool(asked & COMPARING)
    if of_speed and not all(has_its_memory(clean_rows(found.rows), side) for side in range(len(found.rows[0]))):
        told += (
            "a neighbour took the memory's bandwidth from the side that leaves cores free, and such rows cannot prove "
            "a speed-up; "
        )
    if len(slow) > WORTH_TELLING * clean:
        told += (
            f"in {len(slow)} of the clean rows the cores had less than {FULL_PACE:.0%} of their full speed, as when "
            "other guests of a host share them, and such a row proves nothing that slow cores explain; "
        )
    return told + _who(found)
