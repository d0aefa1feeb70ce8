"""The lines that a bisection walks along: releases of a package, and commits of the project under test."""

from __future__ import annotations

from pathlib import Path

from packaging.version import InvalidVersion, Version

from pytest_multicore.errors import UsageError

from .commands import output_of
from .overlay import GIT_PREFIX
from .package_index import final_releases
from .repository import absence


def releases(package: str, text: str, python: str | None) -> list[str]:
    """The final releases from one to another, oldest first unless the text says otherwise, as requirements.

    Args:
        package: its name.
        text: ``1.26.4..2.4.6``: those that the index has wheels of; ``1.26.4,2.0.2,2.4.6``: just these.
        python: version of the interpreter that wheels must fit; None: the one that runs this.

    Raises:
        UsageError: there are no such releases.
        EnvironmentUnavailable: pip cannot be started.
    """
    first, dots, last = text.partition("..")
    named = [_version(package, one) for one in ((first, last) if dots else text.split(","))]
    ends = [named[0], named[-1]]
    if ends[0] == ends[1]:
        raise UsageError(f"{package} {text}: expected two releases, such as 1.26.4..2.4.6, or a list of them")
    if not dots:
        return [f"{package}=={version}" for version in named]
    on_index = final_releases(package, python)
    if not on_index:
        raise UsageError(
            f"pip index versions {package}: found no releases; is the name right, and pip installed? Or name the "
            "releases themselves: 1.26.4,2.0.2,2.4.6"
        )
    known = sorted({version for version in on_index if min(ends) <= version <= max(ends)})
    for end in ends:
        if end not in known:
            have = ", ".join(map(str, known)) or "none"
            raise UsageError(f"{package} {text}: the index has no wheel of {end} for this Python; between: {have}")
    line = known if ends[0] <= ends[1] else known[::-1]
    return [f"{package}=={version}" for version in line]


def _version(package: str, text: str) -> Version:
    try:
        return Version(text.strip())
    except InvalidVersion:
        raise UsageError(f"{package} {text}: expected a release such as 1.26.4") from None


def commits(text: str, project: Path) -> list[str]:
    """The commits of ``git:GOOD..BAD``, oldest first, as bases: those of the first parents.

    Raises:
        UsageError: the repository has no such line.
        EnvironmentUnavailable: git cannot be started.
    """
    good, dots, bad = text.removeprefix(GIT_PREFIX).partition("..")
    if not dots or not good or good.startswith("-") or bad.startswith("-"):
        raise UsageError(f"{text}: expected git:GOOD..BAD, two commits of the project's repository")
    git = ["git", "-C", str(project)]
    status, line = output_of([*git, "rev-list", "--first-parent", "--reverse", f"{good}..{bad}", "--"])
    first_status, first = output_of([*git, "rev-parse", "--verify", "--quiet", f"{good}^{{commit}}"])
    if status or first_status:
        raise absence(text, project, "has no such commits; expected two of its repository")
    found = [first.strip(), *line.split()]
    inside, _ = output_of([*git, "merge-base", "--is-ancestor", good, bad or "HEAD"])
    if inside or len(found) < 2:
        raise UsageError(f"{text}: expected a commit and a later one that descends from it")
    return [f"{GIT_PREFIX}{commit}" for commit in found]
