"""A JSON report that grows with each result, is whole whenever it is read, and costs each result the same.

There are two files. One is in the report's place, the other lies in a folder beside it and lacks the last result. That
one gets what it lacks, is put in the report's place, and what was there lies in the folder next time. So no result is
written more than twice, however many there are; and a kill, or a full disk, finds a whole report in its place.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pytest_multicore.environments import scratch
from pytest_multicore.settings import clocks

from .atomic_file import is_no_plain_file
from .packed_rounds import encode

#: For so long a file that is no longer in the report's place may still be read by whoever has opened it.
READING_S = 1.0


@dataclass(frozen=True)
class _WrittenFile:
    """A file as it was written.

    Attributes:
        inode: its number.
        size: its bytes.
        body: the bytes up to the end of its last result.
        results: how many it has.
        replaced_s: when another one took its place, on the monotonic clock; None: it is in its place.
    """

    inode: int
    size: int
    body: int
    results: int
    replaced_s: float | None = None

    def is_at(self, path: Path) -> bool:
        """Whether it lies there under one name, as it was written."""
        with contextlib.suppress(OSError):
            found = path.lstat()
            return (found.st_ino, found.st_size, found.st_nlink) == (self.inode, self.size, 1)
        return False

    def is_read_no_more(self) -> bool:
        """Whether readers had the time to read it."""
        return self.replaced_s is not None and clocks.monotonic() - self.replaced_s > READING_S


class GrowingReport:
    """Writes one report again and again, as a context manager.

    ``results`` only ever gets longer, unless ``start_anew`` is called first.
    """

    def __init__(self, file: Path) -> None:
        self._given = file
        self._file = file.resolve()
        self._beside = self._next = Path()  # in a folder that is made with the first report
        self._in_place: _WrittenFile | None = None
        self._spare: _WrittenFile | None = None
        self._removed = contextlib.ExitStack()

    def __enter__(self) -> GrowingReport:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._removed.close()

    def start_anew(self) -> None:
        """Have the next report written whole: results that were written are not in it any more."""
        self._in_place = self._spare = None

    def write(self, report: Mapping[str, Any]) -> None:
        """Write the report with the results so far; not to what is no ordinary file, such as ``/dev/stdout``.

        Raises:
            OSError: it cannot be written; the former one is in its place.
        """
        if is_no_plain_file(self._given):
            return
        if self._beside == self._next or not self._beside.parent.exists():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            folder = self._removed.enter_context(scratch.folder(f".{self._file.name}.", self._file.parent))
            self._beside, self._next = folder / "a", folder / "b"
        with self._open() as (stream, results):
            for number, result in enumerate(report["results"][results:], results):
                stream.write(f"{',' if number else ''}\n{encode(result)}".encode())
            body = stream.tell()
            rest = {name: value for name, value in report.items() if name not in ("schema", "results")}
            stream.write(f"\n]{', ' if rest else ''}{encode(rest)[1:]}\n".encode())
            stream.truncate()
            stream.flush()
            os.fsync(stream.fileno())
            inode, size = os.fstat(stream.fileno()).st_ino, stream.tell()
        self._put_in_place(_WrittenFile(inode, size, body, len(report["results"])))

    @contextlib.contextmanager
    def _open(self) -> Iterator[tuple[BinaryIO, int]]:
        """The file beside, positioned behind the results that it has, and their number."""
        spare, self._spare = self._spare, None  # from now on it is not what it was
        if spare and spare.is_read_no_more() and spare.is_at(self._beside):
            known = spare
        elif self._in_place and self._in_place.is_at(self._file):
            known = self._in_place
            self._copy()
        else:
            known = None
            self._beside.unlink(missing_ok=True)
        with self._beside.open("r+b" if known else "w+b") as stream:
            if known:
                stream.seek(known.body)
            else:
                stream.write(b'{"schema": 1, "results": [')
            yield stream, known.results if known else 0

    def _copy(self) -> None:
        self._beside.unlink(missing_ok=True)
        shutil.copyfile(self._file, self._beside)

    def _put_in_place(self, written: _WrittenFile) -> None:
        """Put the file beside in the report's place, and keep what was there under the other name, if it is ours."""
        before = self._in_place
        if self._file.exists():
            self._beside.chmod(stat.S_IMODE(self._file.stat().st_mode))
        keeps = False
        if before and before.is_at(self._file):
            with contextlib.suppress(OSError):  # a file system without hard links
                self._next.unlink(missing_ok=True)
                os.link(self._file, self._next)
                keeps = True
        self._beside.replace(self._file)
        self._in_place = written
        if before and keeps:
            self._spare = _WrittenFile(before.inode, before.size, before.body, before.results, clocks.monotonic())
            self._beside, self._next = self._next, self._beside
