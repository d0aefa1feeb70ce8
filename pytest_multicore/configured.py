"""What pytest's command line and ini files say of our options: read, and checked before anything is collected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from . import settings
from .errors import UsageError


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
            from .environments.blas_names import checked

            checked(wishes.blas, "--multicore-blas (ini: multicore_blas)")
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    _check_json(config)


def check_environment(who: str, name: str, config: pytest.Config) -> None:
    """Refuse an environment that nobody knows.

    Args:
        who: the option or test that names it, for the message.
        name: the environment's.
        config: tells where pyproject.toml is.

    Raises:
        UsageError: says who asked, what was found and what there is.
    """
    from .environments.catalogue import find

    try:
        find(name, config.rootpath)
    except UsageError as error:
        raise UsageError(f"{who}: {error}") from None


def _check_json(config: pytest.Config) -> None:
    file = json_file(config)
    if file and (config.invocation_params.dir / file).is_dir():
        raise pytest.UsageError(f"--multicore-json={file}: found a folder, expected the name of a file to write")


def json_file(config: pytest.Config) -> str | None:
    """What ``--multicore-json`` says, where a report shall be written."""
    file: str | None = settings.option_value("json", lambda option: given(config, option))
    return file


def given(config: pytest.Config, option: settings.Option) -> object:
    """What the command line, or else the ini file, says of an option; None when neither does."""
    on_command_line = config.getoption(option.ini, None)
    if on_command_line is None and option.name != "doctor":
        return config.getini(option.ini)
    return on_command_line
