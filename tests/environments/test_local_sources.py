"""Environments of folders and wheels on this machine: what these hold is part of the key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_multicore.environments import cache
from pytest_multicore.environments.discovery import find_interpreter
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.local_sources import local_path
from pytest_multicore.environments.project_environments import environments_in
from pytest_multicore.environments.provision import prepare
from pytest_multicore.errors import EnvironmentUnavailable
from tests.absent import prepared

PYPROJECT = """
[project]
name = "mylib"
version = "1.0"
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"
[tool.setuptools]
py-modules = ["mylib"]
"""


@pytest.fixture
def mylib(tmp_path: Path) -> Path:
    folder = tmp_path / "mylib"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "mylib.py").write_text("NUMBER = 1\n")
    return folder


@pytest.mark.parametrize(
    ("requirement", "path"),
    [
        ("mylib @ file:///a/my%20lib", "/a/my lib"),
        ("mylib[x] @ file:///a/mylib ; python_version > '3'", "/a/mylib"),
        ("file:///a/mylib.whl#sha256=1", "/a/mylib.whl"),
        ("/a/my lib[x,y]", "/a/my lib"),
        ("/a/mylib.whl --hash=sha256:1", "/a/mylib.whl"),
        ("mylib==1.0", None),
        ("mylib @ https://example.org/mylib.whl", None),
    ],
)
def test_a_path_is_found_in_a_requirement(requirement: str, path: str | None) -> None:
    assert local_path(requirement) == (path and Path(path))


def test_the_key_changes_with_the_sources_alone(mylib: Path) -> None:
    requires, interpreter = (f"mylib @ file://{mylib}",), find_interpreter([])
    keys = [cache.key_of(requires, interpreter)]
    for left in ("build/lib/mylib.py", "mylib.egg-info/PKG-INFO", "__pycache__/mylib.pyc", ".git/index"):
        (mylib / left).parent.mkdir(parents=True)
        (mylib / left).write_text("left by a build")
    os.utime(mylib / "mylib.py", (1, 1))
    assert cache.key_of(requires, interpreter) == keys[0]
    (mylib / "mylib.py").write_text("NUMBER = 2\n")
    keys.append(cache.key_of(requires, interpreter))
    (mylib / "mylib.py").rename(mylib / "other.py")
    keys.append(cache.key_of(requires, interpreter))
    assert len(set(keys)) == 3


def test_changed_sources_are_built_anew_and_others_are_not(mylib: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest-multicore.environments.own]\nrequires = ["./mylib"]\npython = []\n'
    )
    own: Environment = environments_in(tmp_path / "pyproject.toml")["own"]
    assert own.requires == (f"{tmp_path}/mylib",)
    first = prepared(own)
    assert prepared(own) == first
    (mylib / "mylib.py").write_text("NUMBER = 22\n")
    second = prepared(own)
    assert second.folder != first.folder
    assert (second.site_packages / "mylib.py").read_text() == "NUMBER = 22\n"


@pytest.mark.parametrize("hashed", ["", f" --hash=sha256:{64 * '0'}"])
def test_a_path_that_is_no_utf_8_is_refused_with_the_remedy(tmp_path: Path, mylib: Path, hashed: str) -> None:
    """Neither pip nor uv takes one."""
    folder = mylib.rename(os.fsdecode(os.fsencode(tmp_path / "my") + b"\xff"))
    with pytest.raises(EnvironmentUnavailable, match="no path that is no UTF-8: rename the folder that 'requires'"):
        prepare(Environment("own", requires=(f"{folder}{hashed}",)))
