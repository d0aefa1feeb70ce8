"""Bases laid over an environment: a release from an index, and a commit of a real repository."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_multicore.environments import cache, overlay
from pytest_multicore.environments.commands import ToolFailed
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.overlay import Overlay
from pytest_multicore.environments.provision import Installation, prepare
from pytest_multicore.errors import EnvironmentUnavailable, NoSuchRelease, UsageError
from tests.absent import prepared, skip_where_absent

from .repositories import git

PYPROJECT = """
[project]
name = "toy-project"
version = "1.0"
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"
[tool.setuptools]
packages = ["toy"]
py-modules = ["toy_alone"]
"""


@pytest.fixture
def current() -> Installation:
    return prepare(Environment("current"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with two commits: ``good`` says 1, the last one 2, the working tree 3."""
    folder = tmp_path / "project"
    (folder / "toy").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    git(folder, "init", "--quiet")
    for number in (1, 2, 3):
        (folder / "toy" / "__init__.py").write_text(f"NUMBER = {number}\n")
        (folder / "toy_alone.py").write_text(f"NUMBER = {number}\n")
        if number < 3:
            git(folder, "add", ".")
            git(folder, "commit", "--quiet", "--message", str(number))
            git(folder, "tag", f"commit-{number}")
    return folder


def made(name: str, installation: Installation, project: Path) -> tuple[Overlay, list[str]]:
    told: list[str] = []
    try:
        return overlay.prepare(name, installation, project, told.append), told
    except EnvironmentUnavailable as error:
        skip_where_absent(str(error))
        raise


@pytest.mark.slow
def test_a_commit_is_built_once_and_found_again(project: Path, current: Installation) -> None:
    first, told = made("git:commit-1", current, project)
    assert told == ["making the base git:commit-1 (once)"]
    assert first.packages == ("toy-project==1.0",)
    assert (first.own, first.modules) == ("toy-project", ("toy", "toy_alone"))
    assert first.commit == git(project, "rev-parse", "commit-1")
    assert (first.folder / "toy" / "__init__.py").read_text() == "NUMBER = 1\n"
    assert made("git:commit-1", current, project) == (first, [])
    assert made("git:HEAD~1", current, project)[0] == first, "another name of the same commit"
    other, _ = made("git:HEAD", current, project)
    assert (other.folder / "toy_alone.py").read_text() == "NUMBER = 2\n", "a commit, not the working tree"
    assert other.folder != first.folder
    assert git(project, "status", "--short") == "M toy/__init__.py\n M toy_alone.py"
    assert git(project, "worktree", "list").count("\n") == 0


@pytest.mark.parametrize("variable", ["GIT_INDEX_FILE", "GIT_DIR"])
def test_a_base_made_in_a_hook_leaves_the_commit_at_work_alone(
    project: Path, current: Installation, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """``git commit --all`` sets the one, a worktree's hook the other: git would take it for the clone's own."""
    git(project, "add", ".")
    index, head, commit = (git(project, *what) for what in (["write-tree"], ["reflog"], ["rev-parse", "commit-1"]))
    with monkeypatch.context() as hook:
        hook.setenv(variable, str(project / ".git" / {"GIT_INDEX_FILE": "index"}.get(variable, "")))
        base, _ = made("git:commit-1", current, project)
    assert (git(project, "write-tree"), git(project, "reflog")) == (index, head)
    assert (base.folder / "toy" / "__init__.py").read_text() == "NUMBER = 1\n"
    assert base.commit == commit


@pytest.mark.parametrize("lost", ["toy/__init__.py", "toy_alone.py", "toy_project-1.0.dist-info/RECORD"])
def test_an_overlay_that_has_lost_a_file_is_made_anew(project: Path, current: Installation, lost: str) -> None:
    first, _ = made("git:commit-1", current, project)
    assert made("git:commit-1", current, project) == (first, []), "a whole one is found again"
    (first.folder / lost).unlink()
    again, told = made("git:commit-1", current, project)
    assert told == ["making the base git:commit-1 (once)"]
    assert again == first
    assert (again.folder / lost).is_file()


def test_a_project_in_a_folder_of_its_repository(tmp_path: Path, current: Installation, project: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    git(whole, "init", "--quiet")
    subprocess.run(["cp", "-r", str(project), str(whole / "part")], check=True)
    subprocess.run(["rm", "-rf", str(whole / "part" / ".git")], check=True)
    git(whole, "add", ".")
    git(whole, "commit", "--quiet", "--message", "one")
    base, _ = made("git:HEAD", current, whole / "part")
    assert (base.folder / "toy" / "__init__.py").read_text() == "NUMBER = 3\n"


def test_a_commit_that_cannot_be_built_says_why(project: Path, current: Installation, cache_folder: Path) -> None:
    (project / "pyproject.toml").write_text("[build-system]\nrequires = []\nbuild-backend = 'nothing'\n")
    git(project, "commit", "--quiet", "--all", "--message", "broken")
    with pytest.raises(EnvironmentUnavailable, match="make the base git:HEAD"):
        made("git:HEAD", current, project)
    assert list((cache_folder / "overlays").iterdir()) == [], "nothing is left of it"
    assert list((cache.root() / "logs").iterdir()), "but the log"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("git:nothing", "git:nothing: .* has no such commit; expected a branch, a tag or a commit"),
        ("git:--all", "git:--all: .* has no such commit"),
        ("numpy==1.*", "expected one release of one package, such as numpy==1.26.4"),
        ("numpy==1.26.4,!=2", "expected one release"),
        ("numpy===1.26.4", "expected one release"),
        ("numpy==1.26.4; python_version > '3'", "expected one release"),
        ("-r==1", "expected one release"),
        ("six==foo", "expected one release"),
        ("six==1/2", "expected one release"),
        ("six==1.16.0@x", "expected one release"),
    ],
)
def test_what_cannot_be_a_base_is_refused_before_anything_is_made(project: Path, name: str, told: str) -> None:
    assert overlay.is_overlay(name)
    with pytest.raises(UsageError, match=told):
        overlay.check(name, project)


def test_a_folder_outside_of_a_repository_has_no_commits(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"git does not read .*: fatal: "):
        overlay.check("git:HEAD", tmp_path)


def test_names_of_environments_are_none_of_overlays() -> None:
    assert not any(map(overlay.is_overlay, ["current", "numpy", "numpy>=1", "theano-2016"]))


# -- a release, from a package index -----------------------------------------------------------------------------------
@pytest.mark.environments
def test_a_release_is_laid_over_with_what_it_stands_on(tmp_path: Path) -> None:
    """packaging has no needs, and mdurl none; markdown-it-py stands on mdurl, at the environment's own release."""
    environment = Environment("own", requires=("markdown-it-py==3.0.0", "mdurl==0.1.1"))
    installation = prepared(environment)
    older, _ = made("markdown-it-py==2.2.0", installation, tmp_path)
    assert older.packages == ("markdown-it-py==2.2.0", "mdurl==0.1.1")
    assert (older.own, older.modules, older.commit) == ("markdown-it-py", ("markdown_it",), "")
    newer, _ = made("mdurl==0.1.2", installation, tmp_path)
    assert newer.packages == ("mdurl==0.1.2",)


@pytest.mark.environments
def test_an_old_release_may_stand_on_old_ones(tmp_path: Path) -> None:
    """markdown-it-py 0.6 asks for attrs below 21; what it does not exclude stays as near as it can."""
    installation = prepared(Environment("own", requires=("attrs==23.1.0",)))
    base, _ = made("markdown-it-py==0.6.2", installation, tmp_path)
    assert "markdown-it-py==0.6.2" in base.packages
    assert any(line.startswith("attrs==20.") for line in base.packages)


@pytest.mark.environments
def test_a_release_that_is_not_there_says_so(tmp_path: Path, current: Installation) -> None:
    with pytest.raises(
        NoSuchRelease, match=r"make the base mdurl==99\.0: .* has no mdurl==99\.0 .* such as .*0\.1\.2$"
    ):
        made("mdurl==99.0", current, tmp_path)


def test_an_index_that_does_not_answer_has_no_other_releases_tried(
    tmp_path: Path, current: Installation, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one failure of the network would lay over other releases than the environment's own, for good."""
    for name, value in (("UV_OFFLINE", "1"), ("UV_CACHE_DIR", str(tmp_path / "uv")), ("PIP_NO_INDEX", "1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(EnvironmentUnavailable, match="the package index could not be reached"):
        overlay.prepare("mdurl==0.1.2", current, tmp_path, print)
    (log,) = (cache.root() / "logs").iterdir()
    assert log.read_text().count("$ ") == 1


CONFLICTS = {
    "uv": """warning: Failed to hardlink files; falling back to full copy. This may lead to degraded performance.
error: No solution found when resolving dependencies
  cause: Because markdown-it-py==0.6.2 depends on attrs>=19,<21 and attrs==23.1.0, we can conclude that
         markdown-it-py==0.6.2 cannot be used.
         And because you require markdown-it-py==0.6.2, we can conclude that your requirements are unsatisfiable.
""",
    "pip": """The conflict is caused by:
    markdown-it-py 0.6.2 depends on attrs<21 and >=19
    The user requested (constraint) attrs==23.1.0

ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/
""",
    "pip, of a release that is gone": "ERROR: No matching distribution found for attrs<21,>=19\n",
}
FAILURES = {
    "a transfer that ends midway": """  × Failed to download `mdurl==0.1.1`
  ├─▶ Failed to extract archive
  ╰─▶ error decoding response body
""",
    "a file of which a part is there": """  × No solution found when resolving dependencies:
  ╰─▶ Because mdurl==0.1.1 has an invalid package format and you require mdurl==0.1.1, we can conclude that your
      requirements are unsatisfiable.
""",
    "metadata that cannot be read": """  × Failed to read `mdurl @ file:///wheels/mdurl-0.1.1-py3-none-any.whl`
  ╰─▶ Failed to read metadata from: `mdurl-0.1.1-py3-none-any.whl`
""",
    "pip, of a file cut short": "ERROR: Exception:\nzipfile.BadZipFile: File is not a zip file\n",
    "what nobody knows": "Killed\n",
}


def install_that_prints(
    first: str, installation: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Lay over a release with tools whose first call fails and prints this; returns what each call was given."""
    calls: list[str] = []

    def tool(argv: Sequence[str], _log: Path, purpose: str) -> None:
        calls.append(" ".join(argv))
        if len(calls) == 1:
            raise ToolFailed(f"cannot {purpose}", first)

    monkeypatch.setattr(overlay, "run", tool)
    overlay.prepare("mdurl==0.1.1", installation, folder, print)
    return calls


@pytest.mark.parametrize("said", CONFLICTS.values(), ids=CONFLICTS)
def test_releases_that_exclude_each_other_have_looser_ones_tried(
    tmp_path: Path, current: Installation, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    assert len(install_that_prints(said, current, tmp_path, monkeypatch)) == 2


@pytest.mark.parametrize("said", FAILURES.values(), ids=FAILURES)
def test_any_other_failure_lays_over_no_other_releases(
    tmp_path: Path, current: Installation, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    with pytest.raises(EnvironmentUnavailable, match=r"make the base mdurl==0\.1\.1"):
        install_that_prints(said, current, tmp_path, monkeypatch)


def test_python_2_has_no_overlays(tmp_path: Path, provisioned: Installation) -> None:
    old = Installation(Path(sys.executable), provisioned.site_packages, (2, 7, 18), None, "key")
    with pytest.raises(UsageError, match="found Python 2 in the environment; expected Python 3"):
        overlay.prepare("mdurl==0.1.2", old, tmp_path, print)
