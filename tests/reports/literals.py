"""Reports made of literals, valid by the schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema

from pytest_multicore.measurement.machine import Machine
from pytest_multicore.reports.json_report import SCHEMA_FILE, report
from pytest_multicore.reports.record import record
from pytest_multicore.verdicts.judge import Judgement, judgement
from pytest_multicore.verdicts.limits import Limits, Outcome
from pytest_multicore.verdicts.result import Result
from tests.rounds import rows, sides, spaced

MACHINE = Machine(8, tuple(range(8)), None, 4, "Fast & Cheap <9>", "Linux 6")
CAUSE = {
    "key": "thread-limit",
    "proven": True,
    "strength": 1.0,
    "evidence": "OMP_THREAD_LIMIT=1 is set",
    "remedy": "unset it",
    "trial": "2 threads without it: 1.9x",
    "also": [],
}
SPLIT = {
    "cores": 2,
    "useful": {"estimate": 1.1, "low": 1.05, "high": 1.2},
    "extra_cpu": {"estimate": 0.5, "low": 0.4, "high": 0.6},
    "uneven": 0.1,
    "idle": {"estimate": 0.2, "low": None, "high": 0.3},
    "waited": None,
    "not_given": 0.1,
}
#: What a test may be called, and what its output may hold: markup, links, commands, sequences for terminals.
HOSTILE = (
    "a|b \\| `x` <script>alert(1)</script> <img src=x onerror=y> &lt; @someone #12 org/repo#3 GH-7 **b** _c_ ~~d~~ "
    "[t](http://e.org) https://e.org/x www.e.org m@e.org $x$ ![i](j) \x1b[31mred\x1b]8;;http://e.org\x07link\x1b\\ "
    "\u202eback \ud800 end\n::error::boo\r\n- item\n# title"
)


def measured(
    speedup: float = 1.8, *, count: int = 22, test: str = "tests/test_a.py::test_it", **changes: Any
) -> dict[str, Any]:
    """The record of rows that all show this speed-up, held to ``min_speedup=1.5``."""
    names = {name: changes.pop(name) for name in ("workload", "environment") if name in changes}
    return {**record(replace(result(speedup, count=count, test=test), **names)), **changes}


def result(speedup: float, *, count: int = 22, test: str = "tests/test_a.py::test_it") -> Result:
    """As ``measured``, before it became a record."""
    judged = judgement(Limits(min_speedup=1.5), rows(count, speedup), 0.99)
    return replace(_result(judged, test), python="3.13.1")


def against_base(
    two_s: float, one_s: float, cores: float = 2.0, *, test: str = "tests/test_a.py::test_it", **changes: Any
) -> dict[str, Any]:
    """The record of a program against a base that takes 0.05 s at two threads and 0.1 s at one; ``max_loss=0.1``."""
    taken = spaced([(*sides(two_s, one_s, cores), *sides(0.05, 0.1))] * 20)
    judged = judgement(Limits(max_loss=0.1), taken, 0.99)
    differences = ("numpy: 2.4.6, base 1.26.4",)
    result = replace(_result(judged, test), against=judged.against, base="git:main", differences=differences)
    return {**record(result), **changes}


def _result(judged: Judgement, test: str) -> Result:
    return Result(
        test=test,
        workload="test_it",
        arguments={},
        environment="current",
        threads=2,
        baseline=1,
        outcome=judged.outcome,
        reason="",
        budget_s=30.0,
        duration_s=1.5,
        confidence=0.99,
        seed=0,
        verdicts=judged.verdicts,
        measurement=judged.measured,
        comparison=judged.compared,
    )


def unmeasured(test: str = "tests/test_a.py::test_it", reason: str = "too few cores") -> dict[str, Any]:
    """The record of a test that was never measured."""
    open_result = Result(
        test=test,
        workload="test_it",
        arguments={},
        environment="current",
        threads=2,
        baseline=None,
        outcome=Outcome.INCONCLUSIVE,
        reason=reason,
        budget_s=30.0,
        duration_s=0.0,
        confidence=0.99,
        seed=0,
    )
    return record(open_result)


def reported(*records: dict[str, Any], cpu: str = MACHINE.cpu, **more: Any) -> dict[str, Any]:
    """The report of these records, as JSON brings it back. Whether it keeps to the schema, its tests ask."""
    whole: dict[str, Any] = json.loads(
        json.dumps({**report(list(records), replace(MACHINE, cpu=cpu)), **more}, allow_nan=False)
    )
    return whole


def valid(report: dict[str, Any]) -> dict[str, Any]:
    """The report, if it keeps to the schema."""
    jsonschema.validate(report, json.loads(SCHEMA_FILE.read_text()))
    return report


def written(file: Path, report: dict[str, Any]) -> Path:
    """The file that holds this report now."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(report))
    return file
