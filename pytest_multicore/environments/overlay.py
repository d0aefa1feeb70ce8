"""A base to compare with: another release of one package, or another commit of the project, laid over an environment.

Only what differs is installed, into a folder of its own that comes first on the search path of the base's interpreters.
So program and base have the interpreter, and every other package, in common.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackagePath
from pathlib import Path

from packaging.version import InvalidVersion, Version

from pytest_multicore.errors import UsageError

from . import cache, scratch
from .commands import ToolFailed, releases_conflict, run
from .downloads import find_uv
from .environment import package_name
from .installed_packages import files_of, installed_packages, packages_in
from .package_index import absence_told
from .provision import Installation
from .repository import check_out, commit_of, folders_of

#: The agent puts the modules of this folder before all others (agent/change/overlay.py).
OVERLAY_VARIABLE = "PYTEST_MULTICORE_OVERLAY"
RECORD_NAME = "multicore.json"
GIT_PREFIX = "git:"
CHECKOUT = 2  # part of a commit's key: raise it when the same commit results in other files
PINNED_RELEASE = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w,.-]*\])?==[^=<>!~,;*\s]+")


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is laid over an environment.

    Attributes:
        folder: holds the packages.
        packages: all that it holds, as ``name==version``.
        own: the one that it was made for, by its normalized name.
        modules: names at the top of that one's modules.
        commit: the full name of the commit that it was built from; empty for a release.
    """

    folder: Path
    packages: tuple[str, ...]
    own: str
    modules: tuple[str, ...]
    commit: str = ""


def is_overlay(name: str) -> bool:
    """Whether a base's name is a requirement or a commit; else it is an environment's."""
    return "==" in name or name.startswith(GIT_PREFIX)


def check(name: str, project: Path) -> None:
    """Refuse a name of a release or a commit that can't be a base.

    Raises:
        UsageError: it is neither one release of one package, nor a commit of the project's repository.
    """
    if name.startswith(GIT_PREFIX):
        commit_of(name.removeprefix(GIT_PREFIX), project)
    elif not (PINNED_RELEASE.fullmatch(name) and _is_version(name.partition("==")[2])):
        raise UsageError(
            f"base {name!r}: expected one release of one package, such as numpy==1.26.4, or git:REF of the project"
        )


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def prepare(name: str, installation: Installation, project: Path, progress: Callable[[str], None]) -> Overlay:
    """Return an overlay, which is made if the cache has none.

    Args:
        name: ``package==version`` or ``git:REF``.
        installation: the environment that it is laid over.
        project: the folder of the project under test: a commit is one of its repository.
        progress: called with a line of text before each step that takes long.

    Raises:
        UsageError: the name is neither, or the repository has no such commit, or the package index no such release.
        EnvironmentUnavailable: it cannot be installed or built here; with the reason and what to do.
    """
    if installation.version < (3,):
        raise UsageError(f"base {name}: found Python {installation.version[0]} in the environment; expected Python 3")
    check(name, project)
    if not name.startswith(GIT_PREFIX):
        key = _key(name, installation)
        return _made_once(key, name, progress, lambda job: _install(job, name, package_name(name), installation))
    commit = commit_of(name.removeprefix(GIT_PREFIX), project)
    key = _key(f"{project}@{commit} {CHECKOUT}", installation)
    made = _made_once(key, name, progress, lambda job: _build(job, commit, project, installation))
    return replace(made, commit=commit)


@dataclass(frozen=True, slots=True)
class _Job:
    """One overlay to make: into a folder, with a log."""

    folder: Path
    log: Path
    purpose: str

    def run(self, *argv: str) -> None:
        run(argv, self.log, self.purpose)


def _key(what: str, installation: Installation) -> str:
    facts = [cache.LAYOUT, what, str(installation.python), installation.version, installation.key]
    facts.append(installed_packages(installation.site_packages))
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _made_once(key: str, name: str, progress: Callable[[str], None], make: Callable[[_Job], str]) -> Overlay:
    folder = cache.part("overlays") / key[:24]
    with (
        cache.locked(key, lambda: progress(f"waiting for another process that makes the base {name}")),
        cache.written(folder),
    ):
        own = _package_of(folder)
        if own is None:
            progress(f"making the base {name} (once)")
            # Beside the final folder, and renamed into place: one with the final name is complete.
            with scratch.folder(f"{folder.name}{cache.BUILD_INFIX}", folder.parent) as making:
                own = make(_Job(making, cache.log_of(key), f"make the base {name}"))
                (making / RECORD_NAME).write_text(json.dumps({"base": name, "own": own}), encoding="utf-8")
                shutil.rmtree(folder, ignore_errors=True)
                making.rename(folder)
    return Overlay(folder, tuple(installed_packages(folder)), own, tuple(_modules(folder, own)))


def _package_of(folder: Path) -> str | None:
    """The package that an overlay was made for; None where no whole overlay is there."""
    try:
        record = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    own = record.get("own") if isinstance(record, dict) else None
    return own if isinstance(own, str) and _is_whole(folder, own) else None


def _is_whole(folder: Path, own: str) -> bool:
    """Whether an overlay holds its package, and each file that its packages list.

    Without a file the interpreters would import the environment's own module: it would be compared with itself.
    """
    found = list(packages_in(folder))
    listed = [files_of(one) for _, _, one in found]
    has_own = any(package_name(name) == own for name, _, _ in found)
    return has_own and all(files and all(map(_is_there, files)) for files in listed)


def _is_there(file: PackagePath) -> bool:
    """Compiled bytecode may be missing: Python makes it anew. Scripts and data pip puts elsewhere than it lists."""
    return file.suffix == ".pyc" or file.parts[0] == ".." or Path(file.locate()).exists()


def _modules(folder: Path, package: str) -> list[str]:
    """Names at the top of a package's modules."""
    found = [one for name, _, one in packages_in(folder) if package_name(name) == package]
    tops = {file.parts[0] for one in found for file in files_of(one) or () if file.suffix in (".py", ".so", ".pyd")}
    return sorted(name for top in tops if (name := top.partition(".")[0]).isidentifier())


def _install(job: _Job, requirement: str, package: str, installation: Installation) -> str:
    """Install a requirement and what it needs, at the environment's own releases where that is possible.

    Returns:
        The package's normalized name.
    """
    constraints = job.folder / "constraints.txt"
    for constraint in (_as_installed, _at_most):
        kept = [constraint(*one) for one in _releases(installation) if package_name(one[0]) != package]
        constraints.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        try:
            _pip(job, installation, "--constraint", str(constraints), requirement)
        except ToolFailed as error:
            # An old release may need an old release of what it stands on, and a new one a new one. Whatever else went
            # wrong, a transfer that ended midway say, other releases would be laid over for good.
            if not releases_conflict(error.output):
                raise
            continue
        break
    else:
        _pip(job, installation, requirement)
    constraints.unlink()
    return package


def _as_installed(name: str, version: str) -> str:
    """A constraint: this release."""
    return f"{name}=={version}"


def _at_most(name: str, version: str) -> str:
    """A constraint: this release, or the last one before it that will do. A local version has no order."""
    return f"{name}<={version.partition('+')[0]}"


def _releases(installation: Installation) -> list[tuple[str, str]]:
    """Names and versions of an environment's packages, without what was installed from a folder or an address."""
    found = packages_in(installation.site_packages)
    return sorted((name, version) for name, version, one in found if one.read_text("direct_url.json") is None)


def _pip(job: _Job, installation: Installation, *arguments: str) -> None:
    uv, python, target = find_uv(), str(installation.python), str(job.folder)
    with absence_told(job.purpose, arguments[-1:], installation.version):
        if uv:
            job.run(uv, "pip", "install", "--compile-bytecode", "--python", python, "--target", target, *arguments)
            return
        pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-input")
        job.run(*pip, "--upgrade", "--target", target, *arguments)


def _build(job: _Job, commit: str, project: Path, installation: Installation) -> str:
    """Build a wheel of the project as it was at a commit, and install it; returns its normalized name."""
    with scratch.folder() as building:
        source, wheels = building / "source", building / "wheels"
        top, place = folders_of(project)
        check_out(commit, top, source, job.run)
        folder, python = str(source / place), str(installation.python)
        if uv := find_uv():
            job.run(uv, "build", "--wheel", "--python", python, "--out-dir", str(wheels), folder)
        else:
            pip = (sys.executable, "-m", "pip", "--python", python, "wheel", "--no-input", "--no-deps")
            job.run(*pip, "--wheel-dir", str(wheels), folder)
        wheel = next(wheels.glob("*.whl"))
        return _install(job, str(wheel), package_name(wheel.name.partition("-")[0]), installation)
