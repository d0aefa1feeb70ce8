"""The files of a commit, out of repositories that do not hold all of it, or that git does not read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_multicore.environments import commands, overlay, releases
from pytest_multicore.environments.repository import check_out, folders_of
from pytest_multicore.errors import EnvironmentUnavailable, UsageError

from .repositories import commit_all, git


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """A repository whose ``main`` says 1, and ``feature`` 2."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    for number in (1, 2):
        (folder / "number.py").write_text(f"NUMBER = {number}\n")
        commit_all(folder, str(number))
        git(folder, "tag", f"v{number}")
        if number == 1:
            git(folder, "checkout", "--quiet", "-b", "feature")
    git(folder, "config", "uploadpack.allowFilter", "true")
    return folder


def checked_out(commit: str, top: Path) -> Path:
    folder = top.with_name(f"{top.name}-source")
    check_out(commit, top, folder, lambda *argv: commands.run(argv, top.with_name("log"), "make the base"))
    assert git(folder, "rev-parse", "HEAD") == commit
    return folder


@pytest.mark.parametrize(
    "options", [("--filter=blob:none",), ("--filter=tree:0",), ("--depth=1",), ("--filter=blob:none", "--depth=1")]
)
def test_a_clone_that_holds_a_part_gives_a_commit_whole(tmp_path: Path, upstream: Path, options: tuple[str]) -> None:
    git(tmp_path, "clone", "--quiet", *options, "--branch=feature", upstream.as_uri(), "part")
    git(tmp_path / "part", "fetch", "--quiet", *options, "origin", "main:refs/remotes/origin/main")
    folder = checked_out(git(tmp_path / "part", "rev-parse", "origin/main"), tmp_path / "part")
    assert (folder / "number.py").read_text() == "NUMBER = 1\n"
    assert git(folder, "status", "--short") == ""


def test_tools_find_the_version_and_the_branches_where_a_commit_is_checked_out(upstream: Path) -> None:
    folder = checked_out(git(upstream, "rev-parse", "v1"), upstream)
    assert git(folder, "describe", "--tags") == "v1"
    assert git(folder, "rev-parse", "origin/feature") == git(upstream, "rev-parse", "feature")


def test_a_path_that_is_no_utf_8_is_one_more_path(upstream: Path) -> None:
    top = upstream.rename(os.fsdecode(os.fsencode(upstream) + b"\xff"))
    assert folders_of(top) == (top, "")
    assert (checked_out(git(top, "rev-parse", "v1"), top) / "number.py").read_text() == "NUMBER = 1\n"


def test_a_file_that_git_leaves_out_is_named(upstream: Path) -> None:
    """git says so on its standard error, and ends with 0."""
    blob = git(upstream, "rev-parse", "v1:number.py")
    (upstream / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(EnvironmentUnavailable, match=r"git leaves out files of commit .*: number\.py; try git fsck"):
        checked_out(git(upstream, "rev-parse", "v1"), upstream)


def test_submodules_come_from_those_of_the_user(tmp_path: Path, upstream: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "--quiet")
    git(
        project,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        "--branch",
        "main",
        str(upstream),
        "in",
    )
    commit = commit_all(project, "one")
    git(project / "in", "checkout", "--quiet", "v2")
    assert (checked_out(commit, project) / "in/number.py").read_text() == "NUMBER = 1\n"
    git(project, "submodule", "--quiet", "deinit", "--force", "in")
    again = project.rename(tmp_path / "again")
    with pytest.raises(EnvironmentUnavailable, match="of its submodule in, which is not there: git submodule update"):
        checked_out(commit, again)


def test_a_repository_that_git_does_not_read_is_told_in_its_words(
    upstream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(UsageError, match=r"base git:main: git does not read .*upstream: fatal: .*safe\.directory"):
        overlay.check("git:main", upstream)
    with pytest.raises(UsageError, match=r"git:main\.\.feature: git does not read .*upstream: fatal: "):
        releases.commits("git:main..feature", upstream)


def test_where_git_fails_no_environment_is_to_be_corrected(upstream: Path) -> None:
    with pytest.raises(EnvironmentUnavailable, match="what to do: read below what git says") as told:
        checked_out("0" * 40, upstream)
    assert "'requires'" not in str(told.value)
