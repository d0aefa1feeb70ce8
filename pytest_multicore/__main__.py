"""``python -m pytest_multicore COMMAND``: what is done with earlier reports, and what takes several runs."""

from __future__ import annotations

import argparse
import errno
import os
import sys

from .commands import bisect, compare, export, history, html, imports, judge, merge
from .commands.say import say
from .errors import UsageError
from .reports import standard_output

COMMANDS = (judge, bisect, compare, history, html, export, imports, merge)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit status: 0 if all is well, 1 if it found something wrong, 2 for wrong use.

    It is 1, without a word, where the reader of the output has gone, as ``head`` does: pytest itself does so. It is 2
    where the output is a file on a full disk, and 130 after Ctrl-C, as a shell says it.
    """
    standard_output.open_where_closed()
    standard_output.escape_what_it_lacks()
    try:
        try:
            return _run(arguments)
        finally:
            print(end="", flush=True)  # at the interpreter's end nothing could catch it
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        # What is left in the buffer is written at the interpreter's end: see signal's documentation, "Note on SIGPIPE".
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            return 1
        print(f"error: the output is cut short: {error.strerror}", file=sys.stderr)
        return 2


def _run(arguments: list[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pytest_multicore", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except UsageError as error:
        for line in (f"error: {error}", *getattr(error, "__notes__", ())):
            say(line, sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
