"""A result as plain data, in the JSON report's shape (results.schema.json says which)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.cores_split import CoresSplit
from pytest_multicore.verdicts.figures import Comparison, Measurement, Scaling
from pytest_multicore.verdicts.limits import OpenReason, Verdict
from pytest_multicore.verdicts.pop import PopMetrics
from pytest_multicore.verdicts.result import Result
from pytest_multicore.verdicts.row_sets import disturbance, is_undisturbed
from pytest_multicore.verdicts.scaling_law import Law
from pytest_multicore.verdicts.statistics import Interval

Record = dict[str, Any]


def record(result: Result) -> Record:
    """One entry of the report's ``results``; unknown bounds are null."""
    return {
        "nodeid": result.test,
        "workload": result.workload,
        "arguments": dict(result.arguments),
        "environment": result.environment,
        "python": result.python,
        "blas": result.blas,
        "vary": result.vary,
        "threads": result.threads,
        "baseline": result.baseline,
        "outcome": result.outcome.value,
        "reason": result.reason,
        **_measurement_fields(result.measurement),
        **_comparison_fields(result.comparison),
        "against": _against(result),
        "scaling": _scaling(result.scaling),
        "scaling_law": _law(result.scaling.law) if result.scaling else None,
        "verdicts": [_verdict(verdict) for verdict in result.verdicts],
        "causes": [dict(cause) for cause in result.causes],
        "evidence": dict(result.evidence) or None,
        "warnings": list(result.warnings),
        "notes": list(result.notes),
        "rounds": _rounds(result),
        "libraries": list(result.facts.get("libraries", ())),
        "variables": dict(result.facts.get("variables", {})),
        "start_changes": [dict(change) for change in result.facts.get("start_changes") or ()],
        "collection_changes": [dict(change) for change in result.collection_changes],
        "gil": result.facts.get("gil"),
        "free_threaded": result.facts.get("free_threaded"),
        "frameworks": dict(result.facts.get("frameworks", {})),
        "confidence": result.confidence,
        "seed": result.seed,
        "settle_s": result.settle_s,
        "budget_s": result.budget_s,
        "duration_s": result.duration_s,
        "first_calls": [calls and asdict(calls) for calls in result.first_calls],
    }


def _measurement_fields(measurement: Measurement | None) -> Record:
    if measurement is None:
        return {"wall_s": None, "cores": None, "demand": None, "threads_seen": []}
    return {
        "wall_s": interval_record(measurement.wall_s),
        "cores": interval_record(measurement.cores),
        "demand": interval_record(measurement.demand),
        "threads_seen": _threads(measurement.rounds),
    }


def _comparison_fields(comparison: Comparison | None) -> Record:
    if comparison is None:
        speedups = ("speedup", "measured_speedup", "attained_speedup", "efficiency")
        cores = ("useful_cores", "cpu_inflation", "cores_split", "pop")
        return dict.fromkeys(("baseline_wall_s", "baseline_cores", *speedups, *cores))
    return {
        "baseline_wall_s": interval_record(comparison.baseline.wall_s),
        "baseline_cores": interval_record(comparison.baseline.cores),
        "speedup": interval_record(comparison.speedup),
        "measured_speedup": interval_record(comparison.ratio),
        "attained_speedup": interval_record(comparison.attained),
        "efficiency": interval_record(comparison.efficiency),
        "useful_cores": comparison.useful_cores,
        "cpu_inflation": interval_record(comparison.cpu_inflation),
        "cores_split": _intervals(comparison.cores_split),
        "pop": _intervals(comparison.pop),
    }


def _intervals(figures: CoresSplit | PopMetrics | None) -> Record | None:
    """Figures by name: intervals as data, and numbers as they are."""
    if figures is None:
        return None
    values = {one.name: getattr(figures, one.name) for one in fields(figures)}
    return {name: interval_record(one) if isinstance(one, Interval) else one for name, one in values.items()}


def _against(result: Result) -> Record | None:
    """The program against its base."""
    against = result.against
    if against is None:
        return None
    return {
        "base": result.base,
        "change": against.change(result.verdicts).value,
        "loss": interval_record(against.loss),
        "measured_loss": interval_record(against.measured_loss),
        "slowdown": interval_record(against.slowdown),
        "measured_slowdown": interval_record(against.measured_slowdown),
        "slowdown_at_threads": interval_record(against.slowdown_at_threads),
        "base_wall_s": interval_record(against.base.contender.wall_s),
        "base_cores": interval_record(against.base.contender.cores),
        "base_speedup": interval_record(against.base.ratio),
        "further_losses": list(result.further_losses),
        "confirmed": not any(verdict.open_reason is OpenReason.LAYOUT for verdict in result.verdicts),
        "differences": list(result.differences),
    }


def interval_record(interval: Interval | None) -> Record | None:
    """An interval as data; an unknown bound is null."""
    if interval is None:
        return None
    return {"estimate": interval.estimate, "low": _finite(interval.low), "high": _finite(interval.high)}


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _verdict(verdict: Verdict) -> Record:
    return {
        "quantity": verdict.quantity,
        "limit": verdict.limit,
        "outcome": verdict.outcome.value,
        "interval": interval_record(verdict.interval),
        "measured": interval_record(verdict.measured),
        "open_reason": verdict.open_reason and verdict.open_reason.name.lower().replace("_", "-"),
    }


def _scaling(scaling: Scaling | None) -> list[Record] | None:
    if scaling is None:
        return None
    return [
        {
            "threads": threads,
            "wall_s": interval_record(measurement.wall_s),
            "cores": interval_record(measurement.cores),
            "speedup": interval_record(scaling.speedups[threads]),
        }
        for threads, measurement in scaling.measurements.items()
    ]


def _law(law: Law | None) -> Record | None:
    if law is None:
        return None
    return {
        "model": law.model.value,
        "threads": list(law.threads),
        "left_out": list(law.left_out),
        "serial_fraction": interval_record(law.serial_fraction),
        "coherence": interval_record(law.coherence),
        "peak_threads": interval_record(law.peak_threads),
        "tested": law.tested,
        "superlinear": list(law.superlinear),
        "fractions": [
            {"threads": threads, "serial_fraction": interval_record(fraction)}
            for threads, fraction in law.fractions.items()
            if math.isfinite(fraction.estimate)
        ],
        "predictions": [
            {
                "threads": prediction.threads,
                "speedup": interval_record(prediction.speedup),
                "extrapolated": prediction.extrapolated,
            }
            for prediction in law.predictions
        ],
        "reason": law.reason,
    }


def _rounds(result: Result) -> list[Record]:
    """Every round of every side, in rows: a row is ``counted`` if none of its rounds was disturbed."""
    rows = list(zip(*_sides(result), strict=True))
    return [
        {"row": number, "counted": all(map(is_undisturbed, row)), **_round(taken)}
        for number, row in enumerate(rows)
        for taken in row
    ]


def _sides(result: Result) -> Sequence[tuple[Round, ...]]:
    """The rounds of each side, in the request's order."""
    if result.scaling is not None:
        return [measurement.rounds for measurement in result.scaling.measurements.values()]
    if result.comparison is not None:
        pairs = [result.comparison, *([result.against.base] if result.against else [])]
        return [side.rounds for pair in pairs for side in (pair.contender, pair.baseline)]
    return [result.measurement.rounds] if result.measurement else []


def _round(taken: Round) -> Record:
    fields = {**asdict(taken), "disturbance": disturbance(taken) or None}
    fields["balance_s"] = fields.pop("foreign_raw_s")
    fields["thread_use"] = [[*asdict(use).values()] for use in taken.thread_use]
    return fields


def _threads(rounds: Sequence[Round]) -> list[Mapping[str, Any]]:
    """The threads that got CPU time in the last round, the busiest first."""
    return [asdict(use) for use in rounds[-1].thread_use]
