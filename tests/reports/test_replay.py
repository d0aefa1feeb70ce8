"""A report's rounds, judged again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.measurement.pace import Pace
from pytest_multicore.measurement.rounds import Round
from pytest_multicore.reports.json_report import SCHEMA_FILE, report
from pytest_multicore.reports.record import record
from pytest_multicore.reports.replay import rows_of
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.limits import Limits, judge, of_comparison, overall
from pytest_multicore.verdicts.result import Result
from tests.rounds import made, rows

CLOCKED = [tuple(replace(one, clocks_s=1e-4) for one in row) for row in rows(12, 1.8)]
PACED = [(made(0.1, 2.0, pace=Pace(2, 60.0, 100.0)), made(0.17, 1.0, threads=1, pace=Pace(1, 99.0, 100.0)))] * 9


def result(taken: list[tuple[Round, Round]], limits: Limits) -> Result:
    compared = figures.comparison(taken, 0.99)
    verdicts = judge(limits, of_comparison(compared))
    return Result(
        test="test_a.py::test_it",
        workload="dot",
        arguments={},
        environment="current",
        threads=2,
        baseline=1,
        outcome=overall(verdicts),
        reason="",
        budget_s=30.0,
        duration_s=1.0,
        confidence=0.99,
        seed=0,
        verdicts=verdicts,
        measurement=compared.contender,
        comparison=compared,
    )


def written(folder: Path, *results: Result) -> tuple[Path, dict[str, Any]]:
    data = json.loads(json.dumps(report([record(one) for one in results], this_machine()), allow_nan=False))
    jsonschema.validate(data, json.loads(SCHEMA_FILE.read_text()))
    file = folder / "report.json"
    file.write_text(json.dumps(data))
    return file, data


@pytest.mark.parametrize("taken", [rows(12, 1.8, disturbed=3), PACED, CLOCKED], ids=["disturbed", "paced", "clocked"])
def test_rounds_come_back_as_they_were(tmp_path: Path, taken: list[tuple[Round, Round]]) -> None:
    _, data = written(tmp_path, result(taken, Limits(min_speedup=1.5)))
    assert rows_of(data["results"][0]) == taken


def test_a_file_from_before_the_clocks_were_timed_is_read(tmp_path: Path) -> None:
    _, data = written(tmp_path, result(CLOCKED, Limits(min_speedup=1.5)))
    for one in data["results"][0]["rounds"]:
        del one["clocks_s"]
    jsonschema.validate(data, json.loads(SCHEMA_FILE.read_text()))
    assert rows_of(data["results"][0]) == rows(12, 1.8)


def test_what_is_missing_from_a_report_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, data = written(tmp_path, result(rows(12, 1.8), Limits(min_speedup=1.5)))
    for spoil in (
        lambda told: told["rounds"][3].pop("wall_s"),
        lambda told: told["rounds"][3].update(colour="red"),
        lambda told: told["verdicts"][0].update(quantity="min_colour"),
        lambda told: told.pop("confidence"),
        lambda told: told.update(confidence=2),
        lambda told: told.pop("outcome"),
        lambda told: told["verdicts"][0].pop("outcome"),
        lambda told: told["rounds"][3].update(wall_s=0),
        lambda told: told["rounds"][3].update(wall_s="long"),
        lambda told: told["rounds"][3].update(repeat=10**400),
        lambda told: told["rounds"][3].update(cpu_s=float("nan")),
        lambda told: told["rounds"].pop(),
        lambda told: told["rounds"].pop(3),
    ):
        spoilt = json.loads(json.dumps(data))
        spoil(spoilt["results"][0])
        file.write_text(json.dumps(spoilt))
        assert main(["judge", str(file)]) == 2
        assert f"{file}: entry 0 of its results does not hold what schema 1 says" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        ({"rounds": []}, "test_a.py::test_it: no round bears out what the report says: passed"),
        ({"outcome": "failed"}, "test_a.py::test_it: in all passed, not failed as in the report"),
    ],
)
def test_what_the_rounds_do_not_bear_out_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: dict[str, object], expected: str
) -> None:
    file, data = written(tmp_path, result(rows(12, 1.8), Limits(min_speedup=1.5)))
    data["results"][0].update(spoil)
    file.write_text(json.dumps(data))
    assert main(["judge", str(file)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == expected


def test_a_report_without_results_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, _ = written(tmp_path)
    assert main(["judge", str(file)]) == 0
    assert capsys.readouterr().out == f"{file} holds no result that was held to limits\n"


def test_the_same_rounds_give_the_same_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = result(rows(12, 1.8), Limits(min_speedup=1.5, min_cores=1.5))
    bad = result(rows(12, 1.1), Limits(min_speedup=1.5))
    undecided = result(PACED, Limits(min_speedup=1.8))
    file, _ = written(tmp_path, good, bad, undecided)
    assert main(["judge", str(file)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.rpartition(": ")[2] for line in told] == ["passed", "passed", "failed", "inconclusive"]


def test_a_verdict_that_its_rounds_do_not_give_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, data = written(tmp_path, result(rows(12, 1.1), Limits(min_speedup=1.5)))
    data["results"][0]["verdicts"][0]["outcome"] = "passed"
    file.write_text(json.dumps(data))
    assert main(["judge", str(file)]) == 1
    assert "failed, not passed as in the report" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read: No such file"),
        ("{}", "is not a report of pytest-multicore"),
        ("not json", "is not a report of pytest-multicore"),
        ('{"schema": 7, "results": []}', "schema 7; this version reads schema 1"),
    ],
)
def test_what_is_no_report_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, told: str
) -> None:
    file = tmp_path / "report.json"
    if text is not None:
        file.write_text(text)
    assert main(["judge", str(file)]) == 2
    error = capsys.readouterr().err
    assert str(file) in error
    assert told in error
