"""Figures in words, from records: the same in every report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_multicore.verdicts.limits import BASE_LIMITS, COMPARISON_LIMITS
from pytest_multicore.verdicts.row_sets import bounds_by_itself
from pytest_multicore.verdicts.statistics import Interval
from pytest_multicore.verdicts.words import digits_beside, duration_in_words, percent_in_words, side_in_words

#: Digits after the decimal point.
DIGITS = 2
#: The parts of the contender's cores, in the order in which they are shown.
PARTS = {
    "useful": "useful",
    "extra_cpu": "extra CPU",
    "uneven": "uneven",
    "idle": "idle",
    "waited": "waited for others",
    "not_given": "not given by the host",
}
#: How reports name ``OpenReason.MACHINE``.
MACHINE = "machine"
#: Cores: a smaller part is left out of the line.
MIN_SHOWN_CORES = 0.05


def figure(interval: Mapping[str, Any] | None, unit: str = "", *, limit: float | None = None) -> str:
    """``1.85x [1.80, 1.91]``; ``-`` for what was not measured, ``?`` for an unknown bound.

    Args:
        interval: as in the JSON report.
        unit: after the estimate.
        limit: the bounds get as many digits as it takes to show on which side of this limit they lie.
    """
    if interval is None:
        return "-"
    bounds = [interval["low"], interval["high"]]
    digits = max((digits_beside(bound, limit, DIGITS) for bound in bounds if bound is not None), default=DIGITS)
    low, high = ("?" if bound is None else f"{bound:.{digits}f}" for bound in bounds)
    return f"{interval['estimate']:.{digits}f}{unit} [{low}, {high}]"


def speedup(record: Mapping[str, Any], unit: str = "x", field: str = "measured_speedup") -> str:
    """``1.85x [1.80, 1.91]``; where other load makes the figure, what it can be comes first: ``[0.7, 2.0] (now 0.8x)``.

    Args:
        record: a result that was measured, or not.
        unit: after the estimate.
        field: the figure where other load does not make it: as measured, or ``speedup``, as it may be without.
    """
    if not _is_of_other_load(record):
        return figure(record[field], unit)
    low, high = (
        "?" if bound is None else f"{bound:.{DIGITS}f}" for bound in map(record["speedup"].get, ("low", "high"))
    )
    return f"[{low}, {high}] (now {estimate(record[field], unit)})"


def _is_of_other_load(record: Mapping[str, Any]) -> bool:
    """Whether the machine left a limit on the speed-up open, and undisturbed rows are too few to say what it is."""
    is_open = any(
        verdict["quantity"] in COMPARISON_LIMITS and verdict.get("open_reason") == MACHINE
        for verdict in record.get("verdicts", ())
    )
    undisturbed = {taken["row"] for taken in record.get("rounds", ()) if taken["counted"]}
    return is_open and not bounds_by_itself(len(undisturbed), record["confidence"])


def limit_figure(verdict: Mapping[str, Any], field: str = "measured", unit: str = "x") -> str:
    """The figure that a limit is held against: ``1.02x [1.00, 1.05]``; in percent where that is on a base.

    Args:
        verdict: one of the record's.
        field: ``measured``, or ``interval``: with what the machine did not give allowed for.
        unit: of a speed-up.
    """
    interval = verdict.get(field) or verdict["interval"]
    if interval and verdict["quantity"] in BASE_LIMITS:
        return percent(interval, limit=verdict["limit"])
    return figure(interval, unit if verdict["quantity"].endswith("_speedup") else "", limit=verdict["limit"])


def percent(interval: Mapping[str, Any], *, limit: float | None = None) -> str:
    """A share as ``45 [44, 46] %``; see ``figure``."""
    low, high = (
        unknown if interval[end] is None else interval[end] for end, unknown in (("low", -math.inf), ("high", math.inf))
    )
    return percent_in_words(Interval(low, interval["estimate"], high, math.nan), limit)


def loss(interval: Mapping[str, Any]) -> tuple[str, str]:
    """``lost`` and ``45 [44, 46] %``; ``won`` and what was won, where that is less than nothing.

    Args:
        interval: share of a base's speed-up.
    """
    if interval["estimate"] >= 0:
        return "lost", percent(interval)
    ends = (("estimate", "estimate"), ("low", "high"), ("high", "low"))
    return "won", percent({end: None if interval[other] is None else -interval[other] for end, other in ends})


def estimate(interval: Mapping[str, Any] | float | None, unit: str = "") -> str:
    """``1.85``, or ``-``."""
    if interval is None:
        return "-"
    return f"{interval if isinstance(interval, int | float) else interval['estimate']:.2f}{unit}"


def threads(record: Mapping[str, Any]) -> str:
    """``2 vs 1``, ``2``, ``inherit vs 1``; ``2 vs 1 cores`` where the sides differ in cores."""
    contender = "inherit" if record["threads"] is None else str(record["threads"])
    compared = contender if record["speedup"] is None else f"{contender} vs {record['baseline']}"
    if not varies_cores(record):
        return compared
    return f"{compared} core" if compared == "1" else f"{compared} cores"


def varies_cores(record: Mapping[str, Any]) -> bool:
    """Whether the sides differ in cores; a report from before they could has threads."""
    return record.get("vary") == "cores"


def side(count: int | None, record: Mapping[str, Any]) -> str:
    """What a side of a record is given: ``2 threads``, ``2 cores``."""
    return side_in_words(count, "cores" if varies_cores(record) else "threads")


def seconds(interval: Mapping[str, Any] | None) -> str:
    """A duration, in a unit that fits it."""
    if interval is None:
        return "-"
    return duration_in_words(interval["estimate"])


def split_line(record: Mapping[str, Any]) -> str:
    """``of 8 cores: 2.9 useful, 2.1 extra CPU, 0.4 uneven, 2.6 idle``; empty where the record does not say.

    Parts under ``MIN_SHOWN_CORES`` are left out. The others are rounded so that they add up to what is left.
    """
    split = record.get("cores_split")
    if not split:
        return ""
    shown = {name: split[name]["estimate"] for name in PARTS if split[name]["estimate"] >= MIN_SHOWN_CORES}
    tenths = _rounded([10 * cores for cores in shown.values()])
    parts = [f"{count / 10:.1f} {PARTS[name]}" for name, count in zip(shown, tenths, strict=True) if count]
    number = split["cores"]
    return f"of {number:g} {'core' if number == 1 else 'cores'}: {', '.join(parts)}"


def _rounded(values: Sequence[float]) -> list[int]:
    """Whole numbers that add up to the rounded sum: those with the largest remainders are rounded up."""
    whole = [math.floor(value) for value in values]
    by_remainder = sorted(range(len(values)), key=lambda place: whole[place] - values[place])
    for place in by_remainder[: round(sum(values)) - sum(whole)]:
        whole[place] += 1
    return whole
