"""The files that a command writes: none of them may be one that it reads, or another that it writes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.atomic_file import is_no_plain_file


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[Path]) -> None:
    """Refuse to replace what is read, or what was just written; a pipe or a terminal may be both.

    Args:
        outputs: the files to write, by what names them on the command line; None is none.
        inputs: the files to read.

    Raises:
        UsageError: names the output.
    """
    kept = {file.resolve(): "is a file that this command reads" for file in inputs if os.path.isfile(file)}
    for name, file in outputs.items():
        if file is None or is_no_plain_file(file):
            continue
        if why := kept.get(file.resolve()):
            raise UsageError(f"{name} {why}: expected another file; it is left as it is")
        kept[file.resolve()] = "is named for another output, too"
