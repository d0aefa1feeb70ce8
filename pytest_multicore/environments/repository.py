"""The repository of the project under test: the commits that it has, and the files of one in a folder of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_multicore.errors import EnvironmentUnavailable, UsageError

from .commands import output_of

SUBMODULE_MODE = "160000"
SHA_256_DIGITS = 64
#: Of the settings of a repository that leaves objects on a server until they are needed: ``git clone --filter``.
PARTIAL_CLONE = r"^(remote\..*\.promisor|extensions\.partialclone)$"
MAX_FILES_TOLD = 5


def commit_of(ref: str, project: Path) -> str:
    """The full name of a commit.

    Raises:
        UsageError: the project is in no repository that git reads, or that has no such commit.
    """
    status, text = output_of(
        ["git", "-C", str(project), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"]
    )
    if status == 0 and text.strip():
        return text.strip()
    raise absence(
        f"base git:{ref}", project, "has no such commit; expected a branch, a tag or a commit of its repository"
    )


def absence(text: str, project: Path, lack: str) -> UsageError:
    """The error where git tells no commit: what the repository lacks, or why git does not read it.

    Args:
        text: what was asked for.
        project: a folder of the repository.
        lack: what follows its name in the message.
    """
    # It reads none of another user's, as in a container: there the commit may well be.
    status, said = output_of(["git", "-C", str(project), "rev-parse", "--git-dir"], with_errors=True)
    reason = " ".join(said.split())  # of several lines
    return UsageError(f"{text}: git does not read {project}: {reason}" if status else f"{text}: {project} {lack}")


def folders_of(project: Path) -> tuple[Path, str]:
    """The top folder of a project's repository, and the project's place in it."""
    top, prefix = (
        _answer(project, "rev-parse", what).removesuffix("\n") for what in ("--show-toplevel", "--show-prefix")
    )
    return Path(top), prefix


def check_out(commit: str, top: Path, folder: Path, run: Callable[..., None]) -> None:
    """Put the files of a commit into a new folder, and those of its submodules, as far as the user's have them.

    The folder is a repository, too: tools that take the version from git look for one. It borrows the user's objects.

    Args:
        commit: its full name.
        top: the top folder of the user's repository.
        folder: where the files go.
        run: runs a tool by its arguments; raises where it fails.

    Raises:
        EnvironmentUnavailable: git leaves a file out, or the user's submodule has no such commit.
    """
    git = ("git", "-C", str(top))
    if output_of([*git, "config", "--get-regexp", PARTIAL_CLONE])[0] == 0:
        # Nobody fetches what is missing for a repository that borrows. To count the lines, all is fetched at once.
        nothing = _answer(top, "hash-object", "-t", "tree", os.devnull).strip()
        run(*git, "diff-tree", "--shortstat", nothing, commit)
    _borrow(commit, top, folder, run)
    run("git", "-C", str(folder), "checkout", "--quiet", "--detach", commit)
    # It ends with 0 where it could not read a file.
    if missing := _answer(folder, "ls-files", "--deleted"):
        files = ", ".join(missing.splitlines()[:MAX_FILES_TOLD])
        raise EnvironmentUnavailable(f"git leaves out files of commit {commit} of {top}: {files}; try git fsck there")
    for place, inner_commit in _submodules(commit, top):
        inner = top / place
        has_it = (inner / ".git").exists() and not output_of(
            ["git", "-C", str(inner), "cat-file", "-e", f"{inner_commit}^{{commit}}"]
        )[0]
        if not has_it:
            raise EnvironmentUnavailable(
                f"commit {commit} of {top} needs commit {inner_commit} of its submodule {place}, which is not there: "
                f"git submodule update --init {place}, then git -C {place} fetch origin {inner_commit}"
            )
        check_out(inner_commit, inner, folder / place, run)


def _borrow(commit: str, top: Path, folder: Path, run: Callable[..., None]) -> None:
    """Make a repository with the objects, tags and branches of another one.

    ``git clone --shared`` would not borrow of a shallow one, and would leave out what no branch of its own has.
    """
    kind = ("--object-format=sha256",) if len(commit) == SHA_256_DIGITS else ()
    run("git", "-c", "init.defaultRefFormat=files", "init", "--quiet", "--template=", *kind, str(folder))
    run("git", "-C", str(folder), "remote", "add", "origin", str(top))
    paths = _answer(top, "rev-parse", "--git-path", "objects", "--git-path", "shallow")
    objects, shallow = (top / path for path in paths.splitlines())
    own = folder / ".git"
    (own / "objects/info/alternates").write_bytes(os.fsencode(f"{objects}\n"))
    if shallow.exists():
        (own / "shallow").write_bytes(shallow.read_bytes())
    refs = _answer(top, "for-each-ref", "--format=%(objectname) %(refname)", "refs/tags", "refs/heads")
    (own / "packed-refs").write_bytes(os.fsencode(refs.replace(" refs/heads/", " refs/remotes/origin/")))


def _submodules(commit: str, top: Path) -> Iterator[tuple[str, str]]:
    """The places and commits of a commit's submodules."""
    for entry in _answer(top, "ls-tree", "-r", "-z", commit).split("\0"):
        facts, _, place = entry.partition("\t")
        if facts.startswith(SUBMODULE_MODE):
            yield place, facts.split()[2]


def _answer(folder: Path, *question: str) -> str:
    """What git prints.

    Raises:
        EnvironmentUnavailable: it fails.
    """
    status, text = output_of(["git", "-C", str(folder), *question])
    if status:
        raise EnvironmentUnavailable(f"git {' '.join(question)} failed with exit status {status} in {folder}")
    return text
