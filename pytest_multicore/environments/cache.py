"""The cache of built environments: its folders, its keys, and the lock by which one process at a time builds."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.settings.system import HAS_USERS, IS_WINDOWS

from . import local_sources, scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import filelock

    from .probe import Interpreter

CACHE_VARIABLE = "PYTEST_MULTICORE_CACHE"
RECORD_NAME = "multicore.json"
LAYOUT = 2  # part of every key: raise it when the same requirements result in another environment
BUILD_INFIX = ".building-"
#: What stands in the folder's way, by the system's error: its own words say what it tried.
OBSTACLES = {errno.EEXIST: "it is a file", errno.ENOTDIR: "a part of its path is a file"}


def root() -> Path:
    """Return the cache folder, created where necessary: PYTEST_MULTICORE_CACHE, or the user's cache.

    Raises:
        EnvironmentUnavailable: it cannot be written, others may write there, or no such folder is known.
    """
    folder = _chosen()
    with written(folder):
        # What is in it is run: nobody else may write there, nor need they read it.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_strangers(folder)
        for name in ("environments", "locks", "logs"):
            _make_part(folder / name)
    return folder


def part(name: str) -> Path:
    """Return another folder of the cache, which is made; see `root` for the errors."""
    folder = root() / name
    with written(folder):
        _make_part(folder)
    return folder


def _make_part(folder: Path) -> None:
    """Make a folder in a cache that all may enter, as root's for its users may be; nobody else may write there.

    Where the umask lets anybody write, so would the files that tools put into it: then nobody else may enter.
    """
    umask = os.umask(0o077)
    os.umask(umask)
    folder.mkdir(mode=0o777 if umask & stat.S_IWOTH else 0o700, exist_ok=True)
    _refuse_strangers(folder)


def _refuse_strangers(folder: Path) -> None:
    """What lies in the cache is run: a folder that was there before may be one that others put things into."""
    status, own = folder.stat(), os.getuid() if HAS_USERS else 0
    why = ""
    if own and status.st_uid not in (0, own):
        why = f"it belongs to another user (number {status.st_uid})"
    elif HAS_USERS and status.st_mode & stat.S_IWOTH:
        why = f"anybody may write there (mode {stat.S_IMODE(status.st_mode):o})"
    if why:
        raise EnvironmentUnavailable(
            f"cache folder {folder}: {why}; expected one that is yours alone, since what lies in it is run. "
            f"Correct it (chmod 700), or set {CACHE_VARIABLE} to another one"
        )


def _chosen() -> Path:
    chosen = os.environ.get(CACHE_VARIABLE)
    try:
        return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_cache_path("pytest-multicore")
    except RuntimeError as error:
        raise EnvironmentUnavailable(
            f"cache folder {chosen or 'of the user'}: this user has no home folder (HOME is unset, and the system "
            f"knows of none); expected a folder that can be written. Set {CACHE_VARIABLE} to one"
        ) from error


@contextlib.contextmanager
def written(folder: Path) -> Iterator[None]:
    """Tell what prevents writing in the cache within this context: an EnvironmentUnavailable in place of an OSError.

    Args:
        folder: the cache's, or one within it.
    """
    try:
        yield
    except OSError as error:
        what = OBSTACLES.get(error.errno or 0, error.strerror or error)
        where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
        at = f": {where}" if where and where != os.fspath(folder) else ""
        raise EnvironmentUnavailable(
            f"cache folder {folder}: {what}{at}; expected a folder with room that can be written. "
            f"Set {CACHE_VARIABLE} to one"
        ) from error


def key_of(requires: Sequence[str], interpreter: Interpreter) -> str:
    """Return the key of an environment: it depends on requirements and interpreter, and not on the builder.

    Where requirements name folders or wheels by their paths, it depends on what these hold, too.
    """
    local = local_sources.digest_of(requires)
    facts = {
        "layout": LAYOUT,
        "requires": sorted(set(requires)),
        "interpreter": str(interpreter.base),
        "version": interpreter.version,
        "implementation": interpreter.implementation,
        "abi": interpreter.abi,
        "platform": interpreter.platform,
        **({"local": local} if local else {}),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def folder_of(key: str) -> Path:
    """Return the folder of the environment with this key; it exists once that is built."""
    return root() / "environments" / key[:24]


def log_of(key: str) -> Path:
    """Return the file that keeps the tools' output of a build."""
    return root() / "logs" / f"{key[:24]}.log"


def python_in(folder: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if IS_WINDOWS else "bin/python")


def record_in(folder: Path) -> dict[str, Any] | None:
    """Read the record of an environment's build; None where no complete environment is there."""
    try:
        record = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and _is_whole(record, folder) else None


def _is_whole(record: dict[str, Any], folder: Path) -> bool:
    """Whether a record says what is read of it, and its environment is there."""
    packages, installed = record.get("site_packages"), record.get("installed")
    is_read = isinstance(packages, str) and isinstance(installed, list)
    return is_read and (folder / str(packages)).is_dir() and python_in(folder).exists()


@contextlib.contextmanager
def locked(key: str, when_waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a key: only one process builds its environment.

    Args:
        key: the environment's key.
        when_waiting: called once, where another process holds the lock.

    Raises:
        EnvironmentUnavailable: the cache cannot be written.
    """
    from filelock import Timeout

    lock = _lock(key)
    with written(root()):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            when_waiting()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _lock(key: str) -> filelock.BaseFileLock:
    import filelock  # twenty modules, which only a build needs

    # Neither a singleton nor thread-local: two threads of one process exclude each other, as two processes do.
    return filelock.FileLock(root() / "locks" / f"{key[:24]}.lock", thread_local=False)


@contextlib.contextmanager
def building_folder(folder: Path) -> Iterator[Path]:
    """Make a new folder next to the final one, and rename it into place at the end. Called under the key's lock.

    A rename is atomic: a folder with the final name is complete, whenever a builder may have been killed. Each build
    has a folder of its own, because a tool that outlives its killed parent may still write into the previous one.
    """
    with scratch.folder(f"{folder.name}{BUILD_INFIX}", folder.parent) as building:
        yield building
        _readdress_scripts(building, folder)
        remove(folder)  # it holds no record, so it is not complete
        building.rename(folder)


def _readdress_scripts(building: Path, folder: Path) -> None:
    """Make the scripts in bin name the final folder: they hold the path of their interpreter, which moves."""
    for script in python_in(building).parent.iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        content = script.read_bytes()
        if b"\0" not in content and os.fsencode(building) in content:
            script.write_bytes(content.replace(os.fsencode(building), os.fsencode(folder)))


def remove(folder: Path) -> None:
    """Remove an environment. It is renamed first, so that a partly removed one is never used."""
    if not folder.exists():
        return
    with scratch.folder(f"{folder.name}{BUILD_INFIX}", folder.parent) as removed:
        folder.rename(removed / folder.name)


def remove_half_built(key: str) -> None:
    """Remove the folders of interrupted builds: of this key, whose lock is held, and of all keys without a lock."""
    from filelock import Timeout

    environments = root() / "environments"
    for leftover in environments.glob(f"*{BUILD_INFIX}*"):
        owner = leftover.name.partition(BUILD_INFIX)[0]
        if owner == key[:24]:
            shutil.rmtree(leftover, ignore_errors=True)
            continue
        with contextlib.suppress(Timeout), _lock(owner).acquire(timeout=0):
            shutil.rmtree(leftover, ignore_errors=True)
