"""Whether a built environment is as it was installed. Reading all of it takes long: it is asked after a failure."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from pytest_multicore.errors import EnvironmentUnavailable

from . import cache
from .commands import output_of
from .environment import package_name
from .installed_packages import files_of, packages_in
from .provision import Installation, digest

#: Files that a message names.
MAX_FILES_NAMED = 3
#: Names the files of bytecode below a folder that cannot be loaded; on Python 2.7, too.
LOAD_BYTECODE = """
import marshal, os, sys
head = 8 if sys.version_info < (3,) else 12 if sys.version_info < (3, 7) else 16
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith(".pyc"):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                content = file.read()
            try:
                marshal.loads(content[head:])
            except (EOFError, TypeError, ValueError):
                sys.stdout.write(os.path.relpath(path, sys.argv[1]) + "\\n")
"""


def damage(installation: Installation) -> str:
    """What is missing or changed, and how to have the environment built again; empty where it is whole.

    An interpreter that is used as it is was not built by this package, and is not looked at.
    """
    if installation.folder is None:
        return ""
    if not installation.folder.exists():
        return f"the environment in {installation.folder} was deleted meanwhile; run again, and it is built again"
    wrong = [*_unlike_its_record(installation), *_wrong_files(installation.site_packages)]
    wrong = wrong or [*_broken_bytecode(installation)]
    if not wrong:
        return ""
    named = ", ".join(wrong[:MAX_FILES_NAMED]) + (", ..." if len(wrong) > MAX_FILES_NAMED else "")
    return (
        f"the environment in {installation.folder} is damaged: {len(wrong)} of its files or packages are missing or "
        f"were changed since it was built ({named}); delete that folder, and it is built again"
    )


def _unlike_its_record(installation: Installation) -> Iterator[str]:
    """What the record of its build has, and the environment has not, or not so."""
    assert installation.folder is not None  # noqa: S101 - the caller looks
    record = cache.record_in(installation.folder)
    if record is None:
        yield cache.RECORD_NAME
        return
    there = {package_name(name) for name, _, _ in packages_in(installation.site_packages)}
    digests = record.get("digests")  # None: it was built by an earlier version
    for file, known in digests.items() if isinstance(digests, dict) else ():
        if digest(installation.folder / file) != known:
            yield file
    for line in record["installed"]:
        if package_name(line) not in there:
            yield f"package {line}"


def _wrong_files(site_packages: Path) -> Iterator[str]:
    """Files that their package lists, and that are not there, or not so. Scripts are elsewhere, and readdressed."""
    for name, _, package in packages_in(site_packages):
        files = files_of(package)
        if files is None:
            yield f"the list of files of {name}"
        for file in files or ():
            is_fixed = file.suffix != ".pyc" and ".." not in file.parts
            if is_fixed and not _is_whole(Path(str(file.locate())), file.hash):
                yield str(file)


def _broken_bytecode(installation: Installation) -> Iterator[str]:
    """Files of bytecode that the environment's interpreter cannot load. It is loaded in place of the sources."""
    command = [str(installation.python), "-E", "-s", "-B", "-c", LOAD_BYTECODE, str(installation.site_packages)]
    with contextlib.suppress(EnvironmentUnavailable):  # it cannot be started: that is not its bytecode's fault
        status, output = output_of(command)
        yield from output.splitlines() if status == 0 else ["a file of bytecode, *.pyc"]


def _is_whole(path: Path, digest: object) -> bool:
    try:
        if digest is None:
            return path.exists()
        found = hashlib.new(getattr(digest, "mode", "sha256"), path.read_bytes()).digest()
    except (OSError, ValueError):  # no such file, path or digest
        return False
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == getattr(digest, "value", "")
