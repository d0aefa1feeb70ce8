"""``html FILE PAGE``: make the page of a JSON report."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.html.packages import absent_packages, advice
from pytest_multicore.reports.html.page import write_html
from pytest_multicore.reports.read_report import read_report

from .subparsers import Subparsers


def add(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    html = commands.add_parser(
        "html",
        help="make a page for the browser of a file written by --multicore-json",
        description="Make a page for the browser of a file written by --multicore-json: the one that --multicore-html "
        "writes at the end of a run.",
    )
    html.add_argument("file", type=Path, metavar="FILE")
    html.add_argument("page", type=Path, metavar="PAGE", help="the file to write; an earlier one is replaced")
    html.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the page, and return 0.

    Raises:
        UsageError: there is no such report, it cannot be shown, or the page cannot be written.
    """
    check_extra("html")
    if options.page.resolve() == options.file.resolve():
        raise UsageError(f"{options.page} is the report itself: expected another file for the page")
    write_page(options.page, read_report(options.file), str(options.file))
    return 0


def check_extra(who: str) -> None:
    """Refuse to go on without the extra's packages; ``who`` needs them.

    Raises:
        UsageError: says what to install.
    """
    if absent := absent_packages():
        raise UsageError(f"{who} {advice(absent)}")


def write_page(page: Path, report: Mapping[str, Any], name: str) -> None:
    """Write the page of a report.

    Args:
        page: the file to write.
        report: as data.
        name: of the report, for messages.

    Raises:
        UsageError: the report cannot be shown, or the page cannot be written.
    """
    try:
        write_html(page, report)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    except OSError as error:
        raise UsageError(f"{page} cannot be written: {error.strerror}") from None
