"""A module that changes pytest while it is collected changes no interpreter that another file's tests open."""

from __future__ import annotations

import os

import pytest

from tests.test_world_at_start import TWO_CPUS

NEIGHBOUR = """
import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OMP_DYNAMIC"] = "TRUE"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

def test_itself():
    assert os.environ["OMP_NUM_THREADS"] == "1"
"""
PROBE = """
import os

def world():
    return [os.environ.get("OMP_NUM_THREADS"), os.environ.get("OMP_DYNAMIC"), len(os.sched_getaffinity(0))]
"""
OTHER = """
def test_other(isolated_interpreter, monkeypatch):
    assert isolated_interpreter(threads="inherit").call("probe:world") == ["3", None, CPUS]
    monkeypatch.setenv("OMP_DYNAMIC", "FALSE")  # a test's own setting is meant for what it opens
    assert isolated_interpreter(threads="inherit").call("probe:world") == ["3", "FALSE", CPUS]

def test_the_grant():
    from pytest_multicore.measurement.machine import this_machine
    assert this_machine().cores_in_reach == CPUS
"""


@TWO_CPUS
def test_interpreters_start_as_pytest_began(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OMP_DYNAMIC", raising=False)
    cpus = len(os.sched_getaffinity(0))
    pytester.makepyfile(test_a_neighbour=NEIGHBOUR, probe=PROBE, test_other=OTHER.replace("CPUS", str(cpus)))
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    # Off, for it need not wait until nothing is measured on this host: it measures nothing itself.
    pytester.runpytest_subprocess("--multicore-off").assert_outcomes(passed=3)


@TWO_CPUS
@pytest.mark.exhaustive
def test_what_collecting_changed_is_reported_with_the_module(pytester: pytest.Pytester) -> None:
    pytester.mkpydir("pinning")
    (pytester.path / "pinning" / "deep.py").write_text(NEIGHBOUR.partition("def ")[0])
    pytester.makepyfile(test_a_neighbour="import pinning.deep\n\ndef test_it(): pass\n")
    pytester.makepyfile(
        test_other="import pytest\n\n@pytest.mark.multicore(threads=1)\ndef test_other(): sum(range(10**6))\n"
    )
    result = pytester.runpytest_subprocess("--multicore-budget=2")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "note: collecting test_a_neighbour.py, which imports `pinning.deep`, changed the affinity of pytest*",
            "note: collecting test_a_neighbour.py, which imports `pinning.deep`, set OMP_DYNAMIC=TRUE in pytest*",
        ]
    )
