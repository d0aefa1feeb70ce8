"""The evidence as plain data, for the JSON report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pytest_multicore.measurement.thread_sampler import ThreadSample

from .evidence import Evidence
from .profile import Profile

#: Lines, shapes and looks told, the busiest first.
MOST = 20
#: Shapes told on the terminal.
FEW = 3
#: Looks told of a timeline.
MOST_LOOKS, MOST_LOOKS_OF_A_TASK = 400, 60


def evidence_record(found: Evidence, profile: Profile | None = None) -> dict[str, Any]:
    """What was seen in the run of its own."""
    return {
        "wall_s": found.seen.wall_s,
        "foreign_cores": found.seen.foreign_cores,
        "tasks": [_task(task) for task in found.seen.tasks[:MOST]],
        "timeline": [list(look) for look in found.seen.timeline[:MOST_LOOKS]],
        "started_with": dict(found.started_with),
        "variables": dict(found.variables),
        "children_started_with": [dict(one) for one in list(found.seen.variables.values())[:MOST]],
        "mapped": list(found.mapped),
        "quota_cores": found.quota,
        "throttled_s": found.throttled_s,
        "gil": found.facts.get("gil"),
        "free_threaded": found.facts.get("free_threaded"),
        "theano": found.facts.get("theano") or found.facts.get("pytensor"),
        "affinity_at_start": found.facts.get("affinity_at_start"),
        "affinity": found.facts.get("affinity"),
        "observed": {**found.observed, "lines": list(found.lines)[:MOST]} if found.observed else None,
        "blas_calls": None if found.calls is None else [asdict(call) for call in found.calls[:MOST]],
        "blas_not_recorded": found.not_recorded or None,
        "blas_threshold": found.threshold,
        "blas_share_under_threshold": share_under_threshold(found),
        "profile": None if profile is None else {**profile.as_json(), "told": profile.lines()},
    }


def _task(task: ThreadSample) -> dict[str, Any]:
    """A thread, with as many of its looks as a reader can take in, spread over the time."""
    step = max(1, math.ceil(len(task.timeline) / MOST_LOOKS_OF_A_TASK))
    return {**asdict(task), "timeline": [list(look) for look in task.timeline[::step]]}


def share_under_threshold(found: Evidence) -> float | None:
    """Of the products' number, those that the BLAS does not split; None where either is unknown."""
    products = [call for call in found.calls or () if call.work and "gemm" in call.routine]
    if not products or found.threshold is None:
        return None
    small = sum(call.count for call in products if call.work <= found.threshold)
    return small / sum(call.count for call in products)


def blas_calls(evidence: Mapping[str, Any]) -> Iterator[str]:
    """The recorded BLAS calls of one repetition, in lines for the terminal."""
    if evidence["blas_calls"] is None:
        yield f"BLAS calls were not recorded: {evidence['blas_not_recorded']}"
        return
    calls = evidence["blas_calls"]
    if not calls:
        yield "no BLAS level-3 calls"
        return
    shapes = [
        f"{call['count']:g} {call['routine']} of {call['m']} x {call['n']} x {call['k']}"
        f" in {call['seconds'] * 1e3:.3g} ms"
        for call in calls[:FEW]
    ]
    more = f", and {len(calls) - FEW} more shapes" if len(calls) > FEW else ""
    yield f"BLAS calls in a repetition: {', '.join(shapes)}{more}"
    threshold, share = evidence["blas_threshold"], evidence["blas_share_under_threshold"]
    if share is not None:
        yield f"{share:.0%} of the products are under this BLAS's threshold of {threshold:,} multiply-adds (probed)"
