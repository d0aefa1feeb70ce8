"""The commit of a project, of real repositories; where there is none, nothing, and never an error."""

import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

import pytest

from pytest_multicore.environments import checkout
from pytest_multicore.environments.checkout import Checkout, checkout_of

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")

NAMED = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *NAMED, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for git for as long as it takes: a machine that stands still for seconds gives no answer in time."""
    monkeypatch.setattr(checkout, "STATUS_TIMEOUT_S", 60.0)
    monkeypatch.setattr(checkout, "COMMIT_TIMEOUT_S", 60.0)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.py").write_text("a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "a")
    return tmp_path


def test_a_clean_tree(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    assert len(head) >= 40
    assert checkout_of(repository) == checkout_of(repository / "folder") == Checkout(head, clean=True)


def test_a_detached_head_is_a_commit_too(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert checkout_of(repository) == Checkout(git(repository, "rev-parse", "HEAD"), clean=True)


@pytest.mark.parametrize("staged", [False, True])
def test_a_tree_with_changes(repository: Path, staged: bool) -> None:
    (repository / "folder" / "a.py").write_text("b")
    if staged:
        git(repository, "add", ".")
    assert checkout_of(repository).clean is False


def test_a_file_that_is_not_tracked_is_no_change(repository: Path) -> None:
    (repository / "history.jsonl").write_text("{}")
    assert checkout_of(repository).clean is True


def test_without_a_commit_or_a_repository_there_is_none(tmp_path: Path) -> None:
    assert checkout_of(tmp_path) == Checkout()
    git(tmp_path, "init", "-q")
    assert checkout_of(tmp_path) == Checkout()
    assert checkout_of(tmp_path / "none") == Checkout()


def test_a_hook_of_another_repository_changes_nothing(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q")
    head = git(repository, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert checkout_of(repository) == Checkout(head, clean=True)


def test_without_git_there_is_none(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert checkout_of(repository) == Checkout()


def program(folder: Path, script: str) -> None:
    """Another git."""
    file = folder / "bin" / "git"
    file.parent.mkdir()
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def test_a_git_that_is_slow_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, 'case "$*" in *status*) exec sleep 60;; esac; echo 1a2b3c')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setattr(checkout, "STATUS_TIMEOUT_S", 0.2)
    began_s = time.monotonic()
    assert checkout_of(tmp_path) == Checkout("1a2b3c", clean=None), "the commit alone is quick"
    assert time.monotonic() - began_s < 20


def test_a_git_that_fails_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "echo fatal: detected dubious ownership >&2; exit 128")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    assert checkout_of(tmp_path) == Checkout()


def test_a_git_from_before_this_form_of_its_status_tells_the_commit_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, 'case "$*" in *v2*) echo unsupported >&2; exit 129;; esac; echo 1a2b3c')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    assert checkout_of(tmp_path) == Checkout("1a2b3c", clean=None)
