"""No output holds the value of a variable that is none of threads and flags: a canary over all of them."""

import json
import sys
from pathlib import Path

import pytest

CANARY = "canary-8d1f-value"

TESTS = """
import json, os, signal
import psutil, pytest

def commands():
    lines = []
    for process in psutil.process_iter():
        try:
            lines.append(" ".join(process.cmdline()))
        except psutil.Error:
            pass
    with open("commands.txt", "a") as file:
        file.write("\\n".join(lines))

@pytest.mark.multicore(min_cores=1.5, threads=2)
def test_missed():
    if not os.path.exists("commands.txt"):
        commands()
    assert os.environ["MY_TOKEN"]
    sum(i * i for i in range(200000))

@pytest.mark.multicore(min_cores=1.5, threads=2)
def test_fails():
    raise KeyError("MY_OTHER_TOKEN")

@pytest.mark.multicore(min_cores=1.5, threads=2)
def test_crashes():
    os.kill(os.getpid(), signal.SIGSEGV)

@pytest.mark.multicore(min_cores=1.5, threads=2, environment="absent")
def test_cannot_be_built():
    pass
"""

#: Each variable and the place where its value might be taken for something else.
VARIABLES = ("MY_TOKEN", "AWS_SECRET_ACCESS_KEY", "OMP_TOKEN", "MKL_LICENSE", "PIP_INDEX_PASSWORD", "PYTEST_SECRET")
#: What tools that build read, and may print. Nobody answers there.
INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_FIND_LINKS")


@pytest.fixture(autouse=True)
def secrets(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary in all variables, and an environment that cannot be built."""
    for name in VARIABLES:
        monkeypatch.setenv(name, CANARY)
    for name in INDEXES:
        monkeypatch.setenv(name, f"https://user:{CANARY}@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("PYTEST_MULTICORE_CACHE", str(pytester.path / "cache"))
    index = f"--extra-index-url=https://user:p@{CANARY}@127.0.0.1:9/simple"
    pytester.makepyprojecttoml(
        f'[tool.pytest-multicore.environments.absent]\npython = "3"\nrequires = ["no-such-package-8d1f", "{index}"]\n'
    )


def has_canary(folder: Path) -> list[str]:
    """The files below a folder that hold it, but for the one that the user wrote."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "pyproject.toml")
    return [str(path) for path in files if CANARY.encode() in path.read_bytes()]


@pytest.mark.slow
def test_neither_the_doctor_nor_a_command_holds_the_value_of_a_variable(pytester: pytest.Pytester) -> None:
    python = [sys.executable, "-m"]
    asked = ("--multicore-doctor", "--multicore-environment=absent", "--multicore-json=doctor.json")
    for command, told in (
        ([*python, "pytest", "-p", "no:randomly", *asked], "environment absent"),
        ([*python, "pytest_multicore", "imports", "--environment", "absent", "json"], "cannot build environment"),
    ):
        ended = pytester.run(*command)
        output = ended.stdout.str() + ended.stderr.str()
        assert told in output
        assert CANARY not in output
    assert (pytester.path / "doctor.json").is_file()
    assert has_canary(pytester.path) == []


@pytest.mark.slow
@pytest.mark.explained
@pytest.mark.other_plugins
def test_no_output_holds_the_value_of_a_variable(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "summary.md"))
    pytester.makepyfile(TESTS)

    session = pytester.runpytest_subprocess(
        *("-vv", "-rA", "-p", "no:randomly", "--multicore-budget=5", "--multicore-explain=always"),
        *("--multicore-json=out.json", "--multicore-html=out.html", "--multicore-save=out.jsonl", "--junitxml=out.xml"),
    )

    outcomes = {
        result["nodeid"]: result["outcome"]
        for result in json.loads((pytester.path / "out.json").read_text())["results"]
    }
    assert outcomes["test_no_output_holds_the_value_of_a_variable.py::test_missed"] in ("failed", "inconclusive")
    written = {str(path.relative_to(pytester.path)): path for path in pytester.path.rglob("*") if path.is_file()}
    assert {"out.json", "out.html", "out.jsonl", "out.xml", "summary.md", "commands.txt"} <= set(written)
    assert has_canary(pytester.path) == []
    assert CANARY not in session.stdout.str() + session.stderr.str()
    assert "runner.py" in written["commands.txt"].read_text(), "the interpreters were looked at"
