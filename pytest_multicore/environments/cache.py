"""Where built environments are kept, under which key, and how one process at a time builds one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import platformdirs

from pytest_multicore.errors import EnvironmentUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .probing import Interpreter

CACHE_VARIABLE = "PYTEST_MULTICORE_CACHE"
RECORD_NAME = "multicore.json"
LAYOUT = 2  # part of every key: raise it when what is built from the same requirements changes
BUILDING = ".building-"


def root() -> Path:
    """Give the cache folder, made if need be: PYTEST_MULTICORE_CACHE, else the user's.

    Raises:
        EnvironmentUnavailable: it cannot be written.
    """
    told = os.environ.get(CACHE_VARIABLE)
    folder = Path(told).expanduser().absolute() if told else platformdirs.user_cache_path("pytest-multicore")
    try:
        for part in ("environments", "locks", "logs"):
            (folder / part).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentUnavailable(
            f"cache folder {folder}: {error.strerror or error}; expected a folder that can be written. "
            f"Set {CACHE_VARIABLE} to one"
        ) from error
    return folder


def key_of(requires: Sequence[str], interpreter: Interpreter) -> str:
    """Give the key of what is built: requirements and interpreter matter to it, who builds it does not."""
    facts = {
        "layout": LAYOUT,
        "requires": sorted(set(requires)),
        "interpreter": str(interpreter.below),
        "version": interpreter.version,
        "implementation": interpreter.implementation,
        "abi": interpreter.abi,
        "platform": interpreter.platform,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def folder_of(key: str) -> Path:
    """Give the folder in which the environment of a key stands once it is built."""
    return root() / "environments" / key[:24]


def log_of(key: str) -> Path:
    """Give the file that keeps what the tools said while the environment of a key was built."""
    return root() / "logs" / f"{key[:24]}.log"


def python_in(folder: Path) -> Path:
    """Give the interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def record_in(folder: Path) -> dict[str, Any] | None:
    """Read what was recorded when an environment was built; None when no whole one stands there."""
    try:
        record = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and python_in(folder).exists() else None


@contextlib.contextmanager
def locked(key: str, when_waiting: Callable[[], None]) -> Iterator[None]:
    """Be the only process that builds the environment of a key.

    Args:
        key: of the environment.
        when_waiting: called once, when another process is at it already.
    """
    lock = _lock(key)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        when_waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _lock(key: str) -> filelock.BaseFileLock:
    # Not a singleton, not thread-local: two threads of one process exclude each other as two processes do.
    return filelock.FileLock(root() / "locks" / f"{key[:24]}.lock", thread_local=False)


@contextlib.contextmanager
def building_folder(folder: Path) -> Iterator[Path]:
    """Give a new folder beside the final one and rename it into place at the end; called under the key's lock.

    Built beside and renamed, not built in place under a marker: a rename is atomic, so a folder that stands there is
    whole by its name alone, whatever killed its builder and whenever. Each build has a folder of its own, for a tool
    that outlives its killed parent may still write into the folder of the build before.
    """
    building = Path(tempfile.mkdtemp(prefix=f"{folder.name}{BUILDING}", dir=folder.parent))
    try:
        yield building
        _readdress_scripts(building, folder)
        remove(folder)  # what is there holds no record: no whole environment
        building.rename(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _readdress_scripts(building: Path, folder: Path) -> None:
    """Let the scripts in bin name the final folder: they hold the path of their interpreter, which moves."""
    for script in python_in(building).parent.iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        content = script.read_bytes()
        if b"\0" not in content and os.fsencode(building) in content:
            script.write_bytes(content.replace(os.fsencode(building), os.fsencode(folder)))


def remove(folder: Path) -> None:
    """Remove an environment. It is renamed first, so that one half removed is never taken for whole."""
    if not folder.exists():
        return
    doomed = Path(tempfile.mkdtemp(prefix=f"{folder.name}{BUILDING}", dir=folder.parent))
    folder.rename(doomed / folder.name)
    shutil.rmtree(doomed, ignore_errors=True)


def remove_half_built(key: str) -> None:
    """Remove what interrupted builds left: of this key, whose lock is held, and of any other that nobody builds."""
    environments = root() / "environments"
    for left in environments.glob(f"*{BUILDING}*"):
        owner = left.name.partition(BUILDING)[0]
        if owner == key[:24]:
            shutil.rmtree(left, ignore_errors=True)
            continue
        with contextlib.suppress(filelock.Timeout), _lock(owner).acquire(timeout=0):
            shutil.rmtree(left, ignore_errors=True)
