"""Messages that name what is wrong and what to do: a port that two sides want, a Python without pytest."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE
from tests.fixture_types import Run


@pytest.fixture(autouse=True)
def takes_no_turns(not_within_a_measuring_session: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is measured here."""
    monkeypatch.setenv(HOLDER_VARIABLE, "1")


PORT = """
import socket
@pytest.fixture
def port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", PORT))
        yield one
@pytest.mark.multicore(min_speedup=1.5, threads=2)
def test_a(port): work()
"""


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_fixed_port_says_that_the_test_is_set_up_twice(run: Run) -> None:
    result = run(PORT.replace("PORT", str(free_port())))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*Address already in use*",
            "*This is the set-up of the side with 1 thread. The test was set up before with 2 threads*",
            "*let the system choose a port (0), use tmp_path*",
        ]
    )


@pytest.mark.exhaustive
def test_a_python_without_pytest_says_how_to_get_it(run: Run, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    python = tmp_path / "bare" / "bin" / "python"
    result = run("@gated\ndef test_a(): work()\n", f"--multicore-python={python}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*pytest cannot be loaded by {python}*{python} -m pip install pytest*"])


STEP = """
def pytest_runtest_teardown(item):
    from pytest_multicore.reports.progress import progress_of
    progress_of(item.config).step("a step")
"""


@pytest.mark.parametrize("option", ["-q", "-v", "--color=no"])
def test_a_step_is_a_line_of_its_own_and_not_behind_letters(run: Run, option: str) -> None:
    result = run("def test_a(): pass\ndef test_b(): pass\n", option, conftest=STEP)
    result.assert_outcomes(passed=2)
    assert result.outlines.count("multicore: a step") == 2


@pytest.mark.exhaustive
def test_lines_of_a_tiny_test_are_its_own(run: Run, pytester: pytest.Pytester) -> None:
    source = (
        "@pytest.mark.multicore(min_cores=1.5, threads=2)\ndef test_a():\n"
        "    total = 0\n    for i in range(300): total += i * i\n"
    )
    run(source, "--multicore-json=r.json", "--multicore-explain=always", "-p", "no:benchmark")
    (result,) = json.loads((pytester.path / "r.json").read_text())["results"]
    lines = result["evidence"]["observed"]["lines"]
    assert "for i in range(300)" in lines[0]["source"]
    assert not [line for line in lines if "/_pytest/" in line["file"] or "/pluggy/" in line["file"]]
