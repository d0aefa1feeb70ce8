"""``--multicore-doctor`` in sessions: what it shows, its JSON report, its exit status; no test runs."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest

from pytest_multicore.pytest_side.doctor import is_wrong
from pytest_multicore.reports.doctor_record import SCHEMA_FILE

from .closed_pipe import nobody_reads
from .reports.test_hostile_terminal import commands_in, steers

CORES = len(psutil.Process().cpu_affinity())


@pytest.fixture
def own_cache(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments that are built already are examined, too: not here."""
    monkeypatch.setenv("PYTEST_MULTICORE_CACHE", str(pytester.path / "cache"))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_DEFAULT_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


def examined(pytester: pytest.Pytester, *options: str) -> tuple[pytest.RunResult, dict[str, Any]]:
    """A session, and its report."""
    pytester.makepyfile("def test_never(): assert False")
    result = pytester.runpytest_subprocess("--multicore-doctor", "--multicore-json=doctor.json", *options)
    report = json.loads((pytester.path / "doctor.json").read_text())
    jsonschema.validate(report, json.loads(SCHEMA_FILE.read_text()))
    result.stdout.no_fnmatch_line("*test_never*")
    return result, report


def numpys(report: dict[str, Any]) -> dict[str, Any]:
    """NumPy's own BLAS in the current environment."""
    libraries: list[dict[str, Any]] = report["environments"][0]["libraries"]
    (blas,) = [one for one in libraries if one["kind"] == "openblas" and "numpy" in Path(one["path"]).parent.name]
    return blas


def test_it_examines_what_is_there_and_builds_nothing(pytester: pytest.Pytester, own_cache: None) -> None:
    pytester.path.joinpath("pyproject.toml").write_text(
        '[tool.pytest-multicore.environments.own]\npython = "3"\nrequires = ["tiny"]\n'
    )
    result, report = examined(pytester)
    assert result.ret == 0
    version = ".".join(map(str, sys.version_info[:3]))
    heads = ["machine: *", "grants: * cores (*", "permits: *", "counters: *"]
    result.stdout.fnmatch_lines(
        [*heads, f"environment current: Python {version}, ready; numpy *", "what could bite: *"]
    )
    shown = result.stdout.str()
    assert shown.count("\nenvironment ") == 2, "this one and the project's own"
    assert "\nenvironment own: not built yet; Python 3" in shown
    (told,) = re.findall(
        r"environments that ship, not built yet: (.*?)\. --multicore-environment=NAME", shown, re.DOTALL
    )
    names = set(told.replace("\n", " ").replace(",", " ").split())
    states = {one["name"]: one["state"] for one in report["environments"]}
    assert states.pop("current") == "examined"
    assert {*names, "own"} == states.keys()
    assert states.keys() >= {"theano", "theano-2016", "pytensor"}
    assert set(states.values()) <= {"not built", "unavailable"}
    assert list((pytester.path / "cache" / "environments").iterdir()) == []
    assert (numpys(report)["threads"], numpys(report)["source"]) == (CORES, "affinity")
    assert report["environments"][0]["product_cores"] > 0.3
    assert report["environments"][0]["product_threads"] == CORES


@pytest.mark.slow
@pytest.mark.skipif(CORES < 2, reason="one thread is no limit on one core")
def test_a_stray_variable_is_found_and_fails_a_strict_look(
    pytester: pytest.Pytester, own_cache: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    result, report = examined(pytester, "--multicore-strict", "--multicore-environment=current")
    assert result.ret == 1
    assert [one["name"] for one in report["environments"]] == ["current"]
    assert (numpys(report)["threads"], numpys(report)["source"]) == (1, "OMP_NUM_THREADS")
    assert report["environments"][0]["product_threads"] == 1
    (found,) = [one for one in report["findings"] if one["key"] == "thread-limit"]
    assert found["text"].startswith(f"OMP_NUM_THREADS=1 on {CORES} granted cores")
    result.stdout.fnmatch_lines(["  ! OMP_NUM_THREADS=1 on *"])


@pytest.mark.slow
def test_no_variable_steers_the_terminal(
    pytester: pytest.Pytester, own_cache: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2\x1b[31m\n::error::pwn" + "\n::error::pwn" * 9)  # a line of 80 is wrapped
    result, _ = examined(pytester, "--multicore-environment=current")
    told = result.stdout.str()
    assert steers(told) == set()
    assert commands_in(told) == []
    assert r"OMP_NUM_THREADS=2\x1b[31m" in told


@pytest.mark.slow
def test_it_loads_nothing_that_only_builds_and_traces_need() -> None:
    program = "import sys, pytest_multicore.pytest_side.doctor; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert "pytest_multicore.experiment.examine" in loaded
    assert not {"filelock", "pytest_multicore.interpreters.import_traces"} & set(loaded)


@pytest.mark.exhaustive
def test_what_a_conftest_sets_is_said(pytester: pytest.Pytester, own_cache: None) -> None:
    pytester.makeconftest("import os; os.environ['OMP_PROC_BIND'] = 'close'")
    _, report = examined(pytester, "--multicore-environment=current")
    (found,) = [one for one in report["findings"] if "OMP_PROC_BIND" in one["text"]]
    assert found["key"] == "set-by-collection"
    said = "collecting conftest.py set OMP_PROC_BIND=close in pytest itself: measured interpreters start without it"
    assert found["text"] == said


def test_a_wrong_option_is_a_usage_error(pytester: pytest.Pytester, own_cache: None) -> None:
    result = pytester.runpytest("--multicore-doctor", "--multicore-environment=nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--multicore-environment*environment 'nowhere' is not known*"])


def test_an_interpreter_that_cannot_be_had_is_status_1(pytester: pytest.Pytester, own_cache: None) -> None:
    result = pytester.runpytest_subprocess("--multicore-doctor", "--multicore-python=9.9")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["environment 9.9: cannot be had: no Python 9.9 found*"])


@pytest.mark.slow
def test_a_path_in_a_script_that_the_output_lacks_is_shown(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_MULTICORE_CACHE", str(pytester.path / "日本"))
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    result, _ = examined(pytester, "--multicore-environment=current")
    assert result.ret == 0
    assert "\\u65e5\\u672c" in result.stdout.str().replace("\n    ", "")


@pytest.mark.slow
def test_where_nobody_reads_on_it_ends_without_a_word(pytester: pytest.Pytester, own_cache: None) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "pytest", "--multicore-doctor", "--multicore-environment=current"]
    assert nobody_reads(command) == (1, "")


@pytest.mark.parametrize(
    ("state", "limits", "strict", "wrong"),
    [
        ("examined", True, False, False),
        ("examined", True, True, True),
        ("examined", False, True, False),
        ("not built", False, True, False),
        ("unavailable", False, False, True),
    ],
)
def test_the_exit_status(state: str, limits: bool, strict: bool, wrong: bool) -> None:
    whole = {"environments": [{"name": "old", "state": state}], "findings": [{"limits": limits}]}
    assert is_wrong(whole, {"current", "old"}, strict=strict) is wrong
    assert is_wrong(whole, {"current"}, strict=False) is False
