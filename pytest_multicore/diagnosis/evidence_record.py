"""The evidence as plain data, for the JSON report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pytest_multicore.interpreters.native_stacks import NativeStacks
from pytest_multicore.measurement.thread_sampler import ThreadSample

from .evidence import Evidence
from .profile import Profile

#: Threads, lines and shapes in the report, the busiest first.
MAX_ENTRIES = 20
#: Shapes shown on the terminal.
MAX_SHAPES_SHOWN = 3
#: Looks in the timeline of all threads, and in that of one.
MAX_LOOKS, MAX_LOOKS_PER_THREAD = 400, 60


def evidence_record(evidence: Evidence, profile: Profile | None = None) -> dict[str, Any]:
    """The evidence of one observation, with the profile where there is one."""
    samples = evidence.thread_samples
    return {
        "wall_s": samples.wall_s,
        "foreign_cores": samples.foreign_cores,
        "tasks": [_thread_record(thread) for thread in samples.tasks[:MAX_ENTRIES]],
        "timeline": [list(look) for look in samples.timeline[:MAX_LOOKS]],
        "started_with": dict(evidence.variables_at_start),
        "variables": dict(evidence.variables),
        "children_started_with": [dict(variables) for variables in list(samples.variables.values())[:MAX_ENTRIES]],
        "mapped": list(evidence.mapped_files),
        "quota_cores": evidence.quota,
        "throttled_s": evidence.throttled_s,
        "gil": evidence.facts.get("gil"),
        "free_threaded": evidence.facts.get("free_threaded"),
        "theano": evidence.facts.get("theano") or evidence.facts.get("pytensor"),
        "affinity_at_start": evidence.facts.get("affinity_at_start"),
        "affinity": evidence.facts.get("affinity"),
        "observed": {**evidence.observed, "lines": list(evidence.lines)[:MAX_ENTRIES]} if evidence.observed else None,
        "blas_calls": None if evidence.calls is None else [asdict(call) for call in evidence.calls[:MAX_ENTRIES]],
        "blas_not_recorded": evidence.recorder_error or None,
        "blas_threshold": evidence.threshold,
        "blas_share_under_threshold": share_under_threshold(evidence),
        "native": None if evidence.native is None else _native_record(evidence.native),
        "steps": None if evidence.steps is None else asdict(evidence.steps),
        "profile": None if profile is None else {**profile.as_json(), "told": profile.lines()},
    }


def _native_record(native: NativeStacks) -> dict[str, Any]:
    return {**asdict(native), "functions": [asdict(function) for function in native.functions[:MAX_ENTRIES]]}


def _thread_record(thread: ThreadSample) -> dict[str, Any]:
    """A thread, with at most MAX_LOOKS_PER_THREAD of its looks, spread over the time."""
    step = max(1, math.ceil(len(thread.timeline) / MAX_LOOKS_PER_THREAD))
    return {**asdict(thread), "timeline": [list(look) for look in thread.timeline[::step]]}


def share_under_threshold(evidence: Evidence) -> float | None:
    """Share of the products that the BLAS keeps on one thread; None where products or threshold are unknown."""
    products = [call for call in evidence.calls or () if call.multiply_adds and "gemm" in call.routine]
    if not products or evidence.threshold is None:
        return None
    small = sum(call.count for call in products if call.multiply_adds <= evidence.threshold)
    return small / sum(call.count for call in products)


def blas_call_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """The recorded BLAS calls of one repetition, in lines for the terminal."""
    if record["blas_calls"] is None:
        yield f"BLAS calls were not recorded: {record['blas_not_recorded']}"
        return
    calls = record["blas_calls"]
    if not calls:
        yield "no BLAS level-3 calls"
        return
    shapes = [
        f"{call['count']:g} {call['routine']} of {call['m']} x {call['n']} x {call['k']}"
        f" in {call['seconds'] * 1e3:.3g} ms"
        for call in calls[:MAX_SHAPES_SHOWN]
    ]
    more = f", and {len(calls) - MAX_SHAPES_SHOWN} more shapes" if len(calls) > MAX_SHAPES_SHOWN else ""
    yield f"BLAS calls in a repetition: {', '.join(shapes)}{more}"
    threshold, share = record["blas_threshold"], record["blas_share_under_threshold"]
    if share is not None:
        yield f"{share:.0%} of the products are under this BLAS's threshold of {threshold:,} multiply-adds (probed)"
