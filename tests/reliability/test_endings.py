"""However a session ends, its results so far are in the report, it says what is missing, and nothing is left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from pytest_multicore.reports.json_report import SCHEMA_FILE, write
from tests.fixture_types import Run
from tests.reliability.sessions import report, session, wait_for, wait_until_nothing_is_left

#: Whatever share of a core a crowded machine leaves, the first test passes: its result is to be kept.
SOURCE = """
import os, subprocess, sys, time
import pytest
gated = pytest.mark.multicore(min_cores=0.02, threads=1)
@gated
def test_a(): sum(i * i for i in range(20000))
@gated
def test_b():
    subprocess.Popen(["sleep", "99"], env={}, start_new_session=True)
    open("at_b", "w").write(str(os.getppid()))
    time.sleep(60)
@gated
def test_c(): pass
"""
NOT_MEASURED = ["test_it.py::test_b", "test_it.py::test_c"]


def ended_by(folder: Path, ending: signal.Signals, *options: str) -> tuple[int, str]:
    """The exit status and the output of a session that gets a signal in its second test."""
    (folder / "r.json").write_text('{"schema": 1, "of": "an earlier session"}')
    with session(folder, SOURCE, "--multicore-json=r.json", *options) as process:
        wait_for(folder / "at_b")
        os.kill(process.pid, ending)
        output, _ = process.communicate(timeout=60)
    wait_until_nothing_is_left(folder)
    told = report(folder / "r.json")
    jsonschema.validate(told, report(SCHEMA_FILE))
    assert [(one["nodeid"], one["outcome"]) for one in told["results"]] == [("test_it.py::test_a", "passed")]
    assert told["cut_short"]["not_measured"] == NOT_MEASURED
    return process.returncode, output


def test_a_killed_session_leaves_its_results_and_nothing_else(tmp_path: Path) -> None:
    status, _ = ended_by(tmp_path, signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert "was killed" in report(tmp_path / "r.json")["cut_short"]["by"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_session_in_order(tmp_path: Path, ending: signal.Signals) -> None:
    status, output = ended_by(tmp_path, ending)
    assert status == (pytest.ExitCode.INTERRUPTED if ending is signal.SIGINT else 128 + ending)
    name = "Ctrl-C" if ending is signal.SIGINT else ending.name
    assert name in report(tmp_path / "r.json")["cut_short"]["by"]
    assert f"not measured: {', '.join(NOT_MEASURED)}" in output


def test_what_x_stops_is_told(run: Run, pytester: pytest.Pytester) -> None:
    source = "@gated\ndef test_a(): assert 0\n@gated\ndef test_b(): work()\n"
    result = run(source, "-x", "--multicore-json=r.json")
    result.stdout.fnmatch_lines(["multicore: cut short by stopping after 1 failures; not measured: test_it.py::test_b"])
    told = report(pytester.path / "r.json")
    assert told["cut_short"] == {"by": "stopping after 1 failures", "not_measured": ["test_it.py::test_b"]}


STOPS = """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    item.session.shouldstop = "enough of it"
    return (yield)
"""


@pytest.mark.slow
def test_what_a_plugin_stops_is_told(run: Run, pytester: pytest.Pytester) -> None:
    source = "@gated\ndef test_a(): work()\n@gated\ndef test_b(): work()\n"
    result = run(source, "--multicore-json=r.json", conftest=STOPS)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    told = report(pytester.path / "r.json")
    assert told["cut_short"] == {"by": "enough of it", "not_measured": ["test_it.py::test_b"]}


TERMINATES = """
import os, signal, time
def terminate(*_):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""
CATCHES_ALL = """
from conftest import terminate
@gated
def test_a(): work()
def test_b():
    try: terminate()
    except Exception: pass
@gated
def test_c(): work()
"""


@pytest.mark.slow
def test_a_signal_ends_a_session_whose_test_catches_all(run: Run, pytester: pytest.Pytester) -> None:
    result = run(CATCHES_ALL, "--multicore-json=r.json", conftest=TERMINATES)
    assert result.ret == 128 + signal.SIGTERM
    assert report(pytester.path / "r.json")["cut_short"] == {"by": "SIGTERM", "not_measured": ["test_it.py::test_c"]}
    result.stdout.fnmatch_lines(["multicore: cut short by SIGTERM; not measured: test_it.py::test_c"])


TWICE = """
import os, subprocess, time
@gated
def test_a(): work()
def test_b():
    subprocess.Popen(["sh", "-c", f"kill -TERM {os.getpid()}; sleep 0.02; kill -TERM {os.getpid()}"])
    time.sleep(60)
@gated
def test_c(): work()
@pytest.fixture(autouse=True)
def slow_teardown():
    yield
    time.sleep(2)
"""


@pytest.mark.slow
def test_a_signal_that_comes_twice_at_once_is_one(run: Run) -> None:
    """As by timeout(1), which sends it to the process and to its group."""
    result = run(TWICE, "--multicore-json=r.json")
    assert result.ret == 128 + signal.SIGTERM
    result.stdout.fnmatch_lines(["multicore: cut short by SIGTERM; not measured: test_it.py::test_c"])


WITHIN_A_TEST = """
import os, signal
def again(): return work()
@pytest.mark.multicore(min_cores=0.02, threads=1)
def test_b(multicore):
    multicore.run("test_it:work")
    multicore.run("test_it:again")
    {ending}
    signal.pause()
"""
WITHIN_AN_EXPLANATION = """
import os, signal
from pytest_multicore.pytest_side import gate
def explain(*_):
    {ending}
    signal.pause()
gate.explain = explain
@pytest.mark.multicore(max_cores=0.001, threads=1)
def test_b(): work()
"""


def signalled(name: str) -> str:
    return f"os.kill(os.getpid(), signal.{name})"


@pytest.mark.parametrize("ending", [signalled("SIGINT"), signalled("SIGTERM"), "os._exit(3)"])
def test_what_was_measured_before_an_end_within_a_test_is_kept(
    run: Run, pytester: pytest.Pytester, ending: str
) -> None:
    ended = run(WITHIN_A_TEST.format(ending=ending), "--multicore-json=r.json")
    told = report(pytester.path / "r.json")
    assert [one["workload"] for one in told["results"]] == ["test_it:work", "test_it:again"]
    assert told["cut_short"]["not_measured"] == ["test_it.py::test_b"]
    if "exit" not in ending:
        ended.stdout.fnmatch_lines(["*= multicore =*", "test_b: test_it:again *", "multicore: cut short by *"])
        assert ended.stdout.str().count("test_b: test_it:again ") == 1


RERUN = """
import os, signal
attempts = []
@pytest.fixture
def ending():
    yield
    if len(attempts) == {ends_at}:
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()
@pytest.mark.flaky(reruns=3)
@pytest.mark.multicore(min_cores=0.02, threads=1)
def test_a(ending, multicore):
    attempts.append(1)
    multicore.run("test_it:work")
    assert 0
"""


@pytest.mark.other_plugins
@pytest.mark.parametrize("ends_at", [1, 2])
def test_of_an_attempt_that_ctrl_c_ends_the_results_stand(run: Run, pytester: pytest.Pytester, ends_at: int) -> None:
    pytest.importorskip("pytest_rerunfailures")
    run(RERUN.format(ends_at=ends_at), "--multicore-json=r.json")
    assert [one["nodeid"] for one in report(pytester.path / "r.json")["results"]] == ["test_it.py::test_a"]


@pytest.mark.parametrize("ending", [signalled("SIGINT"), signalled("SIGTERM")])
def test_a_verdict_is_kept_where_a_signal_ends_its_explanation(
    run: Run, pytester: pytest.Pytester, ending: str
) -> None:
    run(WITHIN_AN_EXPLANATION.format(ending=ending), "--multicore-json=r.json")
    (told,) = report(pytester.path / "r.json")["results"]
    assert told["outcome"] == "failed"
    assert "the session ended before it was known why" in told["notes"]


WRITE = """
import resource, sys
from pathlib import Path
from pytest_multicore.reports.json_report import write
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
write(Path(sys.argv[1]), {"long": "x" * 1000})
"""


def test_a_report_that_cannot_be_written_whole_replaces_nothing(tmp_path: Path) -> None:
    """A file that may not grow any more is as good as a full disk, and anybody has it."""
    file = tmp_path / "r.json"
    file.write_text("before")
    done = subprocess.run([sys.executable, "-c", WRITE, str(file)], capture_output=True, text=True, check=False)
    assert "OSError: [Errno 27]" in done.stderr
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("r.json", "before")]


def test_a_link_to_a_report_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to("r.json")
    write(tmp_path / "link.json", {"a": 1})
    assert (tmp_path / "link.json").is_symlink()
    assert report(tmp_path / "r.json") == {"a": 1}


def test_a_report_can_be_written_to_what_is_no_file() -> None:
    write(Path("/dev/null"), {"a": 1})
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize("options", [[], ["-n2"]], ids=["alone", "with workers"])
@pytest.mark.other_plugins
def test_a_session_that_only_collects_is_not_cut_short(run: Run, options: list[str]) -> None:
    session = run(SOURCE, "--collect-only", "--multicore-json=r.json", *options)
    assert session.ret == pytest.ExitCode.OK
    session.stdout.no_fnmatch_line("*cut short*")
    session.stdout.no_fnmatch_line("*INTERNALERROR*")
