"""The table of measurements as text: a row names its test, and what a narrow terminal has no room for is left out.

A name is never cut: of two tests the beginnings and ends may be the same. One without room stands above its figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .visible import visible_line
from .words import estimate, speedup, threads

Record = Mapping[str, Any]

HEADINGS = (
    *("test", "environment", "BLAS", "threads", "busy", "demanded", "useful", "speed-up", "attained"),
    "outcome",
)
#: What is left out first where the terminal is narrow; what is asked of a gate stays.
OPTIONAL_COLUMNS = ("BLAS", "demanded", "environment", "useful")
GAP = "  "
#: Characters of a test's name that have room beside its figures in any case, and at most, as in a log.
MIN_NAME, MAX_NAME = 20, 200


def table(records: Sequence[Record], width: int) -> tuple[list[list[str]], list[str]]:
    """The rows, each cell as wide as its column, headings first; and the headings of the columns that were left out.

    A cell with a name that has no room holds two lines: the name, and what keeps the figures in their columns.

    Args:
        records: the JSON report's results.
        width: characters that a line may have. Figures need more only if there is no room for MIN_NAME.
    """
    names = names_of_tests(records)
    rows = [dict(zip(HEADINGS, HEADINGS, strict=True))]
    rows += [_cells(name, record) for name, record in zip(names, records, strict=True)]
    left_out: list[str] = []
    for heading in OPTIONAL_COLUMNS:
        if _width(rows) > width:
            left_out.append(heading)
            rows = [{name: cell for name, cell in row.items() if name != heading} for row in rows]
    too_wide = max(0, _width(rows) - width)
    longest = max(MIN_NAME, min(MAX_NAME, max(len(row["test"]) for row in rows) - too_wide))
    rows = [{**row, "test": _above(row["test"], longest)} for row in rows]
    widths = {heading: max(len(row[heading].rpartition("\n")[2]) for row in rows) for heading in rows[0]}
    return [[cell.ljust(widths[heading]) for heading, cell in row.items()] for row in rows], left_out


def names_of_tests(records: Sequence[Record]) -> list[str]:
    """The name of each result's test, with its file where two files have one of that name; and a fixture's workload."""
    short = [record["nodeid"].partition("::")[2] or record["nodeid"] for record in records]
    files: dict[str, set[str]] = {}
    for name, record in zip(short, records, strict=True):
        files.setdefault(name, set()).add(record["nodeid"])
    names = []
    for name, record in zip(short, records, strict=True):
        test = record["nodeid"] if len(files[name]) > 1 else name
        told = test if name.endswith(record["workload"]) else f"{test}: {record['workload']}"
        names.append(visible_line(told))  # a row is one line, as wide as what is shown
    return names


def _cells(name: str, record: Record) -> dict[str, str]:
    cells = (
        name,
        visible_line(record["environment"]),
        record["blas"] or "-",
        threads(record),
        estimate(record["cores"]),
        estimate(record["demand"]),
        estimate(record["useful_cores"]),
        speedup(record),
        estimate(record["attained_speedup"], "x"),
        record["outcome"],
    )
    return dict(zip(HEADINGS, cells, strict=True))


def _width(rows: Sequence[Mapping[str, str]]) -> int:
    columns = [max(len(row[heading]) for row in rows) for heading in rows[0]]
    return sum(columns) + len(GAP) * (len(columns) - 1)


def _above(name: str, length: int) -> str:
    """The name; where it is longer than the column, on a line of its own."""
    return name if len(name) <= length else f"{name}\n{' ' * length}"
