"""Environments that a project declares: ``[tool.pytest-multicore.environments.NAME]`` of its pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_multicore.errors import UsageError

from . import blas_names
from .environment import WORKLOAD_FRAMEWORKS, Environment

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the file a value stands, for messages and for relative paths."""

    file: Path
    table: str
    key: str = ""

    def at(self, key: str) -> Place:
        """Give the place of one key of this table."""
        return Place(self.file, self.table, f"{self.key}.{key}" if self.key else key)

    def wrong(self, found: object, expected: str) -> UsageError:
        """Give the error that says what was found here and what was expected."""
        key = f", key {self.key!r}" if self.key else ""
        return UsageError(f"{self.file}: [{self.table}]{key}: found {found!r}, expected {expected}")


def declared_in(file: Path) -> dict[str, Environment]:
    """Read the environments that a pyproject.toml declares; none when there is no such file or table.

    Raises:
        UsageError: names file, table, key, what was found and what was expected.
    """
    if not file.is_file():
        return {}
    place = Place(file, "tool.pytest-multicore.environments")
    tables = _tables_of(file)
    if not isinstance(tables, dict):
        raise place.wrong(tables, "a table of environments")
    return {name: _environment(name, table, Place(file, f"{place.table}.{name}")) for name, table in tables.items()}


def _tables_of(file: Path) -> Any:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not a TOML file: {error}") from error
    tool = document.get("tool", {})
    ours = tool.get("pytest-multicore", {}) if isinstance(tool, dict) else {}
    return ours.get("environments", {}) if isinstance(ours, dict) else {}


def _environment(name: str, table: object, place: Place) -> Environment:
    if name == "current":
        raise place.wrong(name, "another name: 'current' is always the interpreter that runs pytest")
    if not isinstance(table, dict):
        raise place.wrong(table, f"a table with keys among {', '.join(READERS)}")
    for key in table:
        if key not in READERS:
            raise place.at(key).wrong(key, f"a key among {', '.join(READERS)}")
    return Environment(name, **{key: READERS[key](value, place.at(key)) for key, value in table.items()})


def _pythons(value: object, place: Place) -> tuple[str, ...]:
    specs = _strings([value] if isinstance(value, str) else value, place)
    return tuple(_resolved(spec, place) for spec in specs)


def _resolved(spec: str, place: Place) -> str:
    if not blas_names.is_path(spec):
        return spec
    return str(place.file.parent / Path(spec).expanduser())


def _strings(value: object, place: Place) -> tuple[str, ...]:
    expected = "a list of strings that are not empty"
    if not isinstance(value, list):
        raise place.wrong(value, expected)
    for one in value:
        if not isinstance(one, str) or not one.strip():
            raise place.wrong(one, expected)
    return tuple(value)


def _variables(value: object, place: Place) -> dict[str, str]:
    return {name: _text(one, place.at(name)) for name, one in _table(value, place).items()}


def _text(value: object, place: Place) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise place.wrong(value, "a string or a number")
    return str(value)


def _flags(value: object, place: Place) -> dict[str, str]:
    flags: dict[str, str] = {}
    for name, one in _table(value, place).items():
        if isinstance(one, dict):  # TOML reads the key blas.ldflags as a table in a table
            flags |= {f"{name}.{inner}": text for inner, text in _flags(one, place.at(name)).items()}
        else:
            flags[name] = str(one) if isinstance(one, bool) else _text(one, place.at(name))
    return flags


def _blas(value: object, place: Place) -> str:
    if not isinstance(value, str):
        raise place.wrong(value, f"one of {', '.join(blas_names.BLAS_NAMES)}, or the path of a shared library")
    choice = blas_names.checked(value, f"{place.file}: [{place.table}], key {place.key!r}")
    return _resolved(choice, place)


def _frameworks(value: object, place: Place) -> dict[str, str]:
    for workload, framework in _table(value, place).items():
        if workload not in WORKLOAD_FRAMEWORKS:
            raise place.at(workload).wrong(workload, f"a workload among {', '.join(WORKLOAD_FRAMEWORKS)}")
        if framework not in WORKLOAD_FRAMEWORKS[workload]:
            raise place.at(workload).wrong(framework, f"one of {', '.join(WORKLOAD_FRAMEWORKS[workload])}")
    return dict(_table(value, place))


def _table(value: object, place: Place) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise place.wrong(value, "a table")
    return value


READERS: dict[str, Callable[[object, Place], Any]] = {
    "python": _pythons,
    "requires": _strings,
    "env": _variables,
    "theano_flags": _flags,
    "blas": _blas,
    "frameworks": _frameworks,
}
