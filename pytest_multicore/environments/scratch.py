"""Temporary files and folders that are removed, and tools that are killed, however this process ends.

A process of its own, scratch_keeper.py, knows their names before they are made. It acts when this process has
ended, which it sees by the end of its input.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

KEEPER = Path(__file__).with_name("scratch_keeper.py")
PREFIX = "pytest-multicore-"


@contextlib.contextmanager
def folder(prefix: str = PREFIX, parent: Path | None = None) -> Iterator[Path]:
    """Make a folder that only this user can enter, and remove it at the end, unless it was renamed by then.

    Args:
        prefix: how its name begins.
        parent: where it is made; None: in the folder for temporary files.

    Raises:
        OSError: it cannot be made.
    """
    path = (parent or Path(tempfile.gettempdir())) / f"{prefix}{uuid.uuid4().hex[:12]}"
    with removed(path):
        path.mkdir(mode=0o700)
        yield path


@contextlib.contextmanager
def removed(path: Path) -> Iterator[Path]:
    """Remove a file or folder at the end, if it is there then; it need not be there yet."""
    path = path.absolute()
    keeper = _keeper(os.getpid())
    keeper.tell("+", path)
    try:
        yield path
    finally:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        keeper.tell("-", path)


@contextlib.contextmanager
def group_killed(group: int) -> Iterator[None]:
    """Have a process group killed where what is done with it does not end well, however this process ends meanwhile."""
    keeper = _keeper(os.getpid())
    keeper.tell("g", str(group))
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
        raise
    finally:
        keeper.tell("f", str(group))


class _Keeper:
    """The process that removes what is left; none where the system starts no process: what is kept still matters."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(KEEPER)],
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
