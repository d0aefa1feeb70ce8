"""This plugin's options in pytest's command line and ini files: read, and checked before anything is collected."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.errors import EnvironmentUnavailable, UsageError
from pytest_multicore.settings.options import Option, Settings, option_value, resolve_settings

from .stash import SESSION_SETTINGS


def is_child(config: pytest.Config) -> bool:
    """Whether this is the pytest within an isolated interpreter: it runs its test and measures nothing."""
    return bool(getattr(config.option, "multicore_child", False))


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
        raise pytest.UsageError(str(error)) from None


def check_options(config: pytest.Config) -> None:
    """Refuse wrong options before a minute of measuring is spent on them. An option that is not given costs nothing.

    Raises:
        pytest.UsageError: names the option, what was found and what is allowed.
    """
    settings = settings_of(config, {})
    try:
        if settings.environment != "current":
            check_environment("--multicore-environment (ini: multicore_environment)", settings.environment, config)
        if settings.against:
            check_base("--multicore-against (ini: multicore_against)", settings.against, config)
        if settings.overlay:
            check_overlay("--multicore-overlay (ini: multicore_overlay)", settings.overlay, config)
        if settings.blas:
            from pytest_multicore.environments.blas_names import check_choice, is_path

            check_choice(settings.blas, "--multicore-blas (ini: multicore_blas)")
            if is_path(settings.blas):
                _check_file("--multicore-blas (ini: multicore_blas)", settings.blas, "the path of a shared library")
        if settings.python and os.sep in settings.python:
            _check_file("--multicore-python (ini: multicore_python)", settings.python, "the path of an interpreter")
        _check_json(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


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
    if not Path(path).expanduser().is_file():
        raise UsageError(f"{source}: found {path!r}, where there is no such file; expected {expected}")


def _check_json(config: pytest.Config) -> None:
    """Refuse a report file that cannot be written or must not be replaced.

    A forgotten file name takes the test file that follows it on the command line. A report of an earlier run is
    replaced; any other file belongs to the user.
    """
    name = json_file(config)
    if not name:
        return
    file, expected = config.invocation_params.dir / name, "expected the name of a file to write"
    if file.is_dir():
        raise pytest.UsageError(f"--multicore-json={name}: found a folder, {expected}")
    existing = next(folder for folder in (file, *file.parents) if os.path.lexists(folder))
    if not os.access(existing, os.W_OK) or not (existing == file or existing.is_dir()):
        raise pytest.UsageError(f"--multicore-json={name}: {existing} cannot be written to, {expected}")
    if file.is_file() and file.stat().st_size and not _may_be_json(file):
        raise pytest.UsageError(
            f"--multicore-json={name}: found a file that is no JSON, {expected}; it is left as it is"
        )


def _may_be_json(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).lstrip().startswith(b"{")


def json_file(config: pytest.Config) -> str | None:
    """The value of ``--multicore-json``; None where no report is requested."""
    file: str | None = option_value("json", lambda option: raw_value(config, option))
    return file


def raw_value(config: pytest.Config, option: Option) -> object:
    """An option's value on the command line, or else in the ini file; None where neither has one."""
    on_command_line = config.getoption(option.ini, None)
    if on_command_line is None and option.name != "doctor":
        in_file = config.getini(option.ini)
        return None if in_file == "" else in_file
    return on_command_line
