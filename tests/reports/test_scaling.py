"""A scaling series in the JSON report and in words."""

import json
from typing import Any

import jsonschema
import pytest

from pytest_multicore.reports.failure import missed_text
from pytest_multicore.reports.json_report import SCHEMA_FILE
from pytest_multicore.reports.record import record
from pytest_multicore.reports.scaling import series_line
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.limits import Limits, Outcome, comparison_figures, verdicts_on
from pytest_multicore.verdicts.result import Result
from tests.rounds import made


def result(times_s: dict[int, float], cores: float = 64, rows: int = 20) -> Result:
    """Of rows that all took these times, held to a speed-up that they miss."""
    taken = [tuple(made(time_s, threads=count, os_threads=count) for count, time_s in times_s.items())] * rows
    compared = figures.comparison([(row[-1], row[0]) for row in taken], 0.99)
    return Result(
        test="test_a.py::test_it",
        workload="work",
        arguments={},
        environment="current",
        threads=max(times_s),
        baseline=min(times_s),
        outcome=Outcome.FAILED,
        reason="",
        budget_s=30.0,
        duration_s=1.0,
        confidence=0.99,
        seed=0,
        verdicts=verdicts_on(Limits(min_speedup=10), comparison_figures(compared)),
        measurement=compared.contender,
        comparison=compared,
        scaling=figures.scaling(list(times_s), taken, 0.99, cores),
    )


def told(times_s: dict[int, float], cores: float = 64, rows: int = 20) -> dict[str, Any]:
    """The record, checked against the schema."""
    found: dict[str, Any] = json.loads(json.dumps(record(result(times_s, cores, rows)), allow_nan=False))
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.validate(found, {"$ref": "#/$defs/result", "$defs": schema["$defs"]})
    return found


def test_a_serial_fraction_that_two_counts_give() -> None:
    found = told({1: 0.2, 2: 0.15, 4: 0.151}, cores=2)
    law = found["scaling_law"]
    assert (law["model"], law["threads"], law["left_out"], law["tested"]) == ("amdahl", [1, 2], [4], False)
    assert series_line(found) == (
        "200 ms at 1 thread, 150 ms at 2, 151 ms at 4; "
        "serial fraction 0.50 [0.50, 0.50] (Amdahl, 1 to 2 threads; untested with so few counts); "
        "at 4 threads on as many cores 1.60x [1.00, 1.60]; "
        "4 threads are more than the cores granted and say nothing of it"
    )


def test_threads_that_hinder_each_other() -> None:
    times = {n: (1 + 0.05 * (n - 1) + 0.01 * n * (n - 1)) / n for n in (1, 2, 4, 8, 16)}
    found = told(times)
    assert found["scaling_law"]["model"] == "usl"
    words = series_line(found)
    assert words is not None
    assert "at most 0.07 at 2, at least 0.21 at 16: not Amdahl's law; serial fraction 0.05 [0.05, 0.05]" in words
    assert "coherence 0.01 [0.01, 0.01] (Universal Scalability Law, 1 to 16 threads)" in words
    assert "fastest at 9.75 [9.75, 9.75] threads; at 32 threads 2.57x [2.57, 2.57]" in words


def test_no_law_and_superlinear_speedups() -> None:
    found = told({1: 0.4, 2: 0.18, 4: 0.16})
    assert found["scaling_law"]["serial_fraction"] is None
    assert found["scaling_law"]["predictions"] == []
    assert series_line(found) == (
        "400 ms at 1 thread, 180 ms at 2, 160 ms at 4; "
        "no one serial fraction (Amdahl, 1 to 4 threads): "
        "the serial fraction grows with the threads, at most -0.10 at 2, at least 0.20 at 4; "
        "faster at 2 threads than so many cores can be"
    )


def test_fractions_that_are_no_number_are_left_out_of_the_report() -> None:
    """Four threads take twice the time of two: no fraction comes near."""
    found = told({2: 0.1, 4: 0.2})
    assert found["scaling_law"]["fractions"] == []
    assert "4 threads are slower than fewer" in str(series_line(found))


@pytest.mark.parametrize(("cores", "rows"), [(1, 20), (64, 2)])
def test_times_are_told_where_there_is_no_law(cores: float, rows: int) -> None:
    found = told({1: 0.2, 2: 0.15}, cores, rows)
    assert found["scaling_law"] is None
    assert series_line(found) == "200 ms at 1 thread, 150 ms at 2"


def test_other_measurements_are_no_series() -> None:
    assert series_line({**told({1: 0.2, 2: 0.15}), "scaling": None, "scaling_law": None}) is None


def test_a_missed_limit_tells_the_law() -> None:
    missed = result({1: 0.2, 2: 0.15})
    text = missed_text(missed, record(missed))
    assert "\n  scaling  200 ms at 1 thread, 150 ms at 2; serial fraction 0.50" in text
