"""The table of examples/fit_today, from literal reports."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from tests.docs.pages import ROOT

EXAMPLE = ROOT / "examples" / "fit_today" / "fit_today.py"
MACHINE = {"cpu": "A CPU", "cores_granted": 2.0, "os": "Linux"}


def record(speedup: float | None = 0.97, **changed: Any) -> dict[str, Any]:
    """A result with its figures; without a speed-up nothing was measured."""
    parts = {"useful": {"estimate": speedup}, "extra_cpu": {"estimate": 0.3}, "idle": {"estimate": 0.7}}
    return {
        "nodeid": "test_fit[jax-32]",
        "workload": "fit on jax (batch_size=32)",
        "arguments": {"batch_size": 32},
        "environment": "jax",
        "outcome": "failed",
        "reason": None,
        "baseline_wall_s": {"estimate": 0.100},
        "wall_s": {"estimate": 0.103},
        "cores": {"estimate": 1.3},
        "useful_cores": speedup,
        "speedup": None if speedup is None else {"estimate": speedup},
        "attained_speedup": {"estimate": 1.9},
        "cores_split": {"cores": 2.0, "uneven": {"estimate": 0.01}, **parts},
        "frameworks": {"numpy": "2.5.5", "jax": "0.12.0", "keras": "3.15.1"},
        "evidence": {"seconds": 1.0},
        "causes": [{"key": "small-steps", "proven": True}, {"key": "serial-native", "proven": False}],
        **changed,
    }


def rows(*reports: list[dict[str, Any]]) -> list[str]:
    table = runpy.run_path(str(EXAMPLE))["table"]
    return list(table([{"machine": MACHINE, "results": results} for results in reports]))[4:]


def test_a_row_tells_figures_cores_and_the_first_cause() -> None:
    assert rows([record()]) == [
        "| fit, batch 32 | keras 3.15.1, jax 0.12.0 | 100 | 103 | 1.30 | 0.97 | 0.97x | 1.90x | "
        "1.0 useful, 0.3 extra CPU, 0.7 idle | `small-steps`, proven |"
    ]


def test_of_several_reports_each_figure_is_the_median_and_causes_are_counted() -> None:
    (row,) = rows([record(0.9)], [record(1.0)], [record(1.4, causes=[])])
    assert "| 1.00x |" in row
    assert row.endswith("| `small-steps`, proven (2 of 3); no cause was found (1 of 3) |")


def test_what_could_not_be_measured_says_why() -> None:
    reason = "no environment 'jax':\nno index | reached"
    (row,) = rows([record(None, reason=reason, outcome="inconclusive", frameworks={})])
    assert row.startswith("| fit, batch 32 | `jax` | - |")
    assert row.endswith("| - | not measured: no environment 'jax': no index \\| reached |")


def test_a_report_that_measured_is_taken_before_one_that_did_not() -> None:
    (row,) = rows([record(0.97)], [record(None, reason="undecided")])
    assert "| 0.97x |" in row


def test_a_cause_that_nobody_looked_for_is_not_missing() -> None:
    (row,) = rows([record(causes=[], evidence=None)])
    assert row.endswith("| no cause was looked for |")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("passed", "none: the cores are used"), ("failed", "no cause was found"), ("inconclusive", "undecided")],
)
def test_a_row_without_a_cause_says_so(outcome: str, said: str) -> None:
    (row,) = rows([record(causes=[], outcome=outcome)])
    assert row.endswith(f"| {said} |")
