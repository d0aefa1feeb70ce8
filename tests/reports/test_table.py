"""The table of measurements, on terminals of any width."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_multicore.reports.table import GAP, HEADINGS, table
from pytest_multicore.reports.words import speedup


def made(nodeid: str, workload: str = "", **fields: Any) -> Mapping[str, Any]:
    interval = {"estimate": 1.854, "low": 1.8, "high": 1.9}
    return {
        "nodeid": nodeid,
        "workload": workload or nodeid.rpartition("::")[2],
        "environment": "current",
        "blas": "OpenBLAS 0.3.31.188.0 pthreads, 2 threads",
        "threads": 2,
        "baseline": 1,
        "cores": interval,
        "demand": interval,
        "useful_cores": 1.8,
        "speedup": interval,
        "measured_speedup": interval,
        "attained_speedup": interval,
        "outcome": "passed",
        **fields,
    }


LONG = made("tests/test_a.py::test_of_a_long_name_that_says_what_is_measured[float32-2048]", blas=None)
RECORDS = [made("test_a.py::test_product"), made("test_a.py::test_fit", "fit on numpy"), LONG]


def lines(records: Sequence[Mapping[str, Any]], width: int) -> list[str]:
    return [line.rstrip() for row in table(records, width)[0] for line in GAP.join(row).split("\n")]


def test_a_wide_terminal_shows_every_column_and_rows_name_their_tests() -> None:
    rows, left_out = table(RECORDS, 400)
    assert [cell.strip() for cell in rows[0]] == list(HEADINGS)
    assert left_out == []
    assert [row[0].strip() for row in rows[1:]] == [
        "test_product",
        "test_fit: fit on numpy",
        "test_of_a_long_name_that_says_what_is_measured[float32-2048]",
    ]


@pytest.mark.parametrize("width", [79, 100, 120, 140])
def test_what_matters_fits_the_width(width: int) -> None:
    shown = lines(RECORDS, width)
    assert max(map(len, shown)) <= width
    for heading in ("test", "threads", "busy", "speed-up", "attained", "outcome"):
        assert heading in shown[0]
    figures = [line for line in shown[1:] if "1.85x [1.80, 1.90]" in line and line.endswith("passed")]
    assert len(figures) == len(RECORDS)
    names = {line.partition(GAP)[0] for line in shown}
    assert names >= {"test_product", "test_fit: fit on numpy", LONG["nodeid"].partition("::")[2]}


def test_what_was_left_out_is_named_in_the_order_of_the_rows_need() -> None:
    assert table(RECORDS[:1], 79)[1] == ["BLAS", "demanded", "environment"]
    assert table(RECORDS[:1], 110)[1] == ["BLAS"]


def test_a_name_without_room_stands_above_its_figures_and_stays_whole() -> None:
    """Cut names of keras#2544's tests were the same for NumPy and Theano."""
    short = made("test_a.py::test_product")
    pair = [made(f"test_a.py::test_fit_uses_the_cores{end}", "fit on (batch_size=32)") for end in ("", "_on_theano")]
    _, beside, *others = lines([short, *pair], 79)
    assert beside.startswith("test_product  ")
    for name, figures in zip(others[::2], others[1::2], strict=True):
        assert figures == " " * len("test_product") + beside.removeprefix("test_product")
        assert name.endswith(": fit on (batch_size=32)")
    assert others[0] != others[2]


def test_where_there_is_room_for_nothing_the_name_is_whole() -> None:
    heading, name, figures = lines([LONG], 10)
    assert heading.split()[0] == "test"
    assert name == "test_of_a_long_name_that_says_what_is_measured[float32-2048]"
    assert figures.split()[:2] == ["2", "vs"]


def test_one_long_parameter_makes_not_every_row_of_a_log_as_long() -> None:
    shown = lines([*RECORDS, made(f"test_a.py::test_it[{'x' * 10_000}]")], sys.maxsize)
    assert [len(line) > 350 for line in shown] == [False] * 4 + [True, False], "the name has a line of its own"


def test_tests_of_one_name_show_their_files() -> None:
    twice = [made("a/test_a.py::test_it"), made("b/test_b.py::test_it"), made("b/test_b.py::test_other")]
    assert [line.split()[0] for line in lines(twice, 400)[1:]] == [
        "a/test_a.py::test_it",
        "b/test_b.py::test_it",
        "test_other",
    ]


def test_an_error_without_figures_has_a_row() -> None:
    none: dict[str, Any] = dict.fromkeys(
        ("cores", "demand", "useful_cores", "speedup", "measured_speedup", "attained_speedup", "blas")
    )
    assert lines([made("test_a.py::test_it", outcome="error", **none)], 400)[1].split() == [
        *("test_it", "current", "-", "2", "-", "-", "-", "-", "-", "error")
    ]


@pytest.mark.parametrize(
    ("undisturbed", "reason", "told"),
    [
        (3, "machine", "[0.71, 1.98] (now 0.76x)"),
        (10, "machine", "[0.71, 1.98] (now 0.76x)"),
        (11, "machine", "0.76x [0.71, 0.89]"),
        (3, "near", "0.76x [0.71, 0.89]"),
        (3, None, "0.76x [0.71, 0.89]"),
    ],
)
def test_what_a_speedup_can_be_is_first_where_the_figure_is_other_loads(
    undisturbed: int, reason: str | None, told: str
) -> None:
    """Of 47 rows beside busy neighbours a bare 0.76x was what a reader would quote."""
    record = made(
        "test_a.py::test_loop",
        confidence=0.99,
        verdicts=[{"quantity": "min_speedup", "limit": 1.5, "open_reason": reason}],
        rounds=[{"row": number // 2, "counted": number // 2 < undisturbed} for number in range(94)],
        measured_speedup={"estimate": 0.76, "low": 0.71, "high": 0.89},
        speedup={"estimate": 0.76, "low": 0.71, "high": 1.98},
    )
    assert told in lines([record], 400)[1]
    assert speedup(record, "×") == told.replace("x", "×")
