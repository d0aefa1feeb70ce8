"""What collecting the tests changes in pytest does not reach measured interpreters; what a test sets does."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from pytest_multicore.interpreters.affinity import started_on
from pytest_multicore.settings import world_at_start
from pytest_multicore.settings.world_at_start import THREAD_VARIABLE, WorldAtStart
from tests.interpreters.dialogue import AGENT

TWO_CPUS = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two CPUs to be pinned to one",
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> WorldAtStart:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    return WorldAtStart.now()


def test_a_variable_that_an_import_set_is_as_at_the_start(world: WorldAtStart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MKL_NUM_THREADS", "1")
    monkeypatch.setenv("A_NAME", "kept")
    world.look("test_it.py")
    variables = world.child_environ(os.environ)
    assert (variables["OMP_NUM_THREADS"], "MKL_NUM_THREADS" in variables) == ("4", False)
    assert variables["A_NAME"] == "kept"
    assert [(change.by, change.what, change.before, change.after) for change in world.changes] == [
        ("test_it.py", "variable MKL_NUM_THREADS", None, "1"),
        ("test_it.py", "variable OMP_NUM_THREADS", "4", "1"),
    ]


def test_what_a_test_sets_later_is_kept(world: WorldAtStart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    world.look("test_it.py")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("MKL_NUM_THREADS", "2")
    variables = world.child_environ(os.environ)
    assert (variables["OMP_NUM_THREADS"], variables["MKL_NUM_THREADS"]) == ("3", "2")


def test_what_plugins_set_before_conftest_files_is_the_start(
    world: WorldAtStart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    world.take_variables_anew()
    world.look("conftest.py")
    assert world.changes == []
    assert world.child_environ(os.environ)["OMP_NUM_THREADS"] == "3"


def test_the_modules_that_an_import_brought_are_noted(world: WorldAtStart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "a_new_module", sys)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    world.look("test_it.py")
    assert "a_new_module" in world.changes[0].modules


@TWO_CPUS
def test_a_narrowed_affinity_is_widened_for_what_is_started(
    world: WorldAtStart, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.sched_getaffinity(0)
    monkeypatch.setattr("pytest_multicore.interpreters.affinity.WORLD", world)
    try:
        os.sched_setaffinity(0, {min(whole)})
        assert world.child_affinity() == {min(whole)}  # a test did it, as far as is known
        world.look("test_it.py")
        assert world.child_affinity() == whole
        with started_on(None):
            assert os.sched_getaffinity(0) == whole
        assert os.sched_getaffinity(0) == {min(whole)}
    finally:
        os.sched_setaffinity(0, whole)
    assert world.child_affinity() == whole


def test_agent_and_pytest_mean_the_same_variables() -> None:
    source = (AGENT / "watch" / "start_changes.py").read_text()
    assert f'r"{THREAD_VARIABLE.pattern}"' in source
    assert f'r"{THREAD_VARIABLE.pattern}"' in Path(world_at_start.__file__).read_text()


def test_a_worker_begins_where_its_controller_began(world: WorldAtStart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    world.look("conftest.py")
    worker = WorldAtStart.now()
    assert worker.child_environ(os.environ)["OMP_NUM_THREADS"] == "1"
    worker.adopt(json.loads(json.dumps(world.as_data())))
    assert worker.child_environ(os.environ)["OMP_NUM_THREADS"] == "4"
    assert worker.affinity == world.affinity
    assert [change.by for change in worker.changes] == ["conftest.py"]


def test_what_a_conftest_file_sets_is_undone_in_a_worker_of_xdist(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xdist")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    pytester.makeconftest("import os\nos.environ['OMP_NUM_THREADS'] = '1'\n")
    pytester.makepyfile(
        """
        import os
        from pytest_multicore.settings.world_at_start import WORLD

        def test_it():
            assert os.environ["OMP_NUM_THREADS"] == "1"
            assert WORLD.child_environ(os.environ)["OMP_NUM_THREADS"] == "3"
            assert [change.by.rpartition(os.sep)[2] for change in WORLD.changes] == ["conftest.py"]
        """
    )
    for options in ([], ["-n", "1"]):
        pytester.runpytest_subprocess("-p", "xdist", *options).assert_outcomes(passed=1)
