"""Environments that a project declares: ``[tool.pytest-multicore.environments.NAME]`` of its pyproject.toml."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_multicore.errors import UsageError
from pytest_multicore.settings.parsers import is_passable, is_variable

from . import blas_names
from .environment import WORKLOAD_FRAMEWORKS, Environment

if TYPE_CHECKING:
    from collections.abc import Callable

#: What holds the tables of all environments, and the names in TOML that need no quotes.
TABLE, BARE_KEY = "tool.pytest-multicore.environments", re.compile(r"[A-Za-z0-9_-]+")
#: Of a requirement: it is no name, and no address. pip takes ``./mylib``, ``../mylib`` and ``~/mylib`` for a path.
RELATIVE_PATH = re.compile(r"(\.{1,2}|~)/")


@dataclass(frozen=True, slots=True)
class Location:
    """The place of a value in the file, for messages and for relative paths."""

    file: Path
    table: str
    key: str = ""

    def at(self, key: str) -> Location:
        """Return the location of a key of this table."""
        return Location(self.file, self.table, f"{self.key}.{key}" if self.key else key)

    def wrong(self, value: object, expected: str) -> UsageError:
        """Return the error for a wrong value at this location."""
        key = f", key {self.key!r}" if self.key else ""
        return UsageError(f"{self.file}: [{self.table}]{key}: found {value!r}, expected {expected}")


def environments_in(file: Path) -> dict[str, Environment]:
    """Read the environments that a pyproject.toml declares; none when there is no such file or table.

    Raises:
        UsageError: a value is wrong; names file, table, key, the value and what was expected.
    """
    if not file.is_file():
        return {}
    location = Location(file, TABLE)
    tables = _tables_of(file)
    if not isinstance(tables, dict):
        raise location.wrong(tables, "a table of environments")
    return {name: _environment(name, table, Location(file, table_of(name))) for name, table in tables.items()}


def table_of(name: str) -> str:
    """The table of an environment, as a header in the file has it: quoted where the name is no bare key of TOML."""
    return f"{TABLE}.{name if BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)}"


def _tables_of(file: Path) -> Any:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{file}: not a TOML file: {error}") from error
    tool = document.get("tool", {})
    ours = tool.get("pytest-multicore", {}) if isinstance(tool, dict) else {}
    location = Location(file, "tool.pytest-multicore")
    for key in _table(ours, location):
        if key != "environments":
            raise location.at(key).wrong(key, "the table 'environments' alone; options stand in pytest's own table")
    return ours.get("environments", {})


def _environment(name: str, table: object, location: Location) -> Environment:
    if name == "current":
        raise location.wrong(name, "another name: 'current' is always the interpreter that runs pytest")
    if not isinstance(table, dict):
        raise location.wrong(table, f"a table with keys among {', '.join(PARSERS)}")
    for key in table:
        if key not in PARSERS:
            raise location.at(key).wrong(key, f"a key among {', '.join(PARSERS)}")
    return Environment(name, **{key: PARSERS[key](value, location.at(key)) for key, value in table.items()})


def _pythons(value: object, location: Location) -> tuple[str, ...]:
    specs = _strings([value] if isinstance(value, str) else value, location)
    return tuple(_resolve_path(spec, location) for spec in specs)


def _resolve_path(spec: str, location: Location) -> str:
    if not blas_names.is_path(spec):
        return spec
    return str(location.file.parent / os.path.expanduser(spec))


def _requirements(value: object, location: Location) -> tuple[str, ...]:
    """Packages as pip takes them; a relative path starts at the file, as in ``./mylib[extra]``."""
    return tuple(
        _resolve_path(text, location) if RELATIVE_PATH.match(text) else text for text in _strings(value, location)
    )


def _strings(value: object, location: Location) -> tuple[str, ...]:
    expected = "a list of strings that are not empty, without zero characters"
    if not isinstance(value, list):
        raise location.wrong(value, expected)
    for text in value:
        if not isinstance(text, str) or not text.strip() or not is_passable(text):
            raise location.wrong(text, expected)
    return tuple(value)


def _variables(value: object, location: Location) -> dict[str, str]:
    table = _table(value, location)
    for name in table:
        if not is_variable(name):
            raise location.at(name).wrong(name, "the name of a variable, without '=' and zero characters")
    return {name: _text(text, location.at(name)) for name, text in table.items()}


def _text(value: object, location: Location) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or not is_passable(str(value)):
        raise location.wrong(value, "a string or a number, without zero characters")
    return str(value)


def _flags(value: object, location: Location) -> dict[str, str]:
    flags: dict[str, str] = {}
    for name, flag in _table(value, location).items():
        if not is_passable(name):
            raise location.at(name).wrong(name, "the name of a flag, without zero characters")
        if isinstance(flag, dict):  # TOML reads the key blas.ldflags as a table in a table
            flags |= {f"{name}.{inner}": text for inner, text in _flags(flag, location.at(name)).items()}
        else:
            flags[name] = str(flag) if isinstance(flag, bool) else _text(flag, location.at(name))
    return flags


def _blas(value: object, location: Location) -> str:
    if not isinstance(value, str) or not is_passable(value):
        raise location.wrong(value, f"one of {', '.join(blas_names.BLAS_NAMES)}, or the path of a shared library")
    choice = blas_names.check_choice(value, f"{location.file}: [{location.table}], key {location.key!r}")
    return _resolve_path(choice, location)


def _frameworks(value: object, location: Location) -> dict[str, str]:
    for workload, framework in _table(value, location).items():
        if workload not in WORKLOAD_FRAMEWORKS:
            raise location.at(workload).wrong(workload, f"a workload among {', '.join(WORKLOAD_FRAMEWORKS)}")
        if framework not in WORKLOAD_FRAMEWORKS[workload]:
            raise location.at(workload).wrong(framework, f"one of {', '.join(WORKLOAD_FRAMEWORKS[workload])}")
    return dict(_table(value, location))


def _table(value: object, location: Location) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise location.wrong(value, "a table")
    return value


PARSERS: dict[str, Callable[[object, Location], Any]] = {
    "python": _pythons,
    "requires": _requirements,
    "env": _variables,
    "theano_flags": _flags,
    "blas": _blas,
    "frameworks": _frameworks,
}
