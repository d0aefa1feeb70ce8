"""Files that are replaced as a whole: a reader, a full disk or a kill never leaves half of one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pytest_multicore.environments import scratch


def is_no_plain_file(file: Path) -> bool:
    """Whether a pipe, a device or a folder lies there. Of a name as it was given: a pipe has no path to resolve to."""
    return os.path.exists(file) and not os.path.isfile(file)  # a Path's own raise for a name that is too long


def write_whole(file: Path, text: Iterable[str]) -> None:
    """Write beside the file, then put that in its place. What was there stays where that fails.

    Args:
        file: where.
        text: what, in parts.

    A link stays a link, and what is no ordinary file, such as ``/dev/stdout``, is written to as it is.

    Raises:
        OSError: it cannot be written.
    """
    if is_no_plain_file(file):
        with file.open("w", encoding="utf-8") as stream:
            stream.writelines(text)
        return
    file = file.resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    with scratch.folder(f".{file.name}.", file.parent) as folder:
        beside = folder / file.name
        with beside.open("w", encoding="utf-8") as stream:
            stream.writelines(text)
            stream.flush()
            os.fsync(stream.fileno())
        if file.exists():
            beside.chmod(file.stat().st_mode & 0o7777)
        beside.replace(file)
