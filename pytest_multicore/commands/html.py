"""``html FILE PAGE``: make the page of a JSON report."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.html.packages import absent_packages, advice
from pytest_multicore.reports.html.page import FIRST_LINE, write_html
from pytest_multicore.reports.read_report import read_report

from .output_files import check_outputs
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
    check_outputs({str(options.page): options.page}, [options.file])
    check_page(options.page)
    write_page(options.page, read_report(options.file), str(options.file))
    return 0


def check_extra(who: str) -> None:
    """Refuse to go on without the extra's packages; ``who`` needs them.

    Raises:
        UsageError: says what to install.
    """
    if absent := absent_packages():
        raise UsageError(f"{who} {advice(absent)}")


def check_page(page: Path) -> None:
    """Refuse to replace a file that is no page of ours: it belongs to the user.

    Raises:
        UsageError: names it.
    """
    try:
        head = _head(page) if page.is_file() else b""
    except OSError as error:
        raise UsageError(f"{page} cannot be read: {error.strerror}") from None
    if head and not head.startswith(FIRST_LINE.encode()):
        raise UsageError(f"{page} is no page of pytest-multicore: expected another file; it is left as it is")


def _head(page: Path) -> bytes:
    with page.open("rb") as file:
        return file.read(len(FIRST_LINE))


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
