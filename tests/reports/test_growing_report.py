"""A report that grows: whole at each moment, and as much work for the last result as for the first."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.reports import growing_report
from pytest_multicore.reports.growing_report import GrowingReport
from pytest_multicore.reports.packed_rounds import PackedRounds, encode


def result(number: int) -> dict[str, Any]:
    return {"nodeid": f"test_{number}", "rounds": PackedRounds([{"row": 0, "wall_s": 0.1 + number}])}


def whole(results: int) -> dict[str, Any]:
    return {"schema": 1, "version": "1", "results": [result(n) for n in range(results)], "cut_short": {"by": results}}


def check(file: Path, results: int) -> None:
    told = json.loads(file.read_text())
    assert [one["nodeid"] for one in told["results"]] == [f"test_{n}" for n in range(results)]
    assert [one["rounds"][0]["wall_s"] for one in told["results"]] == [0.1 + n for n in range(results)]
    assert {name: value for name, value in told.items() if name != "results"} == {
        "schema": 1,
        "version": "1",
        "cut_short": {"by": results},
    }


@pytest.fixture(params=[-1.0, 1e6], ids=["unread", "read"])
def reading_s(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """Whether what was replaced may still be read: then a copy grows in its stead."""
    monkeypatch.setattr(growing_report, "READING_S", request.param)
    return float(request.param)


@pytest.mark.usefixtures("reading_s")
def test_it_has_all_results_so_far_whenever_it_is_read(tmp_path: Path) -> None:
    with GrowingReport(tmp_path / "r.json") as report:
        for results in (0, 1, 2, 2, 3, 7, 8, 9, 9):
            report.write(whole(results))
            check(tmp_path / "r.json", results)
    assert os.listdir(tmp_path) == ["r.json"]


@pytest.mark.usefixtures("reading_s")
def test_results_may_be_replaced(tmp_path: Path) -> None:
    """By those of a further attempt."""
    with GrowingReport(tmp_path / "r.json") as report:
        for results in (1, 2, 3):
            report.write(whole(results))
        for first in ("test_1", "test_2"):
            report.start_anew()
            told = whole(4)
            told["results"] = told["results"][int(first[-1]) :]
            report.write(told)
            found = json.loads((tmp_path / "r.json").read_text())
            assert found["results"][0]["nodeid"] == first
        report.write({**told, "results": [*told["results"], result(4)]})
        found = json.loads((tmp_path / "r.json").read_text())
        assert [one["nodeid"] for one in found["results"]] == ["test_2", "test_3", "test_4"]


def test_a_result_is_encoded_at_most_twice_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing_report, "READING_S", -1.0)
    encoded: list[object] = []

    def counted(value: object) -> str:
        encoded.append(value)
        return encode(value)

    monkeypatch.setattr(growing_report, "encode", counted)
    with GrowingReport(tmp_path / "r.json") as report:
        for results in range(101):
            report.write(whole(results))
    results_encoded = [one for one in encoded if isinstance(one, dict) and "nodeid" in one]
    assert 100 <= len(results_encoded) <= 200


@pytest.mark.usefixtures("reading_s")
def test_what_others_do_to_the_file_does_not_spoil_it(tmp_path: Path) -> None:
    file, other = tmp_path / "r.json", tmp_path / "other"
    acts: list[Callable[[], object]] = [
        lambda: file.write_text("{}"),
        file.unlink,
        lambda: file.rename(other),
        lambda: os.link(file, tmp_path / "linked"),
        lambda: file.write_text("[" * 4096),
    ]
    with GrowingReport(file) as report:
        for results in range(4 * len(acts)):
            report.write(whole(results))
            check(file, results)
            if results % 4 == 3:
                acts[results // 4]()
    check(other, 11)
    check(tmp_path / "linked", 15)


def test_a_reader_that_opened_it_reads_a_whole_one(tmp_path: Path) -> None:
    with GrowingReport(tmp_path / "r.json") as report:
        for results in range(0, 18, 3):
            report.write(whole(results))
            with (tmp_path / "r.json").open() as opened:
                for later in range(results, results + 3):
                    report.write(whole(later))
                assert len(json.load(opened)["results"]) == results


def test_its_permissions_and_its_link_stay(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("")
    (tmp_path / "real.json").chmod(0o640)
    (tmp_path / "r.json").symlink_to("real.json")
    with GrowingReport(tmp_path / "r.json") as report:
        for results in range(4):
            report.write(whole(results))
    assert (tmp_path / "r.json").is_symlink()
    assert (tmp_path / "real.json").stat().st_mode & 0o777 == 0o640
    check(tmp_path / "r.json", 3)


def test_what_is_no_file_is_left_to_the_sessions_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.json")  # to write to it would wait for a reader
    with GrowingReport(tmp_path / "r.json") as report:
        report.write(whole(1))
    assert os.listdir(tmp_path) == ["r.json"]


FULL = """
import resource, sys
from pathlib import Path
from pytest_multicore.reports.growing_report import GrowingReport
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
with GrowingReport(Path(sys.argv[1])) as report:
    for results in range(100):
        report.write({"schema": 1, "results": [{"nodeid": "x" * 100}] * results})
"""


def test_on_a_full_disk_the_former_report_stays(tmp_path: Path) -> None:
    """A file that may not grow any more is as good as a full disk, and anybody has it."""
    command = [sys.executable, "-c", FULL, str(tmp_path / "r.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "OSError: [Errno 27]" in done.stderr
    assert 10 < len(json.loads((tmp_path / "r.json").read_text())["results"]) < 20
    assert os.listdir(tmp_path) == ["r.json"]


def test_packed_rounds_are_those_that_were_packed() -> None:
    rounds = [{"row": number, "wall_s": number / 3, "control": {"speed": 1e9 / 7}} for number in range(60)]
    packed = PackedRounds(rounds)
    assert list(packed) == rounds
    assert (len(packed), packed[-1], packed[1:3]) == (60, rounds[-1], rounds[1:3])
    assert json.loads(encode({"rounds": packed})) == {"rounds": rounds}
    with pytest.raises(TypeError, match="set is no JSON"):
        encode({1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(float("nan"))
