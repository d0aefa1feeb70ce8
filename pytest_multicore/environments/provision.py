"""Make an environment ready: find its interpreter, then take it from the cache or build it there, once for all uses."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.settings import clocks

from . import cache
from .builders import Builder, Job, builder_for
from .commands import without_credentials
from .discovery import find_interpreter
from .installed_packages import installed_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .environment import Environment
    from .probe import Interpreter


@dataclass(frozen=True, slots=True)
class Installation:
    """An environment that is installed and ready.

    Attributes:
        python: the interpreter to start, absolute.
        site_packages: the folder of its packages.
        version: major, minor, micro.
        folder: the virtual environment in the cache; None: the interpreter is used as it is.
        key: the hash of everything that it was built from; part of the keys of what is compiled for it.
    """

    python: Path
    site_packages: Path
    version: tuple[int, int, int]
    folder: Path | None
    key: str

    @property
    def prefix(self) -> Path:
        """The folder that the interpreter is installed in: the virtual environment, or the parent of its ``bin``."""
        return self.folder or self.python.parent.parent

    @property
    def is_current(self) -> bool:
        """Whether this is the interpreter that runs pytest: its children keep PYTHON* and its own flags."""
        return self.folder is None and self.python == Path(sys.executable).absolute()


def prepare(
    environment: Environment, *, progress: Callable[[str], None] | None = None, build: bool = True
) -> Installation:
    """Return an environment's installation, which is built if the cache has none. From the cache it needs no network.

    Args:
        environment: the environment.
        progress: called with a line of text before each step that takes long.
        build: whether it may be built.

    Raises:
        NoSuchRelease: the package index has none of a package, or not the release, that it requires.
        EnvironmentUnavailable: its interpreter is missing, or it cannot be built; with the reason and what to do.
    """
    report = progress or _discard
    interpreter = find_interpreter(environment.python, progress=report)
    key = cache.key_of(environment.installs, interpreter)
    if not environment.installs:
        return Installation(interpreter.path, interpreter.site_packages, interpreter.version, None, key)
    folder = cache.folder_of(key)
    if not cache.record_in(folder):
        if not build:
            raise EnvironmentUnavailable(
                f"environment '{environment.name}' with BLAS {environment.blas} is not built yet"
            )
        _build_once(environment, interpreter, key, report)
    return _installation_in(folder, interpreter, key)


def _discard(_line: str) -> None:
    """Report no progress."""


def _installation_in(folder: Path, interpreter: Interpreter, key: str) -> Installation:
    record = cache.record_in(folder)
    assert record is not None  # noqa: S101 - the folder was renamed into place with it
    return Installation(cache.python_in(folder), folder / record["site_packages"], interpreter.version, folder, key)


def _build_once(environment: Environment, interpreter: Interpreter, key: str, report: Callable[[str], None]) -> None:
    def on_wait() -> None:
        report(f"waiting for another process that builds environment '{environment.name}'")

    # The builder may need an environment of its own, which is built before this lock is taken.
    builder = builder_for(interpreter, lambda other: prepare(other, progress=report).python)
    with cache.locked(key, on_wait):
        if not cache.record_in(cache.folder_of(key)):
            cache.remove_half_built(key)
            _build(environment, interpreter, key, builder, report)


def _build(
    environment: Environment, interpreter: Interpreter, key: str, builder: Builder, report: Callable[[str], None]
) -> None:
    began = clocks.monotonic()
    report(
        f"building environment '{environment.name}' (once): {without_credentials(', '.join(environment.installs))} "
        f"on Python {interpreter.dotted}, with {builder.name}"
    )
    log = cache.log_of(key)
    try:
        log.write_bytes(b"")
        with cache.building_folder(cache.folder_of(key)) as folder:
            purpose = f"build environment '{environment.name}'"
            builder.build(Job(interpreter, environment.installs, folder, log, purpose))
            build_s = clocks.monotonic() - began
            record = _record(environment, interpreter, builder, folder, build_s)
            (folder / cache.RECORD_NAME).write_text(json.dumps(record, indent=1), encoding="utf-8")
    except OSError as error:
        raise EnvironmentUnavailable(
            f"cannot build environment '{environment.name}': {error.strerror or error}: "
            f"{error.filename or cache.root()}; expected a folder with room that can be written. "
            f"{cache.CACHE_VARIABLE} chooses another one"
        ) from error
    report(f"built environment '{environment.name}' in {build_s:.1f} s")


def _own_files(folder: Path, site_packages: Path) -> Iterator[Path]:
    """Files of the environment itself, which no package lists: they decide what it runs."""
    yield from folder.glob("pyvenv.cfg")
    yield from site_packages.glob("_virtualenv.*")


def digest(file: Path) -> str:
    """SHA-256 of a file; empty where it cannot be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _record(
    environment: Environment, interpreter: Interpreter, builder: Builder, folder: Path, build_s: float
) -> dict[str, Any]:
    built = find_interpreter([str(cache.python_in(folder))])
    return {
        "environment": environment.name,
        "requires": [without_credentials(requirement) for requirement in environment.installs],
        "installed": installed_packages(built.site_packages),
        "digests": {str(file.relative_to(folder)): digest(file) for file in _own_files(folder, built.site_packages)},
        "interpreter": str(interpreter.base),
        "version": interpreter.dotted,
        "site_packages": str(built.site_packages.relative_to(folder)),
        "builder": builder.name,
        "build_s": round(build_s, 3),
    }
