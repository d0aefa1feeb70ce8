"""Which tests are measured, by their markers and fixtures. Light: plugin.py always imports it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.settings import options as settings

from .options import check_environment, settings_of
from .stash import ANY_MEASURES, MARKER_VALUES, MEASURED

#: Options of pytest that ask for the test as it is, and what they are called in its config.
PLAIN = {"--pdb": "usepdb", "--trace": "trace", "--setup-plan": "setupplan", "--setup-only": "setuponly"}


def read_markers(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Validate the markers of all collected tests, and keep their values with the tests.

    A suite that has none pays for nothing but this walk over its tests: half a microsecond each.

    Raises:
        pytest.UsageError: names every test whose marker is wrong, and how.
    """
    wrong, any_measures = [], False
    marked: dict[pytest.Collector | None, bool] = {}
    for item in items:
        if not (is_marked(item.own_markers) or _within_marked(item.parent, marked)):
            any_measures = any_measures or is_measured_through_fixtures(item)
            continue
        marker = item.get_closest_marker("multicore")
        # A module's mark reaches its doctests too; they are left alone.
        if marker is not None and not isinstance(item, pytest.DoctestItem):
            any_measures = True
            try:
                item.stash[MARKER_VALUES] = _read_marker(item, marker)
            except UsageError as error:
                wrong.append(str(error))
    config.stash[ANY_MEASURES] = any_measures
    if wrong:
        raise pytest.UsageError("\n".join(wrong))


def is_marked(markers: Sequence[pytest.Mark]) -> bool:
    """Whether ours is among an item's, or a collector's, own marks."""
    return any(mark.name == "multicore" for mark in markers) if markers else False


def _within_marked(parent: pytest.Collector | None, known: dict[pytest.Collector | None, bool]) -> bool:
    """Whether a module or class, or what holds it, is marked; thousands of tests have the same few."""
    if parent not in known:
        above = getattr(parent, "parent", None)
        known[parent] = parent is not None and (is_marked(parent.own_markers) or _within_marked(above, known))
    return known[parent]


def _read_marker(item: pytest.Item, marker: pytest.Mark) -> Mapping[str, Any]:
    values = settings.read_marker(item.nodeid, marker.args, marker.kwargs)
    if "environment" in values:
        check_environment(f"{item.nodeid}: @pytest.mark.multicore(environment=...)", values["environment"], item.config)
    if values.get("fresh") and is_measured_through_fixtures(item):
        raise UsageError(
            f"{item.nodeid}: @pytest.mark.multicore(fresh=True) repeats the test's own call in new interpreters; what "
            "a fixture measures is repeated in one: leave fresh out, or the fixture"
        )
    if not is_measured_through_fixtures(item) and not isinstance(item, pytest.Function):
        raise UsageError(
            f"{item.nodeid}: @pytest.mark.multicore measures test functions and methods; found a {type(item).__name__}"
        )
    return values


def is_measured_through_fixtures(item: pytest.Item) -> bool:
    """Whether the test uses a fixture of ours."""
    return not settings.FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def measure_calls(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have marked tests that know nothing of this plugin run their phases in isolated interpreters."""
    marked = _measured_by_their_calls(items)
    if not marked or config.option.collectonly or why_plain(config):
        return
    from .gate import gate_of
    from .measured_item import MeasuredItem

    for item in marked:
        if isinstance(item, pytest.Function):
            fresh = bool(item.stash[MARKER_VALUES].get("fresh"))
            measured = item.stash[MEASURED] = MeasuredItem(item, gate_of(item), fresh=fresh)
            measured.install_phases()


def _measured_by_their_calls(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    return [item for item in items if MARKER_VALUES in item.stash and not is_measured_through_fixtures(item)]


def say_what_runs_plainly(config: pytest.Config, items: Sequence[pytest.Item]) -> str:
    """The line that tells of marked tests that are not measured; empty when there are none."""
    if not config.stash.get(ANY_MEASURES, False):
        return ""
    return (why_plain(config) or "") if _measured_by_their_calls(items) else ""


def why_plain(config: pytest.Config) -> str | None:
    """Why marked tests run plainly in this process, or None when they are measured."""
    for option, name in PLAIN.items():
        if getattr(config.option, name, False):
            return f"multicore: {option}: marked tests run plainly in this process, nothing is measured"
    if settings_of(config, {}).off:
        return "multicore: --multicore-off: marked tests run plainly in this process, nothing is measured"
    return None


def measures(session: pytest.Session) -> bool:
    """Whether a test that will run may take the machine for a measurement."""
    return session.config.stash.get(ANY_MEASURES, False) and any(
        MARKER_VALUES in item.stash or is_measured_through_fixtures(item) for item in session.items
    )
