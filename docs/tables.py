"""Tables of the reference, made from the package when the docs are built, so that the two cannot drift apart.

In a page: ``{multicore-table} marker``, or the name of another one of TABLES.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from rule_tables import rules, thresholds
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pytest_multicore.diagnosis.causes.catalogue import DETECTORS, key_of
from pytest_multicore.environments.catalogue import SHIPPED_ENVIRONMENTS
from pytest_multicore.environments.threads import SUSPECT_VARIABLES, THREAD_VARIABLES
from pytest_multicore.reports.doctor_record import SCHEMA_FILE as DOCTOR_SCHEMA_FILE
from pytest_multicore.reports.history.history_file import SCHEMA_FILE as HISTORY_SCHEMA_FILE
from pytest_multicore.reports.json_report import SCHEMA_FILE
from pytest_multicore.settings.marker import MARKER
from pytest_multicore.settings.options import OPTIONS

Row = tuple[str, ...]

LIBRARIES_RECORD = Path(__file__).parents[1] / "tests" / "libraries" / "record.json"


def marker() -> Iterator[Row]:
    """The marker's arguments."""
    yield "argument", "meaning", "value"
    for name, (parse, meaning) in MARKER.items():
        yield f"`{name}`", meaning, _said(parse)


def options() -> Iterator[Row]:
    """The options with their ini keys."""
    yield "option", "ini key", "default", "meaning", "value"
    for option in OPTIONS:
        flag = option.flag if option.metavar is None else f"{option.flag}={option.metavar}"
        # In a file it would put an end to every run: plugin.py gives it no key.
        key = "none" if option.name == "doctor" else f"`{option.ini}`"
        yield f"`{flag}`", key, _default(option.default), option.help, _said(option.parse)


def environments() -> Iterator[Row]:
    """The environments that ship with the package."""
    yield "name", "Python", "packages", "BLAS", "`dot` runs on", "`fit` runs on"
    for one in SHIPPED_ENVIRONMENTS.values():
        yield (
            f"`{one.name}`",
            " or ".join(one.python) or "the one that runs pytest",
            ", ".join(f"`{requirement}`" for requirement in one.requires) or "what is installed there",
            f"`{one.blas}`" if one.blas else "as found",
            one.frameworks.get("dot", "-"),
            one.frameworks.get("fit", "-"),
        )


def variables() -> Iterator[Row]:
    """The environment variables that are set, and those that are only told."""
    yield "what happens", "variables"
    yield "set to N when N threads are asked for", ", ".join(f"`{name}`" for name in THREAD_VARIABLES)
    yield "left as they are, and reported", ", ".join(f"`{name}`" for name in SUSPECT_VARIABLES)


def libraries() -> Iterator[Row]:
    """The libraries whose threads were measured: what they read, and the cores that they kept busy."""
    yield "library", "versions tried", "reads, strongest first", "its own setting", "vary", "at 1", "at 2"
    for name, entry in json.loads(LIBRARIES_RECORD.read_text(encoding="utf-8")).items():
        busy, reads = entry["busy_cores"], [f"`{variable}`" for variable in entry["variables"]]
        reads += [f"at most `{variable}`" for variable in entry["caps"]]
        versions = (f"{package} {version}" for package, version in entry["versions"].items() if package != "numpy")
        at_one, at_two = ("threads=1", "threads=2") if reads else ("one CPU", "nothing set")
        yield (
            name,
            ", ".join(versions),
            " > ".join(reads) or "no variable",
            f"`{entry['setting']}`" if entry["setting"] else "not tried",
            f'`"{"threads" if reads else "cores"}"`',
            f"{busy[at_one]:.2f}",
            f"{busy[at_two]:.2f}",
        )


def causes() -> Iterator[Row]:
    """The causes that are looked for."""
    yield "key", "what it is"
    for detector in sorted(DETECTORS, key=key_of):
        yield f"`{key_of(detector)}`", str(detector.__doc__).partition("\n")[0]


def schema() -> Iterator[Row]:
    """The fields of the JSON report."""
    described = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    yield "field", "type", "meaning"
    yield from _fields("", described, described)


def doctor() -> Iterator[Row]:
    """The fields of the doctor's report."""
    described = json.loads(DOCTOR_SCHEMA_FILE.read_text(encoding="utf-8"))
    yield "field", "type", "meaning"
    yield from _fields("", described, described)


def history() -> Iterator[Row]:
    """The fields of a history's line."""
    described = json.loads(HISTORY_SCHEMA_FILE.read_text(encoding="utf-8"))
    yield "field", "type", "meaning"
    yield from _fields("", described, described)


def _fields(path: str, described: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[Row]:
    for name, field in described.get("properties", {}).items():
        inner, items = _resolved(field, whole), _resolved(field.get("items", {}), whole)
        here = f"{path}{name}"
        yield f"`{here}`", _type(field), field.get("description", inner.get("description", ""))
        if not _is_interval(field):
            yield from _fields(f"{here}.", inner, whole)
        yield from _fields(f"{here}[].", items, whole)


def _resolved(field: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in field:
        return field
    found = whole["$defs"][field["$ref"].rpartition("/")[2]]
    return {**found, **{name: value for name, value in field.items() if name != "$ref"}}


def _is_interval(field: Mapping[str, Any]) -> bool:
    return any(one.get("$ref", "").endswith("/interval") for one in [field, *field.get("oneOf", [])])


def _type(field: Mapping[str, Any]) -> str:
    if "const" in field:
        return str(field["const"])
    if "enum" in field:
        return " or ".join(f"`{word}`" for word in field["enum"])
    if "oneOf" in field:
        return " or ".join(_type(one) for one in reversed(field["oneOf"]))
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    kind = field["type"]
    return kind if isinstance(kind, str) else " or ".join(kind)


def _said(parse: Callable[[object], Any]) -> str:
    """What a parser takes, in its own words."""
    try:
        parse(object())
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{parse} takes anything")


def _default(value: object) -> str:
    if value is None:
        return "none"
    return "off" if value is False else f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


TABLES: Mapping[str, Callable[[], Iterator[Row]]] = {
    table.__name__: table
    for table in (
        marker,
        options,
        environments,
        variables,
        libraries,
        causes,
        schema,
        doctor,
        history,
        rules,
        thresholds,
    )
}


def markdown(rows: Iterator[Row]) -> list[str]:
    """A table as lines of Markdown; its first row is the heading."""
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "| --- " * (lines[0].count(" | ") + 1) + "|")
    return lines


class MulticoreTable(SphinxDirective):
    """``{multicore-table} NAME``: one of TABLES."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write the table as Markdown and have it parsed in place."""
        box = nodes.container(classes=["multicore-table"])
        self.state.nested_parse(StringList(markdown(TABLES[self.arguments[0]]())), 0, box)
        return box.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("multicore-table", MulticoreTable)
    return {"parallel_read_safe": True}
