"""``merge A.json B.json -o FILE``: the JSON reports of several machines as one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.atomic_file import write_whole
from pytest_multicore.reports.merge import host_names, merged
from pytest_multicore.reports.read_report import checked, read_report

from .html import check_extra, check_page, write_page
from .output_files import check_outputs
from .say import say
from .subparsers import Subparsers


def add(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    merge = commands.add_parser(
        "merge",
        help="join the files that --multicore-json wrote on several machines",
        description="Join the files that --multicore-json wrote on several machines, such as the jobs of a CI matrix, "
        "into one. Each result names its host.",
    )
    merge.add_argument(
        "files",
        nargs="+",
        metavar="[HOST=]FILE",
        help="a report, with a name for its machine; without one that is the file's name, or its folder's",
    )
    merge.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="write the joined report here")
    merge.add_argument("--html", type=Path, metavar="PAGE", help="make a page for the browser of it, too")
    merge.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the joined report, and say of how many results on which hosts.

    Raises:
        UsageError: a file is no report, two contradict each other, or the output can't be written.
    """
    if options.html:
        check_extra("--html")
    named = [_named(text) for text in options.files]
    outputs = {f"--output={options.output}": options.output, f"--html={options.html}": options.html}
    check_outputs(outputs, [file for _, file in named])
    if options.html:
        check_page(options.html)
    defaults = host_names([file for _, file in named])
    reports = []
    for (host, file), default in zip(named, defaults, strict=True):
        reports.append((str(file), host or default, read_report(file)))
        with checked(file):
            merged(reports[-1:])
    whole = merged(reports)
    text = json.dumps(whole, indent=1, allow_nan=False) + "\n"
    try:
        write_whole(options.output, text)
    except OSError as error:
        raise UsageError(f"--output={options.output} cannot be written: {error.strerror}") from None
    if options.html:
        write_page(options.html, whole, str(options.output))
    given = sum(len(report["results"]) for _, _, report in reports)
    twice = given - len(whole["results"])
    copies = f"; {twice} of them stood in two files, and count once" if twice else ""
    hosts = [str(machine["host"]) for machine in whole["machines"]]
    count = f"{len(hosts)} host{'' if len(hosts) == 1 else 's'}"
    say(f"{options.output}: {given} results of {count} ({', '.join(hosts)}){copies}")
    return 0


def _named(text: str) -> tuple[str, Path]:
    """A host's name, empty where none is given, and the file."""
    host, equals, file = text.partition("=")
    if equals and not Path(text).exists():
        if not host or not file:
            raise UsageError(f"{text}: expected HOST=FILE, or the name of a file")
        return host, Path(file)
    return "", Path(text)
