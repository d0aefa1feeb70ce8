"""``imports PACKAGE ...``: what importing packages changes in the process that imports them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pytest_multicore.errors import MulticoreError, UsageError
from pytest_multicore.interpreters.import_traces import import_in_bare_interpreter
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.reports.imports import guard_text, import_lines

from .say import refusal, say
from .subparsers import Subparsers


def add(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    imports = commands.add_parser(
        "imports",
        help="import packages in a bare interpreter, and tell what that changes of threads",
        description="Import packages, one after the other, in an interpreter without any thread variable. Tells the "
        "thread variables, CPU affinity, thread pools and the interpreter's lock that an import changed, with the "
        "innermost module that did it. The exit status is 1 where anything was changed.",
    )
    imports.add_argument("packages", nargs="+", metavar="PACKAGE", help="a package or module, by its full name")
    imports.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="NAME",
        help="a variable that may be set, or affinity, gil, or a pool such as 'pool openblas'; may be given again",
    )
    imports.add_argument("--environment", default="current", metavar="NAME", help="the environment to import it in")
    imports.add_argument("--python", metavar="PATH", help="the interpreter to import it in, in place of an environment")
    imports.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is changed; return 0 if nothing is, else 1.

    Raises:
        UsageError: the environment is not known, or cannot be had.
    """
    try:
        prepared = PreparedEnvironment.prepare(
            options.environment, options.python, None, Path.cwd(), lambda text: say(text, sys.stderr)
        )
        imported = import_in_bare_interpreter(prepared, options.packages)
    except UsageError:
        raise
    except MulticoreError as error:
        raise refusal(f"{' '.join(options.packages)}: {error}") from None
    for line in import_lines(imported, options.packages, options.allow):
        say(line)
    return 1 if guard_text(imported, options.allow) else 0
