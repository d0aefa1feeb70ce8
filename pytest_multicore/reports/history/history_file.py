"""The history's file: one result a line, as JSON, appended under a lock.

A line is written with one call, at the end of the file. Where a process is killed in the middle of it, the next one
begins a new line, and readers name the torn line and go on: it costs what that process had measured, and nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.read_report import parsed, text_of

from .entry import Entry, entry_from, entry_record

#: The number of history.schema.json, in each line under this name.
SCHEMA, SCHEMA_KEY = 1, "history"
#: How each line begins: what a killed process left of one begins so too, or ends before.
LINE_START = f'{{"{SCHEMA_KEY}":'
SCHEMA_FILE = Path(__file__).with_name("history.schema.json")
#: Seconds that a writer waits for others: each holds the lock for milliseconds.
LOCK_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class History:
    """What a file holds.

    Attributes:
        file: its name, for messages.
        entries: in the order of the lines.
        torn: numbers of the lines that a killed process left unfinished, from 1.
    """

    file: Path
    entries: tuple[Entry, ...]
    torn: tuple[int, ...] = ()

    @property
    def torn_in_words(self) -> str:
        """Which lines were left out; empty where none was."""
        if not self.torn:
            return ""
        lines = ", ".join(map(str, self.torn))
        return (
            f"{self.file}: line{'' if len(self.torn) == 1 else 's'} {lines} left out: torn, as of a process that was "
            "killed while it wrote"
        )


def append(file: Path, entries: Sequence[Entry]) -> None:
    """Append results; several processes may do so at once.

    Raises:
        OSError: the file cannot be written.
        UsageError: the file is no history, or its lock is held for too long.
    """
    if not entries:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(entry_record(one, SCHEMA), allow_nan=False, separators=(",", ":")) for one in entries)
    text = "".join(f"{line}\n" for line in lines)
    lock = filelock.FileLock(lock_of(file), timeout=LOCK_TIMEOUT_S)
    try:
        with lock:
            _write(file, text.encode("utf-8"))
    except filelock.Timeout:
        raise UsageError(
            f"{file}: another process holds {lock_of(file)} since {LOCK_TIMEOUT_S:g} s; expected it to be free soon: "
            "see which one it is (fuser), and save again"
        ) from None


def lock_of(file: Path) -> Path:
    """The file that writers lock."""
    return file.with_name(f"{file.name}.lock")


def _write(file: Path, data: bytes) -> None:
    """Append under the lock, on a line of its own."""
    with file.open("a+b", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        if size:
            stream.seek(size - 1)
            data = data if stream.read(1) == b"\n" else b"\n" + data
        while data:
            data = data[os.write(stream.fileno(), data) :]
        os.fsync(stream.fileno())


def check(file: Path) -> None:
    """Refuse to append to a file that is no history: it belongs to the user.

    Raises:
        UsageError: says what was found.
    """
    if file.is_file() and file.stat().st_size:
        read(file)


def read(file: Path) -> History:
    """All results of a file; an empty one holds none.

    Raises:
        UsageError: the file is missing or unreadable, no history, or of another schema, with the lines' numbers.
    """
    try:
        text = text_of(file.read_bytes(), "replace")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}; expected a history that --multicore-save wrote"
        ) from None
    except UnicodeDecodeError as error:
        raise _no_history(file, f"no text in UTF-8 ({error.reason})") from None
    entries: list[Entry] = []
    torn: list[int] = []
    foreign: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found = parsed(line)
            except ValueError:
                (torn if _is_begun(line) else foreign).append(number)
                continue
            entries.append(_entry(file, number, found))
    if foreign:
        lines = ", ".join(map(str, foreign[:5])) + (" ..." if len(foreign) > 5 else "")
        raise _no_history(file, f"line{'' if len(foreign) == 1 else 's'} {lines}: no JSON")
    return History(file, tuple(entries), tuple(torn))


def _is_begun(line: str) -> bool:
    """Whether a line that is no JSON is the beginning of one of ours."""
    return line.startswith(LINE_START) or LINE_START.startswith(line)


def _entry(file: Path, number: int, found: object) -> Entry:
    """One line's entry.

    Raises:
        UsageError: it is none, or of another schema.
    """
    if not isinstance(found, dict) or SCHEMA_KEY not in found:
        is_report = isinstance(found, dict) and "results" in found
        raise _no_history(file, f"line {number} is {'a JSON report' if is_report else 'no result of a history'}")
    schema = found[SCHEMA_KEY]
    if schema != SCHEMA:
        newer = isinstance(schema, int) and schema > SCHEMA
        remedy = "update pytest-multicore, or name another file" if newer else "name another file"
        raise UsageError(
            f"{file}: line {number} is of history schema {schema!r}; this version reads schema {SCHEMA}: {remedy}"
        )
    try:
        return entry_from(found)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{file}: line {number} does not hold what history schema {SCHEMA} says ({type(error).__name__}: {error}); "
            "expected a line that --multicore-save wrote: take it out, or name another file"
        ) from None


def _no_history(file: Path, found: str) -> UsageError:
    return UsageError(f"{file} is no history: {found}; expected the name of a file that --multicore-save wrote")
