"""What the package index has: which releases of a package, and whether what was to be installed is there at all."""

from __future__ import annotations

import bisect
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from pytest_multicore.errors import EnvironmentUnavailable, NoSuchRelease

from .commands import ToolFailed, index_not_asked, output_of, without_credentials
from .environment import package_name

INDEX_TIMEOUT_S = 120.0
#: Releases that are named beside one that is not there, on either side of it.
MAX_NEAREST_RELEASES = 2

#: uv's reason between what the index lacks and who requires it: the reader, and not another package.
_DIRECT_DEMAND = r"(?:(?!depends? on|we can conclude).)*? and you require"


@contextmanager
def absence_told(purpose: str, requires: Sequence[str], python: tuple[int, ...]) -> Iterator[None]:
    """Tell a release that there is not from an installation that fails: no network and no compiler would mend it.

    Args:
        purpose: for the message: "build environment 'theano'".
        requires: what is installed within this context.
        python: version of the interpreter that it is installed for.

    Raises:
        NoSuchRelease: the index answers, and has no such package or release; names the nearest ones.
    """
    try:
        yield
    except ToolFailed as error:
        requirement = absent(error.output, requires)
        if requirement is None:
            raise
        version = ".".join(map(str, python[:2]))
        near = ", ".join(map(str, nearest(requirement, version)))
        raise NoSuchRelease(
            f"cannot {purpose}: the package index has no {without_credentials(requirement)} for Python {version}; "
            "expected "
            + (f"a release that it has, such as {near}" if near else "the name and release of a package that it has")
        ) from error


def absent(output: str, requires: Sequence[str]) -> str | None:
    """Which of these requirements the index lacks, by what pip or uv printed; None: it failed for another reason.

    A release that is there and does not suit, for its needs or for its interpreter, is not absent.
    """
    if index_not_asked(output):
        return None
    said = " ".join(output.split())
    return next((one for one in requires if _is_absent(said, one)), None)


def _is_absent(said: str, requirement: str) -> bool:
    if not package_name(requirement):  # a folder or a wheel
        return False
    name = package_name(requirement).replace("-", "[-_.]")
    by_uv = (
        rf"\b{name} was not found in the package registry{_DIRECT_DEMAND} {name}\b",
        rf"there (?:is|are) no versions? of {name}\b{_DIRECT_DEMAND} {name}\b",
        rf"only (?:the following versions of )?{name}\b{_DIRECT_DEMAND} {name}\b",
    )
    if any(re.search(pattern, said, re.IGNORECASE) for pattern in by_uv):
        return True
    by_pip = re.search(rf"no matching distribution found for {name}\b", said, re.IGNORECASE)
    wanted = _wanted(requirement)
    return bool(by_pip) and not (wanted and re.search(rf"(?<![\w.]){re.escape(wanted)} Requires-Python", said))


def _wanted(requirement: str) -> str:
    """The version that a requirement names first; empty where it names none."""
    try:
        return next((one.version for one in Requirement(requirement.partition(" --")[0]).specifier), "")
    except InvalidRequirement:
        return ""


def nearest(requirement: str, python: str) -> list[Version]:
    """The releases nearest to the one that a requirement names, oldest first; none where the index tells none."""
    try:
        wanted = Version(_wanted(requirement))
        known = sorted(final_releases(package_name(requirement), python))
    except (InvalidVersion, EnvironmentUnavailable):
        return []
    place = bisect.bisect(known, wanted)
    return known[max(0, place - MAX_NEAREST_RELEASES) : place + MAX_NEAREST_RELEASES]


def final_releases(package: str, python: str | None) -> list[Version]:
    """The final releases that pip finds wheels of. It is pip's own command: it knows the user's indexes.

    Args:
        package: its name.
        python: version of the interpreter that wheels must fit; None: the one that runs this.

    Raises:
        EnvironmentUnavailable: pip cannot be started.
    """
    argv = [sys.executable, "-m", "pip", "index", "versions", "--only-binary=:all:", "--disable-pip-version-check"]
    argv += [f"--python-version={python}"] if python else []
    status, printed = output_of([*argv, package], INDEX_TIMEOUT_S)
    line = next((line for line in printed.splitlines() if line.startswith("Available versions:")), "")
    if status or not line:
        return []
    versions = [Version(one.strip()) for one in line.partition(":")[2].split(",")]
    return [version for version in versions if not version.is_prerelease and version.local is None]
