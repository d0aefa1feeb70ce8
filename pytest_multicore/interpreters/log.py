"""The output of an isolated interpreter: a file without a name, of which the end is kept."""

from __future__ import annotations

import os
import tempfile
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from pytest_multicore.settings.system import HAS_PREAD

from .crash_dump import last_lines

TAIL_BYTES = 64 * 1024
MAX_LOG_BYTES = 16 * 1024 * 1024


class Log:
    """The child's standard output and error. Append-only, so that it can be truncated while the child writes."""

    def __init__(self) -> None:
        # Open for as long as the interpreter lives: close() ends it.
        self._file: IO[bytes] = tempfile.TemporaryFile(mode="a+b", prefix="pytest-multicore-")  # noqa: SIM115
        if fcntl is not None:  # a file without a name is opened before its mode is looked at
            fcntl.fcntl(self.fileno(), fcntl.F_SETFL, fcntl.fcntl(self.fileno(), fcntl.F_GETFL) | os.O_APPEND)
        self._kept = b""  # what was the end when it was truncated

    def fileno(self) -> int:
        """The descriptor that the child gets."""
        return self._file.fileno()

    def tail(self, lines: int = 30) -> str:
        """The last lines, at most 64 KiB of them; of a crash the beginning of Python's account (crash_dump.py)."""
        return "\n".join(last_lines(self._last_bytes().decode("utf-8", "replace"), lines))

    def truncate(self) -> None:
        """Keep only the end of a large log: a child that prints without end must not fill the disk."""
        if os.fstat(self.fileno()).st_size > MAX_LOG_BYTES:
            self._kept = self._last_bytes()
            os.ftruncate(self.fileno(), 0)
            if fcntl is None:
                os.lseek(self.fileno(), 0, os.SEEK_END)  # the child writes on from there

    def close(self) -> None:
        """Close the file, which removes it."""
        self._file.close()

    def _last_bytes(self) -> bytes:
        size = os.fstat(self.fileno()).st_size
        if HAS_PREAD:
            last = os.pread(self.fileno(), TAIL_BYTES, max(0, size - TAIL_BYTES))
        else:
            os.lseek(self.fileno(), max(0, size - TAIL_BYTES), os.SEEK_SET)
            last = os.read(self.fileno(), TAIL_BYTES)
            os.lseek(self.fileno(), 0, os.SEEK_END)  # the child writes on from there
        return (self._kept + last)[-TAIL_BYTES:]
