"""Which tests are measured, by their markers and fixtures. Light: plugin.py always imports it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.settings import marker as marker_arguments

from .options import check_base, check_environment, refusal, session_settings
from .stash import CUT_SHORT, EXPECTED_TESTS, MARKER_VALUES, MAY_MEASURE, MEASURED_ITEM

#: Options of pytest that request the test as it is, and their names in pytest's config.
PLAIN_RUN_OPTIONS = {"--pdb": "usepdb", "--trace": "trace", "--setup-plan": "setupplan", "--setup-only": "setuponly"}

#: Names in pytest's config of --collect-only, --fixtures and --fixtures-per-test.
LISTING_OPTIONS = ("collectonly", "showfixtures", "show_fixtures_per_test")


def read_markers(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Validate the markers of all collected tests, and keep their values with the tests.

    A suite without any pays only for this walk over its tests: half a microsecond each.

    Raises:
        pytest.UsageError: names every test whose marker is wrong, and how.
    """
    errors: list[UsageError] = []
    may_measure = False
    marked: dict[pytest.Collector | None, bool] = {}
    for item in items:
        if not (is_marked(item.own_markers) or _within_marked(item.parent, marked)):
            may_measure = may_measure or uses_our_fixtures(item)
            continue
        marks = closest_marks(item)
        # A module's mark reaches its doctests too; they are left alone.
        if marks and not isinstance(item, pytest.DoctestItem):
            may_measure = True
            try:
                item.stash[MARKER_VALUES] = _read_marker(item, marks)
            except UsageError as error:
                errors.append(error)
    config.stash[MAY_MEASURE] = may_measure
    if errors:
        raise refusal(*errors)


def is_marked(markers: Sequence[pytest.Mark]) -> bool:
    """Whether our marker is among an item's, or a collector's, own marks."""
    return any(mark.name == "multicore" for mark in markers) if markers else False


def closest_marks(node: pytest.Item | pytest.Collector) -> list[pytest.Mark]:
    """Our marks on the test itself, else on its class, else on what contains that; empty where there are none.

    A class's own come before those of its bases: pytest's get_closest_marker would give the base's.
    """
    for one in reversed(node.listchain()):
        marks = [mark for mark in one.own_markers if mark.name == "multicore"]
        if marks and isinstance(one, pytest.Class):
            for kind in one.obj.__mro__:
                own = vars(kind).get("pytestmark", [])
                if own := [mark for mark in (own if isinstance(own, list) else [own]) if mark.name == "multicore"]:
                    return own
        if marks:
            return marks
    return []


def _within_marked(parent: pytest.Collector | None, known: dict[pytest.Collector | None, bool]) -> bool:
    """Whether a module or class, or what contains it, is marked; thousands of tests have the same few parents."""
    if parent not in known:
        above = getattr(parent, "parent", None)
        known[parent] = parent is not None and (is_marked(parent.own_markers) or _within_marked(above, known))
    return known[parent]


def _read_marker(item: pytest.Item, marks: Sequence[pytest.Mark]) -> Mapping[str, Any]:
    values = marker_arguments.read_marker(item.nodeid, marks[0].args, marks[0].kwargs)
    if len(marks) > 1:
        arguments = [", ".join(f"{name}={value!r}" for name, value in mark.kwargs.items()) for mark in marks]
        found = ", ".join(f"multicore({text})" for text in arguments)
        raise UsageError(
            f"{item.nodeid}: found {len(marks)} markers in one place: {found}; expected one with all "
            "arguments, for only one would be heeded"
        )
    if "environment" in values:
        check_environment(f"{item.nodeid}: @pytest.mark.multicore(environment=...)", values["environment"], item.config)
    if "against" in values:
        check_base(f"{item.nodeid}: @pytest.mark.multicore(against=...)", values["against"], item.config)
    if values.get("fresh") and uses_our_fixtures(item):
        raise UsageError(
            f"{item.nodeid}: @pytest.mark.multicore(fresh=True) repeats the test's own call in new interpreters; what "
            "a fixture measures is repeated in one: leave fresh out, or the fixture"
        )
    if not uses_our_fixtures(item) and not isinstance(item, pytest.Function):
        raise UsageError(
            f"{item.nodeid}: @pytest.mark.multicore measures test functions and methods; found a {type(item).__name__}"
        )
    return values


def uses_our_fixtures(item: pytest.Item) -> bool:
    """Whether the test uses a fixture of ours, and is measured through that."""
    return not marker_arguments.FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def install_measured_items(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have marked tests without our fixtures run their phases in isolated interpreters."""
    marked = _measured_by_their_calls(items)
    if not marked or config.option.collectonly or why_plain(config):
        return
    from .gates import gate_of
    from .measured_item import MeasuredItem

    for item in marked:
        if isinstance(item, pytest.Function):
            fresh = bool(item.stash[MARKER_VALUES].get("fresh"))
            item.stash[MEASURED_ITEM] = MeasuredItem(item, gate_of(item), fresh=fresh)
            item.stash[MEASURED_ITEM].install_phases()


def _measured_by_their_calls(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    return [item for item in items if MARKER_VALUES in item.stash and not uses_our_fixtures(item)]


def plain_run_line(config: pytest.Config, items: Sequence[pytest.Item]) -> str:
    """The line that says why marked tests are not measured; empty where they are, or there are none."""
    if not config.stash.get(MAY_MEASURE, False):
        return ""
    return (why_plain(config) or "") if _measured_by_their_calls(items) else ""


def why_plain(config: pytest.Config) -> str | None:
    """Why marked tests run plainly in this process, or None when they are measured."""
    for option, name in PLAIN_RUN_OPTIONS.items():
        if getattr(config.option, name, False):
            return f"multicore: {option}: marked tests run plainly in this process, nothing is measured"
    if session_settings(config).off:
        return "multicore: --multicore-off: marked tests run plainly in this process, nothing is measured"
    return None


def tests_to_measure(session: pytest.Session) -> list[str]:
    """The node ids of the tests that may take the machine for a measurement: if none does, no test waits for a turn."""
    config = session.config
    if not config.stash.get(MAY_MEASURE, False) or session_settings(config).off or _only_lists(config):
        return []
    runs_plainly = why_plain(config) is not None
    return [
        item.nodeid
        for item in session.items
        if (uses_our_fixtures(item) or (MARKER_VALUES in item.stash and not runs_plainly)) and not _is_skipped(item)
    ]


def _only_lists(config: pytest.Config) -> bool:
    """Whether the session says what was collected, tests or fixtures, and runs nothing."""
    return any(getattr(config.option, name, False) for name in LISTING_OPTIONS)


def watch_for_an_early_end(config: pytest.Config) -> None:
    """Know from now on what is not measured yet. With ``-n --collect-only`` the controller collects, too."""
    if CUT_SHORT in config.stash:
        return
    from .cut_short import CutShort

    config.stash[CUT_SHORT] = CutShort(config)
    config.pluginmanager.register(config.stash[CUT_SHORT], "multicore-cut-short")


def expect(config: pytest.Config, nodeids: list[str]) -> None:
    """Know which tests are to be measured. A worker of pytest-xdist has its first report tell its controller."""
    if hasattr(config, "workerinput"):
        from .hosts import end_with_controller

        end_with_controller(config.workerinput)
        config.stash[EXPECTED_TESTS] = nodeids
        return
    watch_for_an_early_end(config)
    config.stash[CUT_SHORT].expect(nodeids)


def _is_skipped(item: pytest.Item) -> bool:
    """Whether the test is skipped whatever happens until it runs."""
    return any(
        mark.name == "skip" or (mark.name == "skipif" and any(condition is True for condition in mark.args))
        for mark in item.iter_markers()
        if mark.name in ("skip", "skipif")
    )
