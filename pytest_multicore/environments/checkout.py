"""Which commit of a project is checked out, asked of ``git``: never an error, and never more than a few seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .commands import tool_variables

if TYPE_CHECKING:
    from pathlib import Path

#: Seconds that git may look at the tree's files: in a large one that is not cached it takes longer than it is worth.
STATUS_TIMEOUT_S = 3.0
#: Seconds to read the commit alone.
COMMIT_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Checkout:
    """What is checked out in a folder.

    Attributes:
        commit: its full name; None where git, a repository or a commit is missing.
        clean: whether no tracked file differs from it; None where that is unknown.
    """

    commit: str | None = None
    clean: bool | None = None


def checkout_of(folder: Path) -> Checkout:
    """What is checked out in a folder. Files that git does not track count for nothing: reports are such."""
    git = shutil.which("git")
    if git is None:
        return Checkout()
    # No lock is taken, so that a git of the user's next to this one does not fail; and no fsmonitor is left running.
    command = [git, "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(folder)]
    status = _output([*command, "status", "--porcelain=v2", "--branch", "--untracked-files=no"], STATUS_TIMEOUT_S)
    if status is not None:
        return _read(status)
    commit = _output([*command, "rev-parse", "--verify", "HEAD"], COMMIT_TIMEOUT_S)
    return Checkout(commit.strip() or None) if commit else Checkout()


def _read(status: str) -> Checkout:
    """The format is that of git-status(1), "Porcelain Format Version 2": headers begin with #."""
    lines = status.splitlines()
    headers = dict(line.removeprefix("# ").split(" ", 1) for line in lines if line.startswith("# "))
    commit = headers.get("branch.oid", "(initial)")
    if commit == "(initial)":
        return Checkout()
    return Checkout(commit, clean=len(lines) == sum(line.startswith("#") for line in lines))


def _output(command: list[str], timeout_s: float) -> str | None:
    """What a command prints; None where it cannot be run, fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            env=tool_variables(os.environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
