"""The ``isolated_interpreter`` fixture: a live interpreter whose threads and flags are set before any import."""

import venv

import pytest

from tests.fixture_types import Undecided

WORK = """
import os, sys

def variables(*names):
    return {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "MY_FLAG", "THEANO_FLAGS")}

def serial(steps=20000):
    return sum(i * i for i in range(steps))

def hashed():
    return [hash("x"), hash("multicore"), sys.flags.ignore_environment, sys.warnoptions]

counted = []
def count():
    counted.append(1)
    return len(counted)
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "THEANO_FLAGS"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(work=WORK)
    return pytester


def run(project: pytest.Pytester, body: str, *options: str, marker: str = "") -> pytest.RunResult:
    project.makepyfile(
        test_it=f"""
        import enum, os, pytest
        from pytest_multicore import LimitMissed, UsageError, WorkloadError

        {marker or "pass"}
        def test_it(isolated_interpreter, monkeypatch):
            {body}
        """
    )
    return project.runpytest_subprocess("-rs", *options)


def test_threads_and_flags_are_set_before_exec(project: pytest.Pytester) -> None:
    body = """
            flag = enum.Enum("Flag", {"X": "x"}, type=str).X
            python = isolated_interpreter(threads=3, env={"MY_FLAG": flag}, theano_flags={"openmp": "True"})
            found = python.call("work:variables")
            assert (found["OMP_NUM_THREADS"], found["MKL_NUM_THREADS"], found["MY_FLAG"]) == ("3", "3", "x")
            assert "openmp=True" in found["THEANO_FLAGS"]
            assert python.variables_set["OMP_NUM_THREADS"] == "3"
    """
    run(project, body).assert_outcomes(passed=1)


def test_inherit_sets_nothing(project: pytest.Pytester) -> None:
    body = """
            monkeypatch.setenv("OMP_NUM_THREADS", "5")
            found = isolated_interpreter(threads="inherit").call("work:variables")
            assert (found["OMP_NUM_THREADS"], found["MKL_NUM_THREADS"]) == ("5", None)
    """
    run(project, body).assert_outcomes(passed=1)


@pytest.mark.parametrize("another", [False, True], ids=["current", "another"])
def test_hashes_are_not_drawn_and_pythons_own_variables_are_read(project: pytest.Pytester, another: bool) -> None:
    folder = project.path / "another"
    if another:
        venv.create(folder, symlinks=True)
    options = [f"--multicore-python={folder / 'bin' / 'python'}"] if another else []
    body = """
            one, other = (isolated_interpreter(env={"PYTHONWARNINGS": "error"}).call("work:hashed") for _ in range(2))
            assert one == other
            assert one[2:] == [0, ["error"]]
    """
    run(project, body, *options).assert_outcomes(passed=1)


def test_what_was_overridden_is_reported(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    body = """
            python = isolated_interpreter(threads=2)
            assert python.overridden == {"OMP_NUM_THREADS": "7"}
            python.measure("work:serial")
    """
    result = run(project, body)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["note: OMP_NUM_THREADS=7 of the outer world was overridden"])


def test_state_lives_between_calls_and_interpreters_are_apart(project: pytest.Pytester) -> None:
    body = """
            one, two = isolated_interpreter(), isolated_interpreter()
            assert [one.call("work:count"), one.call("work:count"), two.call("work:count")] == [1, 2, 1]
            assert one.pid != two.pid != os.getpid()
            assert one.facts()["affinity"] is None or len(one.facts()["affinity"]) >= 1
    """
    run(project, body).assert_outcomes(passed=1)


def test_a_call_in_a_test_with_limits_is_measured(project: pytest.Pytester) -> None:
    result = run(
        project,
        "assert isolated_interpreter().call('work:serial', steps=1000) == 332833500",
        marker="@pytest.mark.multicore(min_cores=0.5, threads=1)",
    )
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"test_it: work:serial \(steps=1000\) .* passed"])


def test_a_call_can_miss_a_limit_on_two_sides(project: pytest.Pytester, undecided: Undecided) -> None:
    body = "with pytest.raises(LimitMissed, match='min_speedup missed'): isolated_interpreter().call('work:serial')"
    marker = "@pytest.mark.multicore(min_speedup=1.9, threads=2)"
    result = run(project, body, marker=marker)
    if result.parseoutcomes().get("skipped"):
        undecided("one core, or too busy to compare two sides")
    result.assert_outcomes(passed=1)


def test_wrong_threads_are_refused(project: pytest.Pytester) -> None:
    body = "with pytest.raises(UsageError, match='threads=0'): isolated_interpreter(threads=0)"
    run(project, body).assert_outcomes(passed=1)


@pytest.mark.slow
def test_an_interpreter_of_the_users_goes_on_after_a_measurement(project: pytest.Pytester) -> None:
    """It rested beside the same on one core, and a server in it answered nobody any more."""
    project.makepyfile(
        pool="""
        import hashlib
        from concurrent.futures import ThreadPoolExecutor

        def of_two():
            pool = ThreadPoolExecutor(2)
            return lambda: list(pool.map(lambda _: hashlib.sha256(bytes(4_000_000)).digest(), range(8)))
        """
    )
    project.makepyfile(
        """
        import psutil, pytest

        @pytest.mark.multicore(min_cores=1.05, min_speedup=0.6)
        def test_it(isolated_interpreter):
            one = isolated_interpreter()
            try:
                one.measure("pool:of_two")
            finally:
                assert psutil.Process(one.pid).status() != psutil.STATUS_STOPPED
        """
    )
    outcomes = project.runpytest_subprocess("-rs").parseoutcomes()
    assert outcomes in ({"passed": 1}, {"skipped": 1})  # however busy the machine is


@pytest.mark.parametrize("fixture", ["multicore", "isolated_interpreter", "dot_product"])
def test_a_fixture_that_is_asked_for_by_its_name_alone_is_refused(project: pytest.Pytester, fixture: str) -> None:
    """What it measured would be this plugin, or reach no report."""
    project.makepyfile(f"def test_it(request):\n    request.getfixturevalue({fixture!r})\n")
    result = project.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*UsageError: *::test_it: found request.getfixturevalue('*'); expected the fixture*"])
