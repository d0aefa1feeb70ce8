"""Whatever names, files and variables hold, no line of ours in a session steers a terminal or commands a CI's log."""

import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE

from .fixture_types import Run
from .reports.test_hostile_terminal import commands_in, steers

#: An escape that begins a colour, and a line that is a command of GitHub's runner. A file may be called so.
HOSTILE = "x\x1b[31m\n::error::pwn"
IN_SOURCE = r"x\x1b[31m\n::error::pwn"
WORKLOAD = f"""
@pytest.mark.multicore(min_cores=100_000)
def test_a(multicore): multicore.run("test_it:{IN_SOURCE}\\uffff")
"""
#: A file lies at the session's end where the folder of its report was.
AWAY = """
import os, pathlib, pytest, shutil
os.mkdir("away")
@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish():
    shutil.rmtree("away")
    pathlib.Path("away").touch()
"""


@pytest.fixture(autouse=True)
def takes_no_turns(not_within_a_measuring_session: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured here is of no interest."""
    monkeypatch.setenv(HOLDER_VARIABLE, "1")


def test_names_and_files_steer_no_terminal(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", f"/nowhere/{HOSTILE}")
    result = run(WORKLOAD, "-rs", "--junitxml=j.xml", f"--multicore-save={HOSTILE}")
    result.assert_outcomes(skipped=1)
    told = result.stdout.str()
    assert steers(told) == set()
    assert [line for line in commands_in(told) if not line.startswith("::notice file=test_it.py,")] == []
    result.stdout.fnmatch_lines([f"warning: GITHUB_STEP_SUMMARY=/nowhere/{glob(IN_SOURCE)} cannot be written*"])
    suite = ElementTree.parse(pytester.path / "j.xml")  # noqa: S314 - made just now
    names = [one.get("name", "") for one in suite.iter("property")]
    assert rf"multicore_outcome[test_it:{IN_SOURCE}\uffff]" in names


def test_a_report_that_cannot_be_written_steers_no_terminal(run: Run) -> None:
    result = run(WORKLOAD, f"--multicore-json=away/{HOSTILE}", conftest=AWAY)
    assert steers(result.stdout.str()) == set()
    result.stdout.fnmatch_lines([f"ERROR: --multicore-json=away/{glob(IN_SOURCE)} cannot be written*"])


@pytest.mark.parametrize(
    ("options", "argument"), [([f"--multicore-json=/proc/{HOSTILE}"], ""), ([], f'environment="{IN_SOURCE}"')]
)
def test_a_usage_error_steers_no_terminal(run: Run, options: list[str], argument: str) -> None:
    result = run(f"@pytest.mark.multicore({argument})\ndef test_a(): pass\n", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = result.stderr.str()
    assert steers(told) == set()
    assert commands_in(told) == []
    assert "error::pwn" in told


def test_what_cuts_a_session_short_steers_no_terminal(run: Run) -> None:
    result = run(f"def test_a(): pytest.exit('{IN_SOURCE}')\n@gated\ndef test_b(): work()\n")
    result.stdout.fnmatch_lines([f"multicore: cut short by pytest.exit: {glob(IN_SOURCE)}; not measured: *::test_b"])


def test_a_name_that_is_no_unicode_is_measured(run: Run, pytester: pytest.Pytester) -> None:
    plain = "import pytest\n@pytest.mark.multicore\ndef test_a(): sum(range(100_000))\n"
    Path(os.fsdecode(bytes(pytester.path) + b"/test_\x80.py")).write_text(plain)
    workload = '@pytest.mark.multicore\ndef test_b(multicore): multicore.run("test_it:v\\udc80")\n'
    options = ("-q", "-p", "no:cacheprovider", "--multicore-json=r.json")
    result = run(f'globals()["v\\udc80"] = work\n{workload}', *options)
    result.assert_outcomes(passed=2)
    report = json.loads((pytester.path / "r.json").read_text())
    assert {one["workload"]: one["outcome"] for one in report["results"]} == {
        "test_a": "measured",
        "test_it:v\udc80": "measured",
    }


def glob(text: str) -> str:
    """The text as a pattern of file names that matches it."""
    return text.replace("[", "[[]")
