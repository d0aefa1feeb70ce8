"""Interpreters, found or said to be missing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_multicore.environments import discovery, downloads
from pytest_multicore.environments.discovery import find_interpreter, search_folders
from pytest_multicore.environments.probe import probe
from pytest_multicore.errors import EnvironmentUnavailable

#: The interpreter that this environment was made of.
BELOW = Path(vars(sys)["_base_executable"]).resolve()
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def managed(tmp_path: Path) -> dict[str, str]:
    """A version manager that has installed the running version, on no search path."""
    folder = tmp_path / "pyenv/versions/some/bin"
    folder.mkdir(parents=True)
    (folder / f"python{HERE}").symlink_to(Path(sys.executable).resolve())
    return {"PYENV_ROOT": str(tmp_path / "pyenv"), "PATH": str(tmp_path), "UV_OFFLINE": "1"}


def test_no_specification_is_the_running_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = probe(sys.executable)
    monkeypatch.setattr(subprocess, "Popen", None)
    found = find_interpreter([])

    assert found == asked, "it says of itself without a start what another one finds"
    assert found.path == Path(sys.executable)
    assert found.version == sys.version_info[:3]
    assert found.base == BELOW


def test_a_running_interpreter_whose_program_is_gone_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(EnvironmentUnavailable, match="there is no such file"):
        find_interpreter([])


def test_a_version_is_found_as_an_absolute_path() -> None:
    found = find_interpreter(["3.0", HERE], environ={**os.environ, "UV_OFFLINE": "1"})

    assert found.path.is_absolute()
    assert found.version[:2] == sys.version_info[:2]


def test_without_python_discovery_the_folders_of_version_managers_are_searched(
    managed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "python_discovery", None)

    assert find_interpreter([HERE], environ=managed).version[:2] == sys.version_info[:2]


def test_folders_of_version_managers_follow_the_search_path(managed: dict[str, str], tmp_path: Path) -> None:
    assert search_folders(HERE, managed) == [str(tmp_path), str(tmp_path / "pyenv/versions/some/bin")]
    assert search_folders("3.0", managed) == [str(tmp_path)]


def test_a_missing_version_says_what_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnavailable) as caught:
        find_interpreter(["3.0", "3.1"], environ={"PATH": str(tmp_path), "UV_OFFLINE": "1"})

    message = str(caught.value)
    assert "no Python 3.0 or 3.1 found" in message
    assert "on PATH" in message
    assert "PYENV_ROOT" in message
    assert "\n" not in message
    assert "UV_OFFLINE is set" in message
    assert "uv python install 3.0" in message
    assert "pyproject.toml" in message


def test_a_missing_version_tells_that_python_discovery_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "python_discovery", None)

    with pytest.raises(EnvironmentUnavailable, match="pip install python-discovery"):
        find_interpreter(["3.0"], environ={"PATH": str(tmp_path), "UV_OFFLINE": "1"})


def test_a_path_that_is_no_interpreter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "python").chmod(0o755)

    with pytest.raises(EnvironmentUnavailable, match="does not answer as a Python"):
        find_interpreter([str(tmp_path / "python")])
    with pytest.raises(EnvironmentUnavailable, match="there is no such file"):
        find_interpreter([str(tmp_path / "absent")])


@pytest.mark.parametrize("answer", ["garbage", "[]", "{}", '{"version": 3}', '{"version": [3]}'])
def test_a_program_that_answers_as_no_interpreter_does_is_none(tmp_path: Path, answer: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\necho 'multicore-probe {answer}'\n")
    program.chmod(0o755)
    assert probe(program) is None


def test_a_path_that_is_not_there_leaves_the_next_choice(tmp_path: Path) -> None:
    found = find_interpreter([str(tmp_path / "absent" / "python"), sys.executable])
    assert str(found.path) == sys.executable
    with pytest.raises(
        EnvironmentUnavailable, match=r"no Python .*absent or 3\.0 found; install one \(uv python install 3\.0"
    ):
        find_interpreter([str(tmp_path / "absent"), "3.0"], environ={"PATH": str(tmp_path), "UV_OFFLINE": "1"})


def test_no_download_without_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert downloads.download(["3.9"], {}) == (None, "uv is not installed (pip install uv)")


@pytest.mark.parametrize(
    ("specs", "world", "reason"),
    [
        (["2.7"], {}, "uv offers none of these versions"),
        (["3.9"], {"UV_OFFLINE": "true"}, "UV_OFFLINE is set"),
        (["3.9"], {"UV_PYTHON_DOWNLOADS": "never"}, "UV_PYTHON_DOWNLOADS=never forbids it"),
    ],
)
def test_a_download_that_is_forbidden_is_not_tried(specs: list[str], world: dict[str, str], reason: str) -> None:
    if downloads.find_uv() is None:
        pytest.skip("uv is not installed")

    assert downloads.download(specs, world) == (None, reason)


def test_a_download_that_cannot_be_had_fails_in_seconds(tmp_path: Path) -> None:
    if downloads.find_uv() is None:
        pytest.skip("uv is not installed")
    world = {
        **os.environ,
        "UV_PYTHON_INSTALL_MIRROR": "http://127.0.0.1:9",
        "UV_PYTHON_INSTALL_DIR": str(tmp_path),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
    }
    world.pop("UV_OFFLINE", None)
    told: list[str] = []
    began = time.monotonic()

    found, reason = downloads.download(["3.9"], world, told.append)

    assert found is None
    assert "uv could not download Python 3.9" in reason
    assert told == ["no Python 3.9 is installed: uv tries to download one"]
    assert time.monotonic() - began < 10


def test_an_interpreter_that_prints_at_its_start_is_understood(tmp_path: Path) -> None:
    environment = tmp_path / "noisy"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (next(environment.glob("lib/python*/site-packages")) / "noise.pth").write_text("import sys; print('noise')\n")

    found = probe(environment / "bin/python")

    assert found is not None
    assert found.prefix == environment
    assert found.base == BELOW


def test_the_working_folder_is_no_part_of_an_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.chdir(tmp_path)

    assert probe(sys.executable) is not None


def test_python_discovery_is_not_asked_for_a_python_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(discovery, "_discover", lambda *arguments: pytest.fail("asked"))

    with pytest.raises(EnvironmentUnavailable, match="pyenv install 2"):
        find_interpreter(["2.6"], environ={"PATH": str(tmp_path)})
