"""ASV itself reads the results folder that a report becomes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_multicore.__main__ import main

from .literals import measured, reported, unmeasured, written

CONFIGURATION = {
    "version": 1,
    "project": "made",
    "repo": ".",
    "branches": ["main"],
    "environment_type": "virtualenv",
    "pythons": ["3.13"],
    "results_dir": "results",
    "html_dir": "html",
}
GIT = ("git", "-c", "user.name=made", "-c", "user.email=made@example.org", "-c", "init.defaultBranch=main")


def told(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one commit, and ASV's configuration."""
    told(tmp_path, *GIT, "init", "-q")
    told(tmp_path, *GIT, "commit", "-q", "--allow-empty", "-m", "Begin")
    (tmp_path / "asv.conf.json").write_text(json.dumps(CONFIGURATION))
    return tmp_path


def export(project: Path, *records: dict[str, object]) -> int:
    file = written(project / "report.json", reported(*records))
    commit, date = told(project, "git", "log", "-1", "--format=%H %cI").split()
    where = ["--output", str(project / "results"), "--commit", commit, "--commit-date", date]
    return main(["export", str(file), "--format", "asv", *where])


RECORDS = (
    measured(1.8, test="tests/test_a.py::TestIt::test_it[1]", workload="test_it[1]"),
    measured(1.1, workload="dot"),
    measured(1.2, workload="dot"),
    measured(1.7, workload="dot", environment="theano", python="3.8.20"),
    unmeasured("tests/test_a.py::test_never"),
)


def test_asv_shows_and_publishes_what_was_measured(project: Path) -> None:
    assert export(project, *RECORDS) == 0

    shown = told(project, sys.executable, "-m", "asv", "show", "main")
    machine = "fast-cheap-9-8-cores"
    assert f"tests.test_a.TestIt.test_it[1].speedup [{machine}/multicore-current-py3.13]\n  1.8" in shown
    assert f"tests.test_a.test_it dot.speedup [{machine}/multicore-current-py3.13]\n  1.1" in shown
    assert f"tests.test_a.test_it dot #2.speedup [{machine}/multicore-current-py3.13]\n  1.2" in shown
    assert f"tests.test_a.test_it dot.speedup [{machine}/multicore-theano-py3.8]\n  1.7" in shown
    times = shown.partition("TestIt.test_it[1].time")[2].partition("started")[0]
    assert times.index("1 thread   180±0ms") < times.index("2 threads   100±0ms")
    assert "test_never" not in shown

    told(project, sys.executable, "-m", "asv", "publish", "--no-pull")
    index = json.loads((project / "html" / "index.json").read_text())
    assert index["params"]["environment"] == ["current", "theano"]
    assert len(index["benchmarks"]) == 6
    graphs = list((project / "html" / "graphs").rglob("tests.test_a.TestIt.test_it[[]1[]].time.json"))
    ((_, times_at_1_and_2),) = json.loads(max(graphs, key=lambda file: len(file.parts)).read_text())
    assert times_at_1_and_2 == pytest.approx([0.18, 0.1])


def test_benchmarks_that_are_listed_already_stay(project: Path) -> None:
    (project / "results").mkdir()
    (project / "results" / "benchmarks.json").write_text('{"theirs": {"name": "theirs"}, "version": 2}')
    assert export(project, measured(1.8)) == 0
    listed = json.loads((project / "results" / "benchmarks.json").read_text())
    assert listed.keys() == {"theirs", "version", "tests.test_a.test_it.time", "tests.test_a.test_it.speedup"}


def test_names_that_are_written_alike_have_results_of_their_own(project: Path) -> None:
    hosts = ("日本", "東京", "gpu_1", "gpu-1", "GPU-1")
    environments = [measured(1.8, environment=name) for name in "αβ"]
    assert export(project, *({**record, "host": host} for host in hosts for record in environments)) == 0
    files = [file for file in (project / "results").glob("*/*.json") if file.name != "machine.json"]
    assert len({file.parent for file in files}) == len(hosts)
    assert len(files) == len(hosts) * len(environments)
    assert (project / "results" / "gpu-1").is_dir(), "an ordinary name is kept"


def test_releases_of_one_python_share_a_file(project: Path) -> None:
    assert export(project, *(measured(1.8, test=patch, python=f"3.13.{patch}") for patch in "12")) == 0
    (file,) = (project / "results").glob("*/*-multicore-*.json")
    assert len(json.loads(file.read_text())["results"]) == 4


def test_a_second_export_of_a_commit_joins_the_first(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for test in "abb":
        assert export(project, measured(1.8, test=test)) == 0
    (file,) = (project / "results").glob("*/*-multicore-*.json")
    names = {f"{test} test_it.{figure}" for test in "ab" for figure in ("time", "speedup")}
    assert json.loads(file.read_text())["results"].keys() == names
    file.write_text("theirs")
    assert export(project, measured(1.8)) == 2
    assert f"{file}: expected results of ASV's" in capsys.readouterr().err


def test_the_reports_own_commit_counts_if_its_tree_was_clean(tmp_path: Path) -> None:
    for clean, status in ((True, 0), (False, 2), (None, 2)):
        file = written(tmp_path / "report.json", {**reported(measured(1.8)), "commit": "a" * 40, "clean": clean})
        folder = tmp_path / f"{clean}"
        command = ["export", str(file), "--format=asv", f"--output={folder}", "--commit-date=2026-01-31T00:00:00Z"]
        assert main(command) == status
        assert len(list(folder.rglob("aaaaaaaa-*.json"))) == (1 if clean else 0)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "--format asv: expected --output with ASV's results folder, --commit"),
        (["--commit=main", "--commit-date=2026-01-31"], "--commit main: expected a whole hash"),
        ([f"--commit={'a' * 40}", "--commit-date=today"], "--commit-date today: expected a date such as"),
        ([f"--commit={'a' * 40}", "--commit-date=0001-01-01"], "--commit-date 0001-01-01: expected a date such as"),
    ],
)
def test_what_asv_needs_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], expected: str
) -> None:
    file = written(tmp_path / "report.json", reported(measured(1.8)))
    assert main(["export", str(file), "--format=asv", f"--output={tmp_path}/results", *options]) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_a_list_of_benchmarks_that_is_none_is_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "results").mkdir()
    (project / "results" / "benchmarks.json").write_text("theirs")
    assert export(project, measured(1.8)) == 2
    assert "expected ASV's list of benchmarks" in capsys.readouterr().err
    assert (project / "results" / "benchmarks.json").read_text() == "theirs"
