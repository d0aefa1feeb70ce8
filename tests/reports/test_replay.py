"""A report's rounds, judged again."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.reports.json_report import SCHEMA_FILE, report
from pytest_multicore.reports.record import record
from pytest_multicore.reports.replay import rows_of
from pytest_multicore.rounds.round import Control, Round
from pytest_multicore.verdicts.judge import judgement
from pytest_multicore.verdicts.limits import Limits
from pytest_multicore.verdicts.result import Result
from tests.rounds import look, made, rows

#: Everything that a round may hold beside the plain.
LOOKED_AT = (
    replace(made(0.1, 2.0, control=look(2, 60.0, share=0.7), cores_online=2, began_s=0.5), real_time=True),
    replace(made(0.17, threads=1, control=look(1, 99.0, memory=0.4), began_s=0.7), clocks_s=0.001, foreign_raw_s=-0.01),
)


def result(taken: list[tuple[Round, Round]], limits: Limits) -> Result:
    found = judgement(limits, taken, 0.99)
    return Result(
        test="test_a.py::test_it",
        workload="dot",
        arguments={},
        environment="current",
        threads=2,
        baseline=1,
        outcome=found.outcome,
        reason="",
        budget_s=30.0,
        duration_s=1.0,
        confidence=0.99,
        seed=0,
        verdicts=found.verdicts,
        measurement=found.measured,
        comparison=found.compared,
    )


def written(folder: Path, *results: Result) -> tuple[Path, dict[str, Any]]:
    data = json.loads(json.dumps(report([record(one) for one in results], this_machine()), allow_nan=False))
    jsonschema.validate(data, json.loads(SCHEMA_FILE.read_text()))
    file = folder / "report.json"
    file.write_text(json.dumps(data))
    return file, data


@pytest.mark.parametrize(
    "taken",
    [rows(12, 1.8, disturbed_ones=3), rows(12, 1.8, slowed_to=None), [LOOKED_AT] * 9],
    ids=["disturbed", "nobody looked", "looked at"],
)
def test_rounds_come_back_as_they_were(tmp_path: Path, taken: list[tuple[Round, Round]]) -> None:
    _, data = written(tmp_path, result(taken, Limits(min_speedup=1.5)))
    assert plain(rows_of(data["results"][0])) == plain(taken)


def plain(taken: Sequence[tuple[Round, ...]]) -> list[list[dict[str, Any]]]:
    """Rounds are themselves alone; their contents are compared."""
    return [[asdict(one) for one in row] for row in taken]


def test_a_verdict_says_in_the_report_why_it_is_open_and_what_was_measured(tmp_path: Path) -> None:
    _, data = written(tmp_path, result(rows(12, 1.0, slowed_to=0.6), Limits(min_speedup=1.5, min_cores=1.5)))
    by_cores, by_speedup = data["results"][0]["verdicts"]
    assert (by_cores["outcome"], by_cores["open_reason"]) == ("passed", None)
    assert (by_speedup["outcome"], by_speedup["open_reason"]) == ("inconclusive", "machine")
    assert by_speedup["measured"] == {"low": 1.0, "estimate": 1.0, "high": 1.0}
    assert by_speedup["interval"]["high"] == pytest.approx(1 / 0.6)
    assert data["results"][0]["attained_speedup"]["estimate"] == pytest.approx(1.2)


def older(one: Round, *, speed: float | None = 60.0, looked: bool = True) -> Round:
    """What comes of a round in a file from before there was a control: a look at the pace is all that it has."""
    (told, *_) = record(result([(one, made(0.17, threads=1))], Limits()))["rounds"]
    pace = {"cores": 2, "speed": speed, "fastest": 61.0, "full_speed": 99.0, "full_is_seen": True, "memory": 0.9}
    for newer in ("control", "real_time", "clocks_s"):
        del told[newer]
    ((found,),) = rows_of({"rounds": [{**told, "pace": pace if looked else None, "foremost": True}]})
    return found


def test_rounds_of_older_files_are_read_with_their_looks_as_the_control() -> None:
    found = older(made(0.1, 2.0))
    assert found.control == Control(2, 60.0, 1.0, 0.9)
    assert found.real_time
    assert asdict(replace(found, control=None, real_time=False)) == asdict(made(0.1, 2.0))


def test_an_older_look_is_held_to_the_share_of_a_core_that_the_round_got() -> None:
    """It told no neighbour: half a core waited for by threads that wanted two."""
    found = older(made(0.1, 1.5, demand=2.0, foreign=0.5)).control
    assert found is not None
    assert (found.speed, found.cpu_share) == (pytest.approx(45.0), pytest.approx(0.75))


def test_where_its_waits_are_unknown_the_contender_waited_longest_and_the_baseline_not_at_all() -> None:
    contender = older(made(0.1, 1.5, ended_share=0.5, foreign=0.5)).control
    baseline = older(made(0.1, 1.5, threads=1, ended_share=0.5, foreign=0.5)).control
    assert contender is not None
    assert baseline is not None
    assert (contender.cpu_share, baseline.cpu_share) == (pytest.approx(0.75), 1.0)


@pytest.mark.parametrize("nothing", [{"looked": False}, {"speed": None}], ids=["nobody looked", "no core to be had"])
def test_an_older_round_without_a_look_has_no_control(nothing: dict[str, Any]) -> None:
    assert older(made(0.1, 2.0), **nothing).control is None


def test_what_is_missing_from_a_report_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, data = written(tmp_path, result(rows(12, 1.8), Limits(min_speedup=1.5)))
    spoils: tuple[Callable[[dict[str, Any]], object], ...] = (
        lambda told: told["rounds"][3].pop("wall_s"),
        lambda told: told["rounds"][3].pop("control"),
        lambda told: told["rounds"][3].update(control={"cores": 2}),
        lambda told: told["verdicts"][0].update(quantity="min_colour"),
        lambda told: told.pop("confidence"),
        lambda told: told.update(confidence=2),
        lambda told: told.pop("outcome"),
        lambda told: told["verdicts"][0].pop("outcome"),
        lambda told: told["rounds"][3].update(wall_s=0),
        lambda told: told["rounds"][3].update(wall_s="long"),
        lambda told: told.pop("workload"),
        lambda told: told["rounds"][3].update(cpu_s=-0.1),
        lambda told: told["rounds"].pop(),
        lambda told: told["rounds"].pop(3),
    )
    for spoil in spoils:
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
    assert main(["judge", str(file), "--limit", "min_cores=1"]) == 1, "nothing meets it"
    assert capsys.readouterr().out == f"{file} holds no measurement\n"


def test_the_same_rounds_give_the_same_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = result(rows(12, 1.8), Limits(min_speedup=1.5, min_cores=1.5))
    bad = result(rows(12, 1.1), Limits(min_speedup=1.5))
    undecided = result(rows(12, 1.0, slowed_to=0.6), Limits(min_speedup=1.5))
    file, _ = written(tmp_path, good, bad, undecided)
    assert main(["judge", str(file)]) == 0
    told = capsys.readouterr().out.splitlines()
    *decided, undecided_one = [line.rpartition(": ")[2] for line in told]
    assert decided == ["passed", "passed", "failed"]
    assert undecided_one.startswith("inconclusive (the machine attains too little just now")


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
