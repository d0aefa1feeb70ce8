"""What an isolated interpreter prints: a file without a name, of which the end is kept."""

from __future__ import annotations

import os
import tempfile
from typing import IO

KEPT_BYTES = 64 * 1024
LARGEST_BYTES = 16 * 1024 * 1024


class Log:
    """The child's standard output and error. Append-only, so that it can be cut while the child writes on."""

    def __init__(self) -> None:
        # Open for as long as the interpreter lives: close() ends it.
        self._file: IO[bytes] = tempfile.TemporaryFile(mode="a+b", prefix="pytest-multicore-")  # noqa: SIM115

    def fileno(self) -> int:
        """The descriptor that the child gets."""
        return self._file.fileno()

    def tail(self, lines: int = 30) -> str:
        """The last lines, at most 64 KiB of them."""
        return "\n".join(self._last_bytes().decode("utf-8", "replace").splitlines()[-lines:])

    def keep_small(self) -> None:
        """Cut a flood: a child that prints without end must fill neither the disk nor the report."""
        if os.fstat(self.fileno()).st_size > LARGEST_BYTES:
            last = self._last_bytes()
            os.ftruncate(self.fileno(), 0)
            os.write(self.fileno(), last)

    def close(self) -> None:
        """Give the file back to the system."""
        self._file.close()

    def _last_bytes(self) -> bytes:
        size = os.fstat(self.fileno()).st_size
        return os.pread(self.fileno(), KEPT_BYTES, max(0, size - KEPT_BYTES))
