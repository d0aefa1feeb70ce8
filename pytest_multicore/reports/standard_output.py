"""Standard output, which may lack letters: that of a pipe on Windows has the encoding of an old code page."""

from __future__ import annotations

import io
import os
import sys


def escape_what_it_lacks() -> None:
    """Show a letter that the encoding lacks as its code: names and paths may be in any script."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def open_where_closed() -> None:
    """Have a standard output where the shell closed it (``>&-``): Python has None in its place."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the interpreter ends


def write_file(text: str) -> None:
    """Write the text of a file: in UTF-8, as files are, wherever no terminal shows it."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)
