"""Whether a built environment is as it was installed. Reading all of it takes long: it is asked after a failure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

from . import cache
from .environment import package_name
from .installed import files_of, packages_in
from .provision import Installation

#: Files that a message names.
NAMED = 3


def damage(installation: Installation) -> str:
    """What is missing or changed, and how to have the environment built again; empty where it is whole.

    An interpreter that is used as it is was not built by this package, and is not looked at.
    """
    if installation.folder is None:
        return ""
    if not installation.folder.exists():
        return f"the environment in {installation.folder} was deleted meanwhile; run again, and it is built again"
    wrong = [*_missing_packages(installation), *_wrong_files(installation.site_packages)]
    if not wrong:
        return ""
    named = ", ".join(wrong[:NAMED]) + (", ..." if len(wrong) > NAMED else "")
    return (
        f"the environment in {installation.folder} is damaged: {len(wrong)} of its files or packages are missing or "
        f"were changed since it was built ({named}); delete that folder, and it is built again"
    )


def _missing_packages(installation: Installation) -> Iterator[str]:
    assert installation.folder is not None  # noqa: S101 - the caller looks
    record = cache.record_in(installation.folder)
    if record is None:
        yield cache.RECORD_NAME
        return
    there = {package_name(name) for name, _, _ in packages_in(installation.site_packages)}
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


def _is_whole(path: Path, digest: object) -> bool:
    try:
        if digest is None:
            return path.exists()
        found = hashlib.new(getattr(digest, "mode", "sha256"), path.read_bytes()).digest()
    except (OSError, ValueError):  # no such file, path or digest
        return False
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == getattr(digest, "value", "")
