"""``--multicore-save`` and ``--multicore-compare``: checked before tests run, done at the end of the session.

Loaded where one of them is given.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.reports import github
from pytest_multicore.reports.atomic_file import is_no_plain_file
from pytest_multicore.reports.history import history_file
from pytest_multicore.reports.history.changes import Kind, Pair, since_last
from pytest_multicore.reports.history.entry import Entry, entries_of
from pytest_multicore.reports.history.words import since_last_line
from pytest_multicore.reports.origin import Origin
from pytest_multicore.reports.visible import visible_line
from pytest_multicore.settings.options import option_value

from .options import check_writable, raw_value, refusal, report_file
from .stash import HOSTS, LATEST_RECORDS, LOCATIONS, ORIGIN

#: With the configuration: what the terminal says at the end, as (line, its colour or none).
LINES = pytest.StashKey[list[tuple[str, str]]]()
#: The tests that fail the run: node id, and what changed in words.
LOST_SPEEDUPS = pytest.StashKey[list[tuple[str, str]]]()


@dataclass(frozen=True, slots=True)
class Files:
    """The files that the options name, and the loss that fails the run; None for what is not given."""

    save: Path | None
    compare: Path | None
    loss: float | None


def files_of(config: pytest.Config) -> Files:
    """The options' values; paths are relative to the folder that pytest was started in."""

    def value(name: str) -> Any:
        return option_value(name, lambda option: raw_value(config, option))

    save, compare = (name and config.invocation_params.dir / name for name in (value("save"), value("compare")))
    return Files(save, compare, value("compare-fail"))


def check(config: pytest.Config) -> None:
    """Refuse a file that is no history, and one that is not there to compare with, before anything is measured.

    Raises:
        pytest.UsageError: names the option, what was found and what is expected.
    """
    try:
        _check(config)
    except UsageError as error:
        raise refusal(error) from None


def _check(config: pytest.Config) -> None:
    files = files_of(config)
    if files.loss is not None and files.compare is None:
        raise UsageError(
            "--multicore-compare-fail: found no --multicore-compare=FILE; expected it too: it names the history that "
            "results are compared with"
        )
    for flag, file in (("--multicore-save", files.save), ("--multicore-compare", files.compare)):
        if file is not None and os.path.isdir(file):
            raise UsageError(f"{flag}={file}: found a folder, expected the name of a history's file")
        # A history is read before the tests and after them, and appended to: a pipe gives nothing the second time.
        if file is not None and is_no_plain_file(file):
            raise UsageError(f"{flag}={file}: found a pipe or a device, expected the name of a history's file")
    if files.save is not None:
        check_writable(f"--multicore-save={files.save}", files.save)
    report = report_file(config, "json")
    if files.save is not None and report and files.save == config.invocation_params.dir / report:
        raise UsageError(f"--multicore-save={report}: found the file of --multicore-json, expected another one")
    try:
        if files.save is not None:
            history_file.check(files.save)
        if files.compare is not None and not (files.compare == files.save and not files.compare.exists()):
            history_file.read(files.compare)
    except UsageError as error:
        raise UsageError(f"{_flags(files)}: {error}{_first_run(files)}") from None


def _flags(files: Files) -> str:
    given = (("--multicore-save", files.save), ("--multicore-compare", files.compare))
    return ", ".join(flag for flag, file in given if file is not None)


def _first_run(files: Files) -> str:
    """What to do where the first run has nothing to compare with yet."""
    if files.compare is None or files.compare.exists():
        return ""
    return f"; for the first run give --multicore-save={files.compare} too"


def finish(session: pytest.Session) -> None:
    """Compare the session's results with the history, then append them; the session fails where a loss is shown."""
    config = session.config
    files, lines = files_of(config), config.stash.setdefault(LINES, [])
    machines = config.stash[HOSTS].machines if HOSTS in config.stash else {}
    entries = entries_of(_latest(config), this_machine().cpu, config.stash.get(ORIGIN, Origin()), machines)
    try:
        if files.compare is not None:
            entries = _compare(files, entries, lines, session)
        if files.save is not None:
            history_file.append(files.save, entries)
            lines.append((f"{_count(len(entries), 'result')} appended to {files.save}", ""))
    except (OSError, UsageError) as error:
        # The tests' outcomes stand, and so does pytest's summary; but what was asked for is missing.
        session.exitstatus = session.exitstatus or pytest.ExitCode.INTERNAL_ERROR
        lines.append((f"ERROR: {_flags(files)}: {error}", "red"))


def _latest(config: pytest.Config) -> list[dict[str, Any]]:
    """The results of each test's last attempt."""
    by_test = config.stash.get(LATEST_RECORDS, {})
    return [record for workers in by_test.values() for records in workers.values() for record in records]


def _compare(
    files: Files, entries: Sequence[Entry], lines: list[tuple[str, str]], session: pytest.Session
) -> list[Entry]:
    """Say what changed; those entries that fail the run come back as lost."""
    assert files.compare is not None  # noqa: S101 - see finish
    history = history_file.read(files.compare) if files.compare.exists() else history_file.History(files.compare, ())
    if history.torn:
        lines.append((f"warning: {history.torn_in_words}", "yellow"))
    pairs = [since_last(one, history.entries) for one in entries]
    lines.extend((since_last_line(pair, files.loss), _colour(pair)) for pair in pairs)
    losing = [pair for pair in pairs if files.loss is not None and pair.loses(files.loss)]
    session.config.stash[LOST_SPEEDUPS] = [
        (pair.entry.result["nodeid"], f"{_fail_flag(files)}: {since_last_line(pair, files.loss)}") for pair in losing
    ]
    if losing:
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
        names = "; ".join(pair.entry.name for pair in losing)
        lines.append((f"ERROR: {_fail_flag(files)}: speed-up lost: {names}", "red"))
    lost = [pair.entry for pair in losing]
    return [replace(one, lost=True) if any(one is other for other in lost) else one for one in entries]


def _fail_flag(files: Files) -> str:
    return f"--multicore-compare-fail={100 * (files.loss or 0):g}%"


def _colour(pair: Pair) -> str:
    if pair.kind is Kind.NOT_COMPARABLE or pair.undecided:
        return "yellow"
    return "red" if pair.worse else "green" if pair.better else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def write_lines(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What changed, and what was saved, in a section of its own; and GitHub's annotations of what fails the run."""
    lines = config.stash.get(LINES, [])
    if not lines:
        return
    reporter.write_sep("=", "multicore: over time")
    for line, colour in lines:
        reporter.write_line(visible_line(line), **({colour: True} if colour else {}))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        by_nodeid: dict[str, tuple[str, int | None]] = config.stash.get(LOCATIONS, {})
        lost: list[tuple[str, str]] = config.stash.get(LOST_SPEEDUPS, [])
        for line in github.lost_speedups(lost, github.Locations(config.rootpath, by_nodeid)):
            reporter.write_line(line)
