"""Environments, built once, whole or not at all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_multicore.environments import builders, cache, downloads
from pytest_multicore.environments.builders import VenvBuilder
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.probe import Interpreter
from pytest_multicore.environments.provision import Installation, prepare
from pytest_multicore.errors import EnvironmentUnavailable
from tests.fixture_types import KillTree, Preparing

from .packages import SlowPackage

pytestmark = pytest.mark.usefixtures("offline")

needs_uv = pytest.mark.skipif(downloads.find_uv() is None, reason="uv is not installed")


def half_built(cache_folder: Path) -> list[Path]:
    return list((cache_folder / "environments").glob(f"*{cache.BUILD_INFIX}*"))


def appears(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)


def answer_in(provisioned: Installation) -> str:
    argv = [str(provisioned.python), "-E", "-s", "-c", "import tiny; print(tiny.ANSWER, tiny.__file__)"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_the_current_interpreter_is_used_as_it_stands(cache_folder: Path) -> None:
    provisioned = prepare(Environment("current"))

    assert provisioned.python == Path(sys.executable)
    assert provisioned.folder is None
    assert provisioned.is_current
    assert not (cache_folder / "environments").exists()


def test_an_environment_is_built_with_a_record_and_reused(tiny: str, cache_folder: Path) -> None:
    told: list[str] = []
    environment = Environment("own", requires=(tiny,))

    first = prepare(environment, progress=told.append)
    building = len(told)
    second = prepare(environment, progress=told.append)

    assert first == second
    assert building == 2
    assert told[0].startswith("building environment 'own'")
    assert len(told) == building
    assert answer_in(first).startswith("42 ")
    assert str(first.site_packages) in answer_in(first)
    assert not first.is_current
    assert first.folder is not None
    record = json.loads((first.folder / cache.RECORD_NAME).read_text())
    assert "tiny==1.0" in record["installed"]
    assert record["requires"] == [tiny]
    assert record["build_s"] > 0
    assert half_built(cache_folder) == []


def test_scripts_work_where_the_environment_stands(tiny: str) -> None:
    provisioned = prepare(Environment("own", requires=(tiny,)))

    assert provisioned.folder is not None
    said = subprocess.run([provisioned.folder / "bin/tiny-say"], capture_output=True, text=True, check=True).stdout

    assert said == "42\n"


@pytest.mark.slow
def test_without_uv_the_standard_library_builds_the_same_environment(
    tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_uv = cache.key_of((tiny,), builders_interpreter())
    monkeypatch.setattr(builders, "find_uv", lambda: None)
    told: list[str] = []

    provisioned = prepare(Environment("own", requires=(tiny,)), progress=told.append)

    assert "with venv and pip" in told[0]
    assert provisioned.key == with_uv
    assert answer_in(provisioned).startswith("42 ")


def builders_interpreter() -> Interpreter:
    from pytest_multicore.environments.discovery import find_interpreter

    return find_interpreter([])


def test_the_key_holds_requirements_and_interpreter_and_no_order() -> None:
    interpreter = builders_interpreter()

    assert cache.key_of(("a", "b"), interpreter) == cache.key_of(("b", "a"), interpreter)
    assert cache.key_of(("a",), interpreter) != cache.key_of(("b",), interpreter)


@needs_uv
def test_processes_that_ask_at_once_build_once(slow: SlowPackage, preparing: Preparing, cache_folder: Path) -> None:
    first = preparing(slow.requirement)
    appears(slow.started, first)
    others = [preparing(slow.requirement) for _ in range(3)]
    for process in others:  # each has said that it waits, so each has met the lock
        assert process.stdout is not None
        assert process.stdout.readline().startswith("waiting for another process")
    slow.go.touch()

    said = [process.communicate(timeout=60)[0] for process in (first, *others)]

    assert sum(text.count("building environment") for text in said) == 1
    assert len({text.splitlines()[-1] for text in said}) == 1
    assert [process.returncode for process in (first, *others)] == [0, 0, 0, 0]
    assert half_built(cache_folder) == []


@needs_uv
def test_a_build_that_was_killed_leaves_nothing_that_is_taken_for_whole(
    slow: SlowPackage, preparing: Preparing, kill_tree: KillTree, cache_folder: Path
) -> None:
    killed = preparing(slow.requirement)
    appears(slow.started, killed)
    kill_tree(killed)
    assert len(half_built(cache_folder)) == 1
    assert [path for path in (cache_folder / "environments").iterdir() if cache.record_in(path)] == []
    slow.go.touch()

    said, _ = (process := preparing(slow.requirement)).communicate(timeout=60)

    assert process.returncode == 0, said
    assert "building environment" in said
    assert cache.record_in(Path(said.splitlines()[-1]))
    assert half_built(cache_folder) == []


@needs_uv
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can end a child with its parent")
def test_tools_end_with_the_process_that_started_them(slow: SlowPackage, preparing: Preparing) -> None:
    import psutil

    killed = preparing(slow.requirement)
    appears(slow.started, killed)
    tools = psutil.Process(killed.pid).children()
    assert tools
    killed.kill()

    _gone, alive = psutil.wait_procs(tools, timeout=5)
    slow.go.touch()

    assert alive == []


@needs_uv
@pytest.mark.slow
def test_what_lies_in_the_working_folder_does_not_reach_the_build(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.uv]\nno_such_setting_breaks = ")
    (tmp_path / "venv.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.chdir(tmp_path)

    assert answer_in(prepare(Environment("own", requires=(tiny,)))).startswith("42 ")
    monkeypatch.setattr(builders, "find_uv", lambda: None)
    assert answer_in(prepare(Environment("own", requires=(tiny, "pip")))).startswith("42 ")


@needs_uv
def test_the_next_build_of_anything_removes_what_a_killed_one_left(
    slow: SlowPackage, tiny: str, preparing: Preparing, kill_tree: KillTree, cache_folder: Path
) -> None:
    killed = preparing(slow.requirement)
    appears(slow.started, killed)
    kill_tree(killed)

    prepare(Environment("another", requires=(tiny,)))

    assert half_built(cache_folder) == []


@needs_uv
def test_a_build_in_progress_is_left_alone_by_the_next(
    slow: SlowPackage, tiny: str, preparing: Preparing, cache_folder: Path
) -> None:
    running = preparing(slow.requirement)
    appears(slow.started, running)

    prepare(Environment("another", requires=(tiny,)))

    assert len(half_built(cache_folder)) == 1
    slow.go.touch()
    assert running.communicate(timeout=60)[0]
    assert running.returncode == 0


def test_a_damaged_environment_is_built_anew(tiny: str) -> None:
    provisioned = prepare(Environment("own", requires=(tiny,)))
    assert provisioned.folder is not None
    (provisioned.folder / cache.RECORD_NAME).write_text("{ half")
    told: list[str] = []

    assert prepare(Environment("own", requires=(tiny,)), progress=told.append) == provisioned
    assert told[0].startswith("building")


@pytest.mark.parametrize("uv", [pytest.param(True, marks=needs_uv), False])
@pytest.mark.slow
def test_no_index_says_what_to_do_and_keeps_the_output(
    uv: bool, monkeypatch: pytest.MonkeyPatch, cache_folder: Path
) -> None:
    if not uv:
        monkeypatch.setattr(builders, "find_uv", lambda: None)

    with pytest.raises(EnvironmentUnavailable) as caught:
        prepare(Environment("own", requires=("six==1.16.0",)))

    message = str(caught.value)
    assert "cannot build environment 'own'" in message
    assert "the package index could not be reached" in message
    assert "UV_OFFLINE" in message
    logs = list((cache_folder / "logs").iterdir())
    assert len(logs) == 1
    assert str(logs[0]) in message
    assert "six" in logs[0].read_text()
    assert half_built(cache_folder) == []


def test_a_cached_environment_needs_neither_tools_nor_index(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provisioned = prepare(Environment("own", requires=(tiny,)))
    monkeypatch.setattr(VenvBuilder, "build", lambda *arguments: pytest.fail("built"))
    monkeypatch.setattr(builders, "find_uv", lambda: None)

    assert prepare(Environment("own", requires=(tiny,))) == provisioned


def test_a_cache_folder_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PYTEST_MULTICORE_CACHE", str(tmp_path / "file"))

    with pytest.raises(EnvironmentUnavailable, match=r"cache folder .*file.*Set PYTEST_MULTICORE_CACHE"):
        cache.root()


def test_a_new_cache_belongs_to_its_user_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "new" / "cache"))
    assert stat.S_IMODE(cache.root().stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("umask", "mode"), [(0, 0o700), (0o020, 0o700), (0o022, 0o755), (0o002, 0o775), (0o077, 0o700)]
)
def test_nobody_else_may_write_where_things_are_built_though_all_may_enter_the_cache(
    umask: int, mode: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a umask of 0, as in some containers, anybody could write in them."""
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path))
    tmp_path.chmod(0o755)
    before = os.umask(umask)
    try:
        made = [cache.part("recorder"), *cache.root().iterdir()]
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert {stat.S_IMODE(one.stat().st_mode) for one in made} == {mode}


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no users with numbers")
def test_a_cache_that_anybody_may_write_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What lies in it is run."""
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path))
    tmp_path.chmod(0o1777)
    with pytest.raises(EnvironmentUnavailable, match=r"anybody may write there \(mode 1777\).*\(chmod 700\)"):
        cache.root()
    assert list(tmp_path.iterdir()) == [], "nothing is put there"
    tmp_path.chmod(0o775)
    assert cache.root() == tmp_path
    cache.part("recorder").chmod(0o777)
    with pytest.raises(EnvironmentUnavailable, match=r"recorder: anybody may write there \(mode 777\)"):
        cache.part("recorder")
    (tmp_path / "environments").chmod(0o777)
    with pytest.raises(EnvironmentUnavailable, match=r"environments: anybody may write there \(mode 777\)"):
        cache.root()
