"""What the folders and wheels hold that requirements name by their paths: their text stays when that changes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: ``/a/path``, ``file:///a/path``, ``name[extra] @ file:///a/path``; what follows a path: extras, markers, hashes.
_ADDRESS = re.compile(r"\s*(?:[\w.-]+\s*(?:\[[^\]]*\]\s*)?@\s*)?(file:[^\s;#]+)")
_PATH = re.compile(r"\s*(/.*?)\s*(?:\[[^\]/]*\])?\s*(?:;.*| --hash=.*)?$", re.DOTALL)

#: What builds leave in a source's folder, and what is no part of it. With these a build would change its own key.
_NO_SOURCES = frozenset({"__pycache__", "build", "dist", "target", "node_modules"})
_NO_SOURCE_ENDINGS = (".egg-info", ".pyc")


def digest_of(requires: Iterable[str]) -> str:
    """A digest of what all local paths among requirements hold; empty where there is none."""
    facts = [
        (str(path), str(file.relative_to(path)), _content(file, status.st_size, status.st_mtime_ns))
        for path in sorted(filter(None, map(local_path, requires)))
        for file, status in _files(path)
    ]
    return hashlib.sha256(repr(facts).encode()).hexdigest() if facts else ""


def local_path(requirement: str) -> Path | None:
    """The folder or file that a requirement names by an absolute path; None where it names none."""
    if address := _ADDRESS.match(requirement):
        return Path(unquote(urlsplit(address.group(1)).path))
    path = _PATH.match(requirement)
    return Path(path.group(1)) if path else None


def _files(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """A file itself, or the files of a folder that may be sources, in an order."""
    if path.is_file():
        yield path, path.stat()
    for folder, names, files in os.walk(path):
        names[:] = sorted(filter(_may_be_source, names))
        for name in sorted(filter(_may_be_source, files)):
            file = Path(folder, name)
            if file.is_file():
                yield file, file.stat()


def _may_be_source(name: str) -> bool:
    return not (name.startswith(".") or name in _NO_SOURCES or name.endswith(_NO_SOURCE_ENDINGS))


@cache
def _content(file: Path, _size: int, _changed_ns: int) -> str:
    """SHA-256 of a file, read once: builds write some sources anew, a version's say, as they were."""
    try:
        with file.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except OSError:  # whoever builds of it will say so
        return ""
