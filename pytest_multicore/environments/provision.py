"""Have an environment ready: find its interpreter, take it from the cache, or build it there once for everybody."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_multicore.errors import EnvironmentUnavailable

from . import cache
from .builders import Builder, Job, builder_for
from .discovery import find_interpreter
from .installed import installed_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from .environment import Environment
    from .probing import Interpreter


@dataclass(frozen=True, slots=True)
class Provisioned:
    """An environment that is ready to be used.

    Attributes:
        python: the interpreter to start, absolute.
        site_packages: where its packages are.
        version: major, minor, micro.
        folder: the virtual environment in the cache; None: the interpreter is used as it stands.
        key: of everything that it was built from; stands for the environment in other keys.
    """

    python: Path
    site_packages: Path
    version: tuple[int, int, int]
    folder: Path | None
    key: str

    @property
    def prefix(self) -> Path:
        """What the interpreter is installed under: the virtual environment, or the parent of its ``bin``."""
        return self.folder or self.python.parent.parent

    @property
    def is_current(self) -> bool:
        """Whether this is the interpreter that runs pytest: its children keep PYTHON* and its own flags."""
        return self.folder is None and self.python == Path(sys.executable).absolute()


def prepare(
    environment: Environment, *, progress: Callable[[str], None] | None = None, build: bool = True
) -> Provisioned:
    """Give an environment, built if it is not in the cache yet. A cached one needs no network.

    Args:
        environment: what is wanted.
        progress: told what is being done, a line at a time, when it takes long.
        build: whether it may be built.

    Raises:
        EnvironmentUnavailable: its interpreter is missing, or it cannot be built; with the reason and what to do.
    """
    tell = progress or _nobody
    interpreter = find_interpreter(environment.python, progress=tell)
    key = cache.key_of(environment.installs, interpreter)
    if not environment.installs:
        return Provisioned(interpreter.path, interpreter.site_packages, interpreter.version, None, key)
    folder = cache.folder_of(key)
    if not cache.record_in(folder):
        if not build:
            raise EnvironmentUnavailable(
                f"environment '{environment.name}' with BLAS {environment.blas} is not built yet"
            )
        _build_once(environment, interpreter, key, tell)
    return _built(folder, interpreter, key)


def _nobody(_line: str) -> None:
    """Tell nobody."""


def _built(folder: Path, interpreter: Interpreter, key: str) -> Provisioned:
    record = cache.record_in(folder)
    assert record is not None  # noqa: S101 - the folder was renamed into place with it
    return Provisioned(cache.python_in(folder), folder / record["site_packages"], interpreter.version, folder, key)


def _build_once(environment: Environment, interpreter: Interpreter, key: str, tell: Callable[[str], None]) -> None:
    def say_that_we_wait() -> None:
        tell(f"waiting for another process that builds environment '{environment.name}'")

    # The builder may need an environment of its own: that one is built before this lock is taken.
    builder = builder_for(interpreter, lambda other: prepare(other, progress=tell).python)
    with cache.locked(key, say_that_we_wait):
        if not cache.record_in(cache.folder_of(key)):
            cache.remove_half_built(key)
            _build(environment, interpreter, key, builder, tell)


def _build(
    environment: Environment, interpreter: Interpreter, key: str, builder: Builder, tell: Callable[[str], None]
) -> None:
    began = time.monotonic()
    tell(
        f"building environment '{environment.name}' (once): {', '.join(environment.installs)} "
        f"on Python {interpreter.dotted}, with {builder.name}"
    )
    log = cache.log_of(key)
    log.write_bytes(b"")
    with cache.building_folder(cache.folder_of(key)) as folder:
        builder.build(Job(interpreter, environment.installs, folder, log, f"build environment '{environment.name}'"))
        build_s = time.monotonic() - began
        record = _record(environment, interpreter, builder, folder, build_s)
        (folder / cache.RECORD_NAME).write_text(json.dumps(record, indent=1), encoding="utf-8")
    tell(f"built environment '{environment.name}' in {build_s:.1f} s")


def _record(
    environment: Environment, interpreter: Interpreter, builder: Builder, folder: Path, build_s: float
) -> dict[str, Any]:
    found = find_interpreter([str(cache.python_in(folder))])
    return {
        "environment": environment.name,
        "requires": list(environment.installs),
        "installed": installed_in(found.site_packages),
        "interpreter": str(interpreter.below),
        "version": interpreter.dotted,
        "site_packages": str(found.site_packages.relative_to(folder)),
        "builder": builder.name,
        "build_s": round(build_s, 3),
    }
