"""This plugin's options in pytest's command line and ini files: read, and checked before anything is collected."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.errors import EnvironmentUnavailable, MulticoreError, UsageError
from pytest_multicore.settings.options import OPTIONS, Option, Settings, axis_values, option_value, resolve_settings

from .stash import SESSION_SETTINGS

EXPECTED_FILE = "expected the name of a file to write"
#: How each JSON report begins, that of --multicore-doctor too. A history's lines begin otherwise.
REPORT_START = re.compile(rb'\s*\{\s*"schema"\s*:\s*\d')


def is_child(config: pytest.Config) -> bool:
    """Whether this is the pytest within an isolated interpreter: it runs its test and measures nothing."""
    return bool(getattr(config.option, "multicore_child", False))


def refusal(*errors: MulticoreError) -> pytest.UsageError:
    """What ends the session with these errors. They quote what was given, in which a terminal's sequences may be."""
    from pytest_multicore.reports.visible import visible_lines  # most sessions refuse nothing

    return pytest.UsageError(visible_lines("\n".join(map(str, errors))))


def session_settings(config: pytest.Config) -> Settings:
    """The settings of tests without a marker, resolved once a session."""
    if SESSION_SETTINGS not in config.stash:
        config.stash[SESSION_SETTINGS] = settings_of(config, {})
    return config.stash[SESSION_SETTINGS]


def settings_of(config: pytest.Config, marker: Mapping[str, Any]) -> Settings:
    """Marker > command line > ini > default."""
    try:
        return resolve_settings(lambda option: raw_value(config, option), marker)
    except UsageError as error:
        raise refusal(error) from None


def check_options(config: pytest.Config) -> None:
    """Refuse wrong options before a minute of measuring is spent on them. An option that is not given costs nothing.

    Raises:
        pytest.UsageError: names the option, what was found and what is allowed.
    """
    settings = settings_of(config, {})
    try:
        for environment in _values("environment", config):
            if environment != "current":
                check_environment("--multicore-environment (ini: multicore_environment)", environment, config)
        if settings.vary == "cores":
            from pytest_multicore.interpreters.affinity import check_affinity

            check_affinity()
        if settings.against:
            check_base("--multicore-against (ini: multicore_against)", settings.against, config)
        if settings.overlay:
            check_overlay("--multicore-overlay (ini: multicore_overlay)", settings.overlay, config)
        for blas in filter(None, _values("blas", config)):
            from pytest_multicore.environments.blas_names import check_choice, is_path

            check_choice(blas, "--multicore-blas (ini: multicore_blas)")
            if is_path(blas):
                _check_file("--multicore-blas (ini: multicore_blas)", blas, "the path of a shared library")
        if settings.python:
            _check_python("--multicore-python (ini: multicore_python)", settings.python)
        _check_reports(config)
        uses_history(config)  # it refuses a wrong value
    except UsageError as error:
        raise refusal(error) from None


def _values(name: str, config: pytest.Config) -> tuple[Any, ...]:
    return axis_values(name, lambda option: raw_value(config, option))


def varies(config: pytest.Config) -> bool:
    """Whether an option has several values."""
    return any(len(_values(option.name, config)) > 1 for option in OPTIONS if option.varies)


def check_environment(source: str, name: str, config: pytest.Config) -> None:
    """Refuse an unknown environment.

    Args:
        source: the option or test that names it, for the message.
        name: the environment's.
        config: tells where pyproject.toml is.

    Raises:
        UsageError: names the source, what was found and what there is.
    """
    from pytest_multicore.environments.catalogue import find

    try:
        find(name, config.rootpath)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from None


def check_base(source: str, name: str, config: pytest.Config) -> None:
    """Refuse a base that there can't be; see ``check_environment`` for the arguments.

    Raises:
        UsageError: names the source, what was found and what a base may be.
    """
    from pytest_multicore.environments import overlay

    if not overlay.is_overlay(name):
        check_environment(f"{source}: found no PACKAGE==VERSION and no git:REF, and", name, config)
    else:
        check_overlay(source, name, config)


def check_overlay(source: str, name: str, config: pytest.Config) -> None:
    """Refuse what cannot be laid over an environment; see ``check_environment`` for the arguments.

    Raises:
        UsageError: names the source, what was found and what is allowed.
    """
    from pytest_multicore.environments import overlay

    try:
        overlay.check(name, config.rootpath)
    except (UsageError, EnvironmentUnavailable) as error:
        raise UsageError(f"{source}: {error}") from None


def _check_file(source: str, path: str, expected: str) -> None:
    if not os.path.isfile(os.path.expanduser(path)):
        raise UsageError(f"{source}: found {path!r}, where there is no such file; expected {expected}")


def _check_python(source: str, python: str) -> None:
    if os.sep in python:
        _check_file(source, python, "the path of an interpreter")
        return
    from pytest_multicore.environments.catalogue import at_path

    try:
        at_path(python)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from None


def _check_reports(config: pytest.Config) -> None:
    """Refuse report files that cannot be written or must not be replaced, and what is missing to write them."""
    _check_report(config, "json", lambda head: bool(REPORT_START.match(head)))
    if report_file(config, "html") and not is_worker():  # its controller writes the page
        from pytest_multicore.reports.html.packages import absent_packages, advice
        from pytest_multicore.reports.html.page import FIRST_LINE

        if absent := absent_packages():
            raise UsageError(f"--multicore-html {advice(absent)}")
        names = [report_file(config, name) or "" for name in ("html", "json")]
        if names[1] and len({config.invocation_params.dir.joinpath(name).resolve() for name in names}) == 1:
            raise UsageError(f"--multicore-html={names[0]}: --multicore-json names the same file; expected another")
        _check_report(config, "html", lambda head: head.startswith(FIRST_LINE.encode()))


def _check_report(config: pytest.Config, name: str, may_be: Callable[[bytes], bool]) -> None:
    """Refuse a report file that cannot be written or must not be replaced.

    A forgotten file name takes the test file that follows it on the command line. A report of an earlier run is
    replaced; any other file belongs to the user.

    Args:
        config: tells the file's name.
        name: of the option.
        may_be: whether a file that begins so may be one.
    """
    given = report_file(config, name)
    if not given:
        return
    file, option = config.invocation_params.dir / given, f"--multicore-{name}={given}"
    check_writable(option, file)
    if file.is_file() and file.stat().st_size and not may_be(_head(file)):
        found = "found a file that is no report of this plugin"
        raise UsageError(f"{option}: {found}, {EXPECTED_FILE}; it is left as it is")


def check_writable(option: str, file: Path) -> None:
    """Refuse a file that cannot be written. A folder is made beside it, and removed: rights alone do not tell.

    Raises:
        UsageError: names the option, and what stands in the way.
    """
    from pytest_multicore.environments import scratch  # most sessions write no file

    try:
        if file.is_dir():
            raise UsageError(f"{option}: found a folder, {EXPECTED_FILE}")
        existing = next(folder for folder in (file, *file.parents) if os.path.lexists(folder))
        if not os.access(existing, os.W_OK) or not (existing == file or existing.is_dir()):
            raise UsageError(f"{option}: {existing} cannot be written to, {EXPECTED_FILE}")
        if existing.is_dir() or existing.is_file():  # and no device
            folder = next(one for one in file.resolve().parents if one.is_dir())
            with scratch.folder(f".{file.name}.", folder):  # Ctrl-C may come just now
                pass
    except OSError as error:
        raise UsageError(f"{option} cannot be written: {error.strerror}: {error.filename}; {EXPECTED_FILE}") from None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)


def report_file(config: pytest.Config, name: str) -> str | None:
    """The value of ``--multicore-json`` or ``--multicore-html``; None where no such report is requested."""
    file: str | None = option_value(name, lambda option: raw_value(config, option))
    return file


def keeps_results(config: pytest.Config) -> bool:
    """Whether the session writes its results to a file."""
    return any(report_file(config, name) for name in ("json", "html")) or uses_history(config)


def uses_history(config: pytest.Config) -> bool:
    """Whether an option asks for a file of results over time."""
    names = ("save", "compare", "compare-fail")
    return any(option_value(name, lambda option: raw_value(config, option)) is not None for name in names)


def is_worker() -> bool:
    """Whether this is a worker of pytest-xdist: its results come with its reports, and its controller writes files."""
    return "PYTEST_XDIST_WORKER" in os.environ


def raw_value(config: pytest.Config, option: Option) -> object:
    """An option's value on the command line, or else in the ini file; None where neither has one."""
    on_command_line = config.getoption(option.ini, None)
    if on_command_line is None and option.name != "doctor":
        in_file = config.getini(option.ini)
        return None if in_file == "" else in_file
    return on_command_line
