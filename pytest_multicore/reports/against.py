"""A program against its base, in a line: the same on the terminal and in a failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.verdicts.base_comparison import Change

from .words import estimate, loss, side

#: Differences between the two environments on the terminal; the JSON report has all.
MAX_DIFFERENCES = 8


def against_line(record: Mapping[str, Any]) -> str:
    """``against numpy==1.26.4: threading regression: 1.02x for 1.89x, ...``; empty without a base.

    Args:
        record: one of the JSON report's results.
    """
    against = record.get("against")
    if not against:
        return ""
    word, share = loss(against["measured_loss"])
    times = (
        f"{side(threads, record)} {1 + against[name]['estimate']:.2f}x"
        for name, threads in (("slowdown_at_threads", record["threads"]), ("measured_slowdown", record["baseline"]))
    )
    return (
        f"against {against['base']}: {against['change']}: {estimate(record['measured_speedup'], 'x')} for "
        f"{estimate(against['base_speedup'], 'x')}; {word} by threading {share}; "
        f"time of {', of '.join(times)}"
    )


def is_slower(record: Mapping[str, Any]) -> bool:
    """Whether it is slower than its base, and not by threading."""
    return bool(record.get("against")) and record["against"]["change"] == Change.SLOWER.value


def differences_line(record: Mapping[str, Any]) -> str:
    """What differs between the environments of program and base; empty where nothing is known to."""
    differences = (record.get("against") or {}).get("differences", ())
    more = f", and {len(differences) - MAX_DIFFERENCES} more" if len(differences) > MAX_DIFFERENCES else ""
    return ", ".join(differences[:MAX_DIFFERENCES]) + more
