"""What it takes of the standard library to start processes and read /proc, as it was before any fixture or test.

A fixture may refuse processes, files or sockets in pytest's own process, as pytest-socket does. psutil and the library
look these up in each call.
"""

from __future__ import annotations

import builtins
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

PLACES = ((builtins, "open"), (socket, "socket"), (subprocess, "Popen"), (subprocess, "run"))
ORIGINALS = [getattr(module, name) for module, name in PLACES]


@contextmanager
def library_at_start() -> Iterator[None]:
    """Put it back for so long: what a test replaced is about its own code, none of which runs meanwhile."""
    replaced = [getattr(module, name) for module, name in PLACES]
    try:
        _put(ORIGINALS)
        yield
    finally:
        _put(replaced)


def _put(functions: list[Any]) -> None:
    module: ModuleType
    for (module, name), function in zip(PLACES, functions, strict=True):
        setattr(module, name, function)
