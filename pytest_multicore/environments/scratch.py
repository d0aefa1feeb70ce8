"""Temporary folders that are removed, and tools that are killed, however this process ends.

A process of its own, scratch_keeper.py, knows their names before they are made. It acts when this process has
ended, which it sees by the end of its input.

Both may be killed at once: by the end of a container, or by who kills all processes of a tree. So each folder is
locked for as long as its owner lives, by flock(2), and who makes the next one removes those that nobody has locked.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pytest_multicore.settings.system import HAS_PROCESS_GROUPS

try:
    import fcntl
except ImportError:  # on Windows, which has no flock: there the keeper is all that there is
    fcntl = None  # type: ignore[assignment]

KEEPER = Path(__file__).with_name("scratch_keeper.py")
#: Earlier versions, which may be at work on this host, lock nothing: their folders have other names.
PREFIX = "pytest-multicore-tmp-"
RANDOM_DIGITS = 12
#: Never through a link. Windows has no such flags, and no lock that they would be for.
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC if fcntl is not None else 0


@contextlib.contextmanager
def folder(prefix: str = PREFIX, parent: Path | None = None) -> Iterator[Path]:
    """Make a folder that only this user can enter, and remove it at the end, unless it was renamed by then.

    Args:
        prefix: how its name begins.
        parent: where it is made; None: in the folder for temporary files.

    Raises:
        OSError: it cannot be made.
    """
    parent = (parent or Path(tempfile.gettempdir())).absolute()
    remove_abandoned(parent, prefix)
    path = parent / f"{prefix}{uuid.uuid4().hex[:RANDOM_DIGITS]}"
    with _removed(path), contextlib.ExitStack() as stack:
        lock = _made(path)
        if lock is not None:
            stack.callback(os.close, lock)
        yield path


def _made(path: Path) -> int | None:
    """Make a folder and lock it; returns the descriptor that holds the lock, None where the system has none."""
    while True:
        path.mkdir(mode=0o700)
        if fcntl is None:
            return None
        with contextlib.suppress(FileNotFoundError):  # another process took it for abandoned before it was locked
            lock = os.open(path, FOLDER_FLAGS)
            with contextlib.suppress(OSError):  # a file system without locks: nobody takes it for abandoned there
                fcntl.flock(lock, fcntl.LOCK_SH)
            if path.exists():
                return lock
            os.close(lock)


@cache
def remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove the folders whose owner was killed together with its keeper; once in this process.

    Args:
        parent: where they lie.
        prefix: how their names begin.
    """
    pattern = re.compile(rf"{re.escape(prefix)}[0-9a-f]{{{RANDOM_DIGITS}}}")
    names: list[str] = []
    with contextlib.suppress(OSError):  # it need not be there yet, nor may everybody list what is in it
        names = os.listdir(parent) if fcntl is not None else []
    for path in [parent / name for name in names if pattern.fullmatch(name)]:
        with contextlib.suppress(OSError):  # it is locked, another user's, a link, or gone
            _remove_if_abandoned(path)


def _remove_if_abandoned(path: Path) -> None:
    lock = os.open(path, FOLDER_FLAGS)
    try:
        if os.fstat(lock).st_uid == os.geteuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)


@contextlib.contextmanager
def _removed(path: Path) -> Iterator[None]:
    """Remove a folder at the end, if it is there then; it need not be there yet."""
    keeper = _keeper(os.getpid())
    keeper.tell("+", path)
    try:
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)
        keeper.tell("-", path)


@contextlib.contextmanager
def group_killed(group: int) -> Iterator[None]:
    """Have a process group killed where what is done with it does not end well, however this process ends meanwhile."""
    keeper = _keeper(os.getpid())
    keeper.tell("g", str(group))
    try:
        yield
    except BaseException:
        _kill_group(group)
        raise
    finally:
        keeper.tell("f", str(group))


def _kill_group(group: int) -> None:
    """Kill a process group; where there are none, the process that would lead it and its descendants."""
    if HAS_PROCESS_GROUPS:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
        return
    import psutil

    with contextlib.suppress(psutil.Error):
        leader = psutil.Process(group)
        for process in [*leader.children(recursive=True), leader]:
            with contextlib.suppress(psutil.Error):
                process.kill()


class _Keeper:
    """The process that removes what is left; none where the system starts no process: what is kept still matters."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(KEEPER), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )

    def tell(self, sign: str, what: Path | str) -> None:
        """What is to be done at this process's end, or no longer: see scratch_keeper.py for the signs."""
        if self._process is None:
            return
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        # A keeper that was killed must not end the measurement: it is only the second line of defence.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(sign.encode() + os.fsencode(what) + b"\0")
            self._process.stdin.flush()


@cache
def _keeper(_pid: int) -> _Keeper:
    """A process's keeper: a forked child has one of its own."""
    return _Keeper()
