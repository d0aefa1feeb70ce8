"""Sessions on systems that lack what Linux has: the same kinds of verdicts, one error where a thing is impossible."""

import json
import subprocess
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.reports.doctor_record import SCHEMA_FILE as DOCTOR_SCHEMA
from pytest_multicore.reports.json_report import SCHEMA_FILE
from tests.conftest import SERIAL
from tests.fixture_types import Undecided
from tests.reliability.sessions import PATIENCE_S, environment_of, left_processes, wait_for

from .start import SYSTEMS, command_on, run_on

SERIAL_LOOP = f"""
import os, sys
import pytest

def work():
    assert not os.path.exists("/proc/self/status"), "the system is not forced here"
    return {SERIAL}

@pytest.mark.multicore(min_cores=0.5, threads=1)
def test_met():
    work()

@pytest.mark.multicore(min_cores=1.5)
def test_missed():
    work()

def test_plain(tmp_path):
    assert sys.platform == {{system!r}}
"""
MARKED = "import pytest\n@pytest.mark.multicore({})\ndef test_it(): sum(range(10000))\n"


def session(system: str, folder: Path, source: str, *options: str) -> tuple[str, list[dict[str, Any]]]:
    """The output and the results of a session."""
    (folder / "test_it.py").write_text(source)
    command = ("-m", "pytest", "-p", "no:cacheprovider", "--multicore-json=report.json", *options)
    # Windows' turns are no others' turns: without this it would be measured beside the other lane.
    with host_lock().exclusive(print) if system == "win32" else nullcontext():
        output = run_on(system, folder, *command).stdout
    if not (folder / "report.json").exists():
        return output, []
    report = json.loads((folder / "report.json").read_text())
    jsonschema.validate(report, json.loads((DOCTOR_SCHEMA if "findings" in report else SCHEMA_FILE).read_text()))
    return output, report.get("results", [])


@pytest.mark.parametrize("system", [pytest.param("darwin", marks=pytest.mark.slow), "win32"])
def test_a_serial_loop_has_the_verdicts_that_it_has_on_linux(system: str, tmp_path: Path, undecided: Undecided) -> None:
    output, results = session(system, tmp_path, SERIAL_LOOP.format(system=system))
    assert f"platform {system} -- " in output
    assert [result["nodeid"].partition("::")[2] for result in results] == ["test_met", "test_missed"], output
    met, missed = (result["outcome"] for result in results)
    assert met in ("passed", "inconclusive"), output
    assert missed in ("failed", "inconclusive"), output
    for result in results:  # what the system does not tell is unknown, and no zero
        assert {one["delay_s"] for one in result["rounds"]} == {None}
    if "inconclusive" in (met, missed):
        undecided(output)
    assert "1 failed, 2 passed" in output


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_impossible_is_one_error(system: str, tmp_path: Path) -> None:
    output, _ = session(system, tmp_path, MARKED.format('min_cores=0.5, vary="cores", threads=2'))
    assert "1 error in" in output
    assert 'vary="cores": sides get their cores by CPU affinity' in output
    assert "no os.sched_setaffinity" in output
    assert "INTERNALERROR" not in output


@pytest.mark.slow
@pytest.mark.explained
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_miss_is_explained(system: str, tmp_path: Path, undecided: Undecided) -> None:
    output, (result,) = session(system, tmp_path, "import time\n" + MARKED.format("min_cores=1.5"))
    if result["outcome"] == "inconclusive":
        undecided(output)
    assert result["causes"], output
    assert "INTERNALERROR" not in output


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_crash_is_one_error_and_the_next_test_is_measured(system: str, tmp_path: Path) -> None:
    source = MARKED.format("") + "@pytest.mark.multicore\ndef test_crash():\n    import os\n    os._exit(7)\n"
    source += "@pytest.mark.multicore\ndef test_next(): sum(range(10000))\n"
    output, results = session(system, tmp_path, source)
    assert [result["outcome"] for result in results] == ["measured", "measured"], output
    assert "ended by itself with exit status 7" in output


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_doctor_says_what_the_system_does_not_tell(system: str, tmp_path: Path) -> None:
    output, _ = session(system, tmp_path, "", "--multicore-doctor")
    assert "psutil" in output
    assert "INTERNALERROR" not in output
    assert "Traceback" not in output


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_limit_that_is_met_is_looked_into(system: str, tmp_path: Path) -> None:
    """However crowded the machine is: a program that uses a thousandth of a core is observed all the same."""
    source = MARKED.format("min_cores=0.001, threads=1")
    output, (result,) = session(system, tmp_path, source, "--multicore-explain=always", "--multicore-settle=1")
    assert result["outcome"] == "passed", output
    assert result["evidence"]["observed"], output
    assert "why could not be found out" not in output


LONG_CALL = """
import os, time
import pytest

@pytest.mark.multicore
def test_it():
    open("began", "a").write("x")
    time.sleep(3)
"""


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_killed_session_leaves_no_process(system: str, tmp_path: Path) -> None:
    """On Windows not before the call has ended."""
    (tmp_path / "test_it.py").write_text(LONG_CALL)
    (tmp_path / "tmp").mkdir()
    command, variables = command_on(system, tmp_path, "-m", "pytest", "-p", "no:cacheprovider")
    with subprocess.Popen(
        command, cwd=tmp_path, env={**variables, **environment_of(tmp_path)}, stdout=subprocess.DEVNULL
    ) as pytest_process:
        wait_for(tmp_path / "began")
        assert len(left_processes(tmp_path)) > 1, "the search finds nothing at all"
        pytest_process.kill()
    deadline = time.monotonic() + PATIENCE_S
    while (left := left_processes(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
