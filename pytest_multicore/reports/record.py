"""A result as plain data, in the JSON report's shape (results.schema.json says which)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.figures import Comparison, Measurement, Scaling
from pytest_multicore.verdicts.limits import Verdict
from pytest_multicore.verdicts.result import Result
from pytest_multicore.verdicts.row_sets import disturbance, is_undisturbed
from pytest_multicore.verdicts.scaling_law import Law
from pytest_multicore.verdicts.statistics import Interval

Record = dict[str, Any]


def record(result: Result) -> Record:
    """One entry of the report's ``results``. Bounds that the data do not give are null."""
    compared, measured = result.comparison, result.measurement
    return {
        "nodeid": result.test,
        "workload": result.workload,
        "arguments": dict(result.arguments),
        "environment": result.environment,
        "python": result.python,
        "blas": result.blas,
        "threads": result.threads,
        "baseline": result.baseline,
        "outcome": result.outcome.value,
        "reason": result.reason,
        **_of_measurement(measured),
        **_of_comparison(compared),
        "scaling": _scaling(result.scaling),
        "scaling_law": _law(result.scaling.law) if result.scaling else None,
        "verdicts": [_verdict(one) for one in result.verdicts],
        "causes": [dict(one) for one in result.causes],
        "evidence": dict(result.evidence) or None,
        "warnings": list(result.warnings),
        "notes": list(result.notes),
        "rounds": _rounds(measured, compared, result.scaling),
        "libraries": list(result.facts.get("libraries", ())),
        "variables": dict(result.facts.get("variables", {})),
        "frameworks": dict(result.facts.get("frameworks", {})),
        "confidence": result.confidence,
        "seed": result.seed,
        "budget_s": result.budget_s,
        "duration_s": result.duration_s,
        "first_calls": [one and asdict(one) for one in result.first_calls],
    }


def _of_measurement(measured: Measurement | None) -> Record:
    if measured is None:
        return {"wall_s": None, "cores": None, "demand": None, "threads_seen": []}
    return {
        "wall_s": interval(measured.wall_s),
        "cores": interval(measured.cores),
        "demand": interval(measured.demand),
        "threads_seen": _threads(measured.rounds),
    }


def _of_comparison(compared: Comparison | None) -> Record:
    if compared is None:
        speedups = ("speedup", "measured_speedup", "attained_speedup", "efficiency")
        return dict.fromkeys(("baseline_wall_s", "baseline_cores", *speedups, "useful_cores", "cpu_inflation"))
    return {
        "baseline_wall_s": interval(compared.baseline.wall_s),
        "baseline_cores": interval(compared.baseline.cores),
        "speedup": interval(compared.speedup),
        "measured_speedup": interval(compared.ratio),
        "attained_speedup": interval(compared.attained),
        "efficiency": interval(compared.efficiency),
        "useful_cores": compared.useful_cores,
        "cpu_inflation": interval(compared.cpu_inflation),
    }


def interval(found: Interval | None) -> Record | None:
    """An interval as data; a bound that the data do not give is null."""
    if found is None:
        return None
    return {"estimate": found.estimate, "low": _finite(found.low), "high": _finite(found.high)}


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _verdict(verdict: Verdict) -> Record:
    return {
        "quantity": verdict.quantity,
        "limit": verdict.limit,
        "outcome": verdict.outcome.value,
        "interval": interval(verdict.interval),
        "measured": interval(verdict.measured),
        "open_reason": verdict.open_reason and verdict.open_reason.name.lower().replace("_", "-"),
    }


def _scaling(scaling: Scaling | None) -> list[Record] | None:
    if scaling is None:
        return None
    return [
        {
            "threads": threads,
            "wall_s": interval(measured.wall_s),
            "cores": interval(measured.cores),
            "speedup": interval(scaling.speedups[threads]),
        }
        for threads, measured in scaling.measurements.items()
    ]


def _law(law: Law | None) -> Record | None:
    if law is None:
        return None
    return {
        "model": law.model.value,
        "threads": list(law.threads),
        "left_out": list(law.left_out),
        "serial_fraction": interval(law.serial_fraction),
        "coherence": interval(law.coherence),
        "peak_threads": interval(law.peak_threads),
        "tested": law.tested,
        "superlinear": list(law.superlinear),
        "fractions": [
            {"threads": threads, "serial_fraction": interval(found)}
            for threads, found in law.fractions.items()
            if math.isfinite(found.estimate)
        ],
        "predictions": [
            {"threads": one.threads, "speedup": interval(one.speedup), "extrapolated": one.extrapolated}
            for one in law.predictions
        ],
        "reason": law.reason,
    }


def _rounds(measured: Measurement | None, compared: Comparison | None, scaling: Scaling | None) -> list[Record]:
    """Every round of every side, in rows: a row is ``counted`` when none of its rounds was disturbed."""
    if scaling is not None:
        sides: Sequence[tuple[Round, ...]] = [one.rounds for one in scaling.measurements.values()]
    elif compared is not None:
        sides = [compared.contender.rounds, compared.baseline.rounds]
    else:
        sides = [measured.rounds] if measured else []
    rows = list(zip(*sides, strict=True))
    return [
        {"row": number, "counted": all(map(is_undisturbed, row)), **_round(taken)}
        for number, row in enumerate(rows)
        for taken in row
    ]


def _round(taken: Round) -> Record:
    plain = {**asdict(taken), "disturbance": disturbance(taken) or None}
    plain["balance_s"] = plain.pop("foreign_raw_s")
    plain["thread_use"] = [[use.name, use.pid, use.tid, use.cpu_s] for use in taken.thread_use]
    return plain


def _threads(rounds: Sequence[Round]) -> list[Mapping[str, Any]]:
    """The threads that got CPU time in the last round, the busiest first."""
    return [asdict(use) for use in rounds[-1].thread_use]
