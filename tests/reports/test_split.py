"""Where the cores went, in the JSON report and in a line."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_multicore.reports.failure import missed_text
from pytest_multicore.reports.json_report import SCHEMA_FILE
from pytest_multicore.reports.record import record
from pytest_multicore.reports.words import PARTS, split_line
from pytest_multicore.verdicts.cores_split import CoresSplit
from pytest_multicore.verdicts.limits import Limits
from pytest_multicore.verdicts.pop import PopMetrics
from tests.rounds import made, rows

from .test_replay import result, written


def told(cores: float, **estimates: float) -> dict[str, Any]:
    parts = {name: {"estimate": estimates.get(name, 0.0), "low": None, "high": None} for name in PARTS}
    return {"cores_split": {"cores": cores, **parts}}


def test_a_result_has_the_split_and_the_efficiencies(tmp_path: Path) -> None:
    """``written`` holds it to the schema."""
    _, data = written(tmp_path, result(rows(12, 1.2), Limits(min_speedup=1.5)))
    (one,) = data["results"]
    split, pop = one["cores_split"], one["pop"]
    assert list(split) == [part.name for part in fields(CoresSplit)]
    assert list(pop) == [metric.name for metric in fields(PopMetrics)]
    assert split["cores"] == 2
    assert split["useful"] == {name: pytest.approx(1.2) for name in ("estimate", "low", "high")}
    assert split["extra_cpu"]["estimate"] == pytest.approx(0.8)
    assert sum(split[name]["estimate"] for name in PARTS) == pytest.approx(2)
    assert pop["computation_scaling"]["estimate"] == pytest.approx(0.6)


def test_the_bounds_that_few_rows_do_not_give_are_null(tmp_path: Path) -> None:
    _, data = written(tmp_path, result(rows(3, 1.2), Limits(min_speedup=1.5)))
    assert data["results"][0]["cores_split"]["idle"]["high"] is None


def test_without_a_baseline_there_is_neither(tmp_path: Path) -> None:
    one = replace(result(rows(12, 1.2), Limits()), comparison=None)
    _, data = written(tmp_path, one)
    assert (data["results"][0]["cores_split"], data["results"][0]["pop"]) == (None, None)
    assert split_line(record(one)) == ""


def test_where_the_number_of_cores_is_unknown_there_is_neither() -> None:
    taken = [(made(threads=None), made(threads=1))] * 12
    one = record(result(taken, Limits()))
    assert (one["cores_split"], one["pop"]) == (None, None)


def test_older_files_have_neither(tmp_path: Path) -> None:
    _, data = written(tmp_path, result(rows(12, 1.2), Limits(min_speedup=1.5)))
    (one,) = data["results"]
    del one["cores_split"], one["pop"]
    jsonschema.validate(data, json.loads(SCHEMA_FILE.read_text()))
    assert split_line(one) == ""


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            told(8, useful=2.9, extra_cpu=2.1, uneven=0.4, idle=2.6),
            "of 8 cores: 2.9 useful, 2.1 extra CPU, 0.4 uneven, 2.6 idle",
        ),
        (
            told(4, useful=1.0, waited=2.0, not_given=1.0),
            "of 4 cores: 1.0 useful, 2.0 waited for others, 1.0 not given by the host",
        ),
        (told(2, useful=1.96, idle=0.04), "of 2 cores: 2.0 useful"),
        (told(2, useful=1.93, idle=0.035, waited=0.035), "of 2 cores: 1.9 useful"),
        # Each would be rounded up: together they would be more than there is.
        (told(2, useful=0.95, idle=1.05), "of 2 cores: 1.0 useful, 1.0 idle"),
        (told(4, useful=1.26, idle=1.27, waited=1.47), "of 4 cores: 1.2 useful, 1.3 idle, 1.5 waited for others"),
        (told(1.5, useful=1.0, idle=0.5), "of 1.5 cores: 1.0 useful, 0.5 idle"),
        (told(1, useful=1.0), "of 1 core: 1.0 useful"),
    ],
)
def test_the_line_names_the_parts_that_matter(record: dict[str, Any], line: str) -> None:
    assert split_line(record) == line


def test_a_missed_limit_says_where_the_cores_went() -> None:
    one = result(rows(12, 1.2), Limits(min_speedup=1.5))
    lines = missed_text(one, record(one)).splitlines()
    assert "  split    of 2 cores: 1.2 useful, 0.8 extra CPU" in lines
    assert lines.index("  split    of 2 cores: 1.2 useful, 0.8 extra CPU") == 1 + next(
        number for number, line in enumerate(lines) if line.startswith("  cores ")
    )
