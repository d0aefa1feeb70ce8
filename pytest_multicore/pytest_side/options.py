"""What pytest's command line and ini files say of our options: read, and checked before anything is collected."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.settings import options as settings


def is_child(config: pytest.Config) -> bool:
    """Whether this is the pytest within an isolated interpreter: it runs its test, it measures nothing."""
    return bool(getattr(config.option, "multicore_child", False))


def settings_of(config: pytest.Config, marker: Mapping[str, Any]) -> settings.Settings:
    """Marker > command line > ini > default."""
    try:
        return settings.resolve(lambda option: given(config, option), marker)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def check(config: pytest.Config) -> None:
    """Refuse wrong options before a minute of measuring is spent on them. Who gives no name pays for no check of it.

    Raises:
        pytest.UsageError: names the option, what was found and what is allowed.
    """
    wishes = settings_of(config, {})
    try:
        if wishes.environment != "current":
            check_environment("--multicore-environment (ini: multicore_environment)", wishes.environment, config)
        if wishes.blas:
            from pytest_multicore.environments.blas_names import check_choice, is_path

            check_choice(wishes.blas, "--multicore-blas (ini: multicore_blas)")
            if is_path(wishes.blas):
                _check_file("--multicore-blas (ini: multicore_blas)", wishes.blas, "the path of a shared library")
        if wishes.python and os.sep in wishes.python:
            _check_file("--multicore-python (ini: multicore_python)", wishes.python, "the path of an interpreter")
        _check_json(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def check_environment(who: str, name: str, config: pytest.Config) -> None:
    """Refuse an environment that nobody knows.

    Args:
        who: the option or test that names it, for the message.
        name: the environment's.
        config: tells where pyproject.toml is.

    Raises:
        UsageError: says who asked, what was found and what there is.
    """
    from pytest_multicore.environments.catalogue import find

    try:
        find(name, config.rootpath)
    except UsageError as error:
        raise UsageError(f"{who}: {error}") from None


def _check_file(who: str, path: str, expected: str) -> None:
    if not Path(path).expanduser().is_file():
        raise UsageError(f"{who}: found {path!r}, where there is no such file; expected {expected}")


def _check_json(config: pytest.Config) -> None:
    """Refuse what cannot be a report, or must not become one: a forgotten name makes one of the test file that follows.

    A report of an earlier run is replaced; whatever else there is, is somebody's.
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


def _may_be_json(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(64).lstrip().startswith(b"{")


def json_file(config: pytest.Config) -> str | None:
    """What ``--multicore-json`` says, where a report shall be written."""
    file: str | None = settings.option_value("json", lambda option: given(config, option))
    return file


def given(config: pytest.Config, option: settings.Option) -> object:
    """What the command line, or else the ini file, says of an option; None when neither does."""
    on_command_line = config.getoption(option.ini, None)
    if on_command_line is None and option.name != "doctor":
        found = config.getini(option.ini)
        return None if found == "" else found
    return on_command_line
