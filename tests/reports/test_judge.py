"""``python -m pytest_multicore judge``: other limits, chosen tests, and where the report comes from."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.verdicts.judge import judgement
from pytest_multicore.verdicts.limits import Limits
from pytest_multicore.verdicts.result import Result
from tests.rounds import rows

from .test_replay import result, written


def judged(file: Path, *options: str) -> int:
    return main(["judge", str(file), *options])


def test_other_limits_take_the_place_of_a_reports_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, _ = written(tmp_path, result(rows(30, 1.8), Limits(min_speedup=1.5)))
    assert judged(file, "--limit", "min_speedup=1.7", "--limit", "max_cores=2.5") == 0
    assert judged(file, "--limit", "min_speedup=1.9") == 1
    *met, missed = capsys.readouterr().out.splitlines()
    assert [line.rpartition(": ")[2] for line in met] == ["passed", "passed"]
    assert missed == "test_a.py::test_it: dot: min_speedup=1.9 measured 1.80 [1.80, 1.80]: failed"


def test_a_miss_of_rounds_that_were_over_too_soon_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They were stopped by a limit that was met; 3.8 s of them say nothing of what would have come."""
    for count, said in ((20, "inconclusive"), (22, "failed")):
        file, _ = written(tmp_path, result(rows(count, 1.8), Limits(min_speedup=1.5)))
        assert judged(file, "--limit", "min_speedup=1.9") == 1
        assert f": {said}" in capsys.readouterr().out


@pytest.mark.parametrize(("settle_s", "said"), [(0.0, "failed"), (3.0, "failed"), (5.0, "inconclusive")])
def test_a_report_is_held_to_its_own_settle_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settle_s: float, said: str
) -> None:
    file, _ = written(tmp_path, replace(result(rows(20, 1.8), Limits(min_speedup=1.5)), settle_s=settle_s))
    judged(file, "--limit", "min_speedup=1.9")
    assert f": {said}" in capsys.readouterr().out


def test_only_the_tests_that_were_named_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = result(rows(30, 1.8), Limits(min_speedup=1.5)), result(rows(30, 1.0), Limits(min_speedup=1.5))
    file, _ = written(tmp_path, good, replace(bad, test="test_b.py::test_it"))
    assert judged(file, "--limit", "min_speedup=1.5", "--test", "test_a") == 0
    assert judged(file, "--limit", "min_speedup=1.5", "--test", "test_b") == 1
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == ["test_a.py", "test_b.py"]


@pytest.mark.parametrize("limit", ["min_speedup", "min_colour=2", "min_speedup=fast"])
def test_a_limit_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: str) -> None:
    file, _ = written(tmp_path, result(rows(30, 1.8), Limits(min_speedup=1.5)))
    assert judged(file, "--limit", limit) == 2
    assert f"--limit {limit}: expected" in capsys.readouterr().err


def one_sided(limits: Limits) -> Result:
    found = judgement(limits, [row[:1] for row in rows(30, 1.8)], 0.99)
    two_sides = result(rows(30, 1.8), limits)
    return replace(two_sides, baseline=None, verdicts=found.verdicts, measurement=found.measured, comparison=None)


def test_a_limit_that_cannot_be_decided_is_not_met_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two_sides = result(rows(30, 1.8), Limits(min_speedup=1.5))
    without_rounds, data = written(tmp_path, two_sides)
    data["results"][0]["rounds"] = []
    without_rounds.write_text(json.dumps(data))
    assert judged(without_rounds, "--limit", "min_speedup=1.5") == 1
    (tmp_path / "two").mkdir()
    file, _ = written(tmp_path / "two", two_sides)
    assert judged(file, "--limit", "max_loss=0.1", "--limit", "min_speedup=1.5") == 1
    (tmp_path / "one").mkdir()
    file, _ = written(tmp_path / "one", one_sided(Limits(min_cores=0.5)))
    assert judged(file, "--limit", "min_speedup=1.5") == 1
    assert judged(file, "--limit", "min_cores=0.5") == 0
    told = [line.removeprefix("test_a.py::test_it: dot: ") for line in capsys.readouterr().out.splitlines()]
    assert told[0] == "min_speedup=1.5: not met, for the result has no rounds"
    assert told[1].endswith(": passed")
    assert told[2].startswith("max_loss=0.1: not met, for it compares with a base (--multicore-against), and the")
    assert told[3] == "min_speedup=1.5: not met, for it compares two sides, and the result has one"
    assert told[4].endswith(": passed")


@pytest.mark.parametrize("options", [(), ("--limit", "min_speedup=1.5")], ids=["own limits", "another"])
def test_a_report_from_a_pipe_is_read_once(tmp_path: Path, options: tuple[str, ...]) -> None:
    file, _ = written(tmp_path, result(rows(30, 1.8), Limits(min_speedup=1.5)))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cp", file, pipe]):
        assert judged(pipe, *options, "--test", "test_a") == 0


@pytest.mark.parametrize("options", [[], ["--limit", "min_speedup=1.5"]], ids=["own limits", "another"])
def test_a_name_that_no_test_has_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    file, _ = written(tmp_path, result(rows(30, 1.8), Limits(min_speedup=1.5)))
    assert judged(file, *options, "--test", "nosuch") == 2
    assert f"--test nosuch: no node id in {file} holds this text" in capsys.readouterr().err
