"""Results that one session saves and a later one compares with, under pytest as users start it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_multicore.reports import json_report
from pytest_multicore.reports.history.history_file import SCHEMA_FILE, append, lock_of, read
from tests.fixture_types import Run, Undecided
from tests.history.literals import entry

#: Compared at two threads and one, and held to nothing.
COMPARED = "@pytest.mark.multicore(threads=2, budget=20)\ndef test_a(): work()\n"
BOTH = ("--multicore-save=history.jsonl", "--multicore-compare=history.jsonl")
FAIL = "--multicore-compare-fail=10%"
HEADING = "*= multicore: over time =*"


def told(result: pytest.RunResult) -> list[str]:
    """The lines of the section."""
    lines = result.outlines
    start = next(number for number, line in enumerate(lines) if " multicore: over time " in line)
    end = next(number for number, line in enumerate(lines[start + 1 :], start + 1) if line.startswith("="))
    return lines[start + 1 : end]


def rewrite(file: Path, **changes: Any) -> None:
    """Have the only result of a history be another one."""
    line = json.loads(file.read_text())
    line["result"] |= changes
    file.write_text(json.dumps(line) + "\n")


def test_a_test_is_saved_and_compared_with_the_last_time(run: Run, pytester: pytest.Pytester) -> None:
    first = run(COMPARED, *BOTH)
    first.assert_outcomes(passed=1)
    assert first.ret == pytest.ExitCode.OK
    assert told(first) == [
        "test_it.py::test_a: no earlier result to compare with",
        f"1 result appended to {pytester.path / 'history.jsonl'}",
    ]
    second = run(COMPARED, *BOTH)
    second.assert_outcomes(passed=1)
    line, saved = told(second)
    assert line.startswith("test_it.py::test_a: ")
    assert " since 20" in line or " not comparable with 20" in line
    assert "speed-up " in line
    assert saved.startswith("1 result appended to ")
    assert [one.result["nodeid"] for one in read(pytester.path / "history.jsonl").entries] == ["test_it.py::test_a"] * 2
    for text in (pytester.path / "history.jsonl").read_text().splitlines():
        jsonschema.validate(json.loads(text), json.loads(SCHEMA_FILE.read_text()))


@pytest.mark.slow
def test_a_lost_speedup_fails_the_run_and_the_next_one_and_none_that_accepts_it(
    run: Run, pytester: pytest.Pytester, undecided: Undecided, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path))
    run(COMPARED, BOTH[0]).assert_outcomes(passed=1)
    file = pytester.path / "history.jsonl"
    before = {"estimate": 5.0, "low": 4.9, "high": 5.1}
    rewrite(file, speedup=before)

    for number in (2, 3):
        monkeypatch.setenv("GITHUB_ACTIONS", "true" if number == 3 else "false")
        failed = run(COMPARED, *BOTH, FAIL)
        failed.assert_outcomes(passed=1)
        if "not comparable" in failed.stdout.str():
            undecided("the machine gave the two sessions different speeds")
        assert failed.ret == pytest.ExitCode.TESTS_FAILED
        line, error, _, *annotations = told(failed)
        assert len(annotations) == number - 2, "only GitHub gets them"
        assert ": worse since 20" in line
        assert "speed-up 5.00x [4.90, 5.10], now " in line
        assert error == "ERROR: --multicore-compare-fail=10%: speed-up lost: test_it.py::test_a"
        assert [one.lost for one in read(file).entries] == [False, True, True][:number]
    (annotation,) = annotations
    assert annotation.startswith("::error file=test_it.py,line=")
    assert "title=pytest-multicore::--multicore-compare-fail=10%25: test_it.py::test_a: worse since 20" in annotation
    monkeypatch.delenv("GITHUB_ACTIONS")

    said = run(COMPARED, BOTH[1])
    assert said.ret == pytest.ExitCode.OK, "it is said, and fails nothing"
    accepted = run(COMPARED, BOTH[0])
    assert accepted.ret == pytest.ExitCode.OK
    assert not read(file).entries[-1].lost


def test_what_is_not_comparable_is_said_and_fails_nothing(run: Run, pytester: pytest.Pytester) -> None:
    run(COMPARED, BOTH[0]).assert_outcomes(passed=1)
    rewrite(pytester.path / "history.jsonl", python="2.7.18", speedup={"estimate": 5.0, "low": 4.9, "high": 5.1})
    result = run(COMPARED, BOTH[1], FAIL)
    assert result.ret == pytest.ExitCode.OK
    (line,) = told(result)
    assert ": not comparable with 20" in line
    assert "Python 2.7.18, now 3." in line
    assert "(speed-up 5.00x [4.90, 5.10], now " in line


@pytest.mark.other_plugins
@pytest.mark.slow
def test_under_xdist_the_controller_saves_and_compares_once(run: Run, pytester: pytest.Pytester) -> None:
    tests = "@gated\ndef test_a(): work()\n@gated\ndef test_b(): work()\n"
    for attempt in (1, 2):
        result = run(tests, "-n2", *BOTH, FAIL)
        result.assert_outcomes(passed=2)
        assert result.ret == pytest.ExitCode.OK
        entries = read(pytester.path / "history.jsonl").entries
        names = sorted(one.result["nodeid"] for one in entries)
        assert names == sorted(["test_it.py::test_a", "test_it.py::test_b"] * attempt)
        assert sum("test_it.py::test_" in line for line in told(result)) == 2
    assert all("no earlier result" not in line for line in told(result))


def test_the_report_says_when_by_which_version_and_of_which_commit(run: Run, pytester: pytest.Pytester) -> None:
    def report() -> dict[str, Any]:
        run("def test_a(multicore): pass\n", "--multicore-json=report.json").assert_outcomes(passed=1)
        found: dict[str, Any] = json.loads((pytester.path / "report.json").read_text())
        jsonschema.validate(found, json.loads(json_report.SCHEMA_FILE.read_text()))
        return found

    found = report()
    assert found["date"][:2] == "20"
    assert found["date"].endswith("Z")
    assert found["version"]
    assert (found["commit"], found["clean"]) == (None, None)
    named = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "test_it.py"], [*named, "commit", "-qm", "a"]):
        subprocess.run(["git", *arguments], cwd=pytester.path, check=True)
    found = report()
    assert len(found["commit"]) >= 40
    assert found["clean"] is True
    subprocess.run(["git", "rm", "-q", "--cached", "test_it.py"], cwd=pytester.path, check=True)
    assert report()["clean"] is False


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--multicore-save=test_it.py",), "*--multicore-save: *test_it.py is no history: line 1: no JSON; expected*"),
        (("--multicore-compare=test_it.py",), "*--multicore-compare: *test_it.py is no history: *"),
        (
            ("--multicore-compare=none.jsonl",),
            "*--multicore-compare: *none.jsonl cannot be read: No such file*first run give --multicore-save=*",
        ),
        (("--multicore-compare=none.jsonl", "--multicore-save=other.jsonl"), "*none.jsonl cannot be read*"),
        ((FAIL,), "*--multicore-compare-fail: found no --multicore-compare=FILE; expected it too*"),
        ((BOTH[0], BOTH[1], "--multicore-compare-fail=10"), "*found '10', expected a percentage from 0% to below*"),
        (("--multicore-save=x", "--multicore-json=x"), "*--multicore-save=x: found the file of --multicore-json*"),
        (("--multicore-save=.",), "*--multicore-save=*: found a folder, expected*"),
        (("--multicore-save=/dev/null",), "*--multicore-save=*: found a pipe or a device, expected*"),
        (("--multicore-compare=/dev/null",), "*--multicore-compare=*: found a pipe or a device, expected*"),
        (("--multicore-save=",), "*--multicore-save (ini: multicore_save): found '', expected*"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_test_runs(
    pytester: pytest.Pytester, options: tuple[str, ...], expected: str
) -> None:
    file = pytester.makepyfile(test_it="def test_it(): pass")
    result = pytester.runpytest("test_it.py", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([expected])
    assert file.read_text() == "def test_it(): pass"


def test_the_ini_file_may_name_the_history(pytester: pytest.Pytester) -> None:
    append(pytester.path / "h.jsonl", [entry()])
    pytester.makeini("[pytest]\nmulticore_save = h.jsonl\nmulticore_compare = h.jsonl\nmulticore_compare_fail = 10%\n")
    pytester.makepyfile(test_it="def test_it(): pass")
    result = pytester.runpytest()
    assert result.ret == pytest.ExitCode.OK
    assert told(result) == [f"0 results appended to {pytester.path / 'h.jsonl'}"]


def test_a_history_that_cannot_be_written_costs_no_outcome(run: Run, pytester: pytest.Pytester) -> None:
    """Another test puts a file in the folder's place."""
    (pytester.path / "folder").mkdir()
    swap = "import os\ndef test_b(): os.rmdir('folder'); open('folder', 'w')\n"
    result = run(f"@gated\ndef test_a(): work()\n{swap}", "--multicore-save=folder/history.jsonl")
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    (line,) = told(result)
    assert line.startswith("ERROR: --multicore-save: ")
    assert "folder" in line


def test_a_torn_line_is_told_and_gone_past(run: Run, pytester: pytest.Pytester) -> None:
    file = pytester.path / "history.jsonl"
    file.write_text('{"history":1,"date":')
    result = run("@gated\ndef test_a(): work()\n", *BOTH)
    assert result.ret == pytest.ExitCode.OK
    assert "line 1 left out: torn" in told(result)[0]
    assert [one.result["nodeid"] for one in read(file).entries] == ["test_it.py::test_a"]
    assert lock_of(file).exists()
