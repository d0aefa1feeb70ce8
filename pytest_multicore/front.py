"""Between pytest and the rest: options and markers in, results and outcomes out. Light: plugin.py imports it always."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from . import settings
from .configured import check_environment, is_child, settings_of
from .errors import UsageError

if TYPE_CHECKING:
    from .gate import Gate
    from .measured_item import MeasuredItem

MARKER_VALUES = pytest.StashKey[Mapping[str, Any]]()
GATE: pytest.StashKey[Gate] = pytest.StashKey()
MEASURED: pytest.StashKey[MeasuredItem] = pytest.StashKey()
REPORTED = pytest.StashKey[int]()
#: Whether any collected test may measure.
ANY_MEASURES = pytest.StashKey[bool]()
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
        if not (_marked(item.own_markers) or _within_marked(item.parent, marked)):
            any_measures = any_measures or _is_measured_through_fixtures(item)
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


def _marked(markers: Sequence[pytest.Mark]) -> bool:
    return any(mark.name == "multicore" for mark in markers) if markers else False


def _within_marked(parent: pytest.Collector | None, known: dict[pytest.Collector | None, bool]) -> bool:
    """Whether a module or class, or what holds it, is marked; thousands of tests have the same few."""
    if parent not in known:
        above = getattr(parent, "parent", None)
        known[parent] = parent is not None and (_marked(parent.own_markers) or _within_marked(above, known))
    return known[parent]


def _read_marker(item: pytest.Item, marker: pytest.Mark) -> Mapping[str, Any]:
    values = settings.read_marker(item.nodeid, marker.args, marker.kwargs)
    if "environment" in values:
        check_environment(f"{item.nodeid}: @pytest.mark.multicore(environment=...)", values["environment"], item.config)
    if values.get("fresh") and _is_measured_through_fixtures(item):
        raise UsageError(
            f"{item.nodeid}: @pytest.mark.multicore(fresh=True) repeats the test's own call in new interpreters; what "
            "a fixture measures is repeated in one: leave fresh out, or the fixture"
        )
    if not _is_measured_through_fixtures(item) and not isinstance(item, pytest.Function):
        raise UsageError(
            f"{item.nodeid}: @pytest.mark.multicore measures test functions and methods; found a {type(item).__name__}"
        )
    return values


def _is_measured_through_fixtures(item: pytest.Item) -> bool:
    return not settings.FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def measure_calls(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have marked tests that know nothing of this plugin run their phases in isolated interpreters."""
    marked = _measured_by_their_calls(items)
    if not marked or config.option.collectonly or _why_plain(config):
        return
    from .measured_item import MeasuredItem

    for item in marked:
        if isinstance(item, pytest.Function):
            fresh = bool(item.stash[MARKER_VALUES].get("fresh"))
            measured = item.stash[MEASURED] = MeasuredItem(item, gate_of(item), fresh=fresh)
            measured.take_over()


def _measured_by_their_calls(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    return [item for item in items if MARKER_VALUES in item.stash and not _is_measured_through_fixtures(item)]


def say_what_runs_plainly(config: pytest.Config, items: Sequence[pytest.Item]) -> str:
    """The line that tells of marked tests that are not measured; empty when there are none."""
    if not config.stash.get(ANY_MEASURES, False):
        return ""
    return (_why_plain(config) or "") if _measured_by_their_calls(items) else ""


def _why_plain(config: pytest.Config) -> str | None:
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
        MARKER_VALUES in item.stash or _is_measured_through_fixtures(item) for item in session.items
    )


class TakeTurns:
    """Keeps ordinary tests and measurements apart, in this session and all others on the host."""

    def __init__(self, config: pytest.Config) -> None:
        from .measurement.turns import turns
        from .reports.progress import voice

        self._turns = turns()
        self._say = voice(config).step

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """A whole test, fixtures too, is one reader's turn; its measurements step out of it."""
        with self._turns.ordinary(self._say):
            return (yield)


def gate_of(item: pytest.Item) -> Gate:
    """The test's gate, the same one for all of its fixtures."""
    if GATE not in item.stash:
        from .gate import Gate, limits_of
        from .reports.progress import voice
        from .time_limits import standing_still

        marker = item.stash.get(MARKER_VALUES, {})
        item.stash[GATE] = Gate(
            test=item.nodeid,
            folder=item.config.rootpath,
            settings=_unexplained(item, settings_of(item.config, marker)),
            limits=limits_of(marker),
            voice=voice(item.config),
            skip=_skip,
            unhurried=partial(standing_still, item),
        )
    return item.stash[GATE]


def _unexplained(item: pytest.Item, found: settings.Settings) -> settings.Settings:
    """A miss that is expected is nothing that anybody asks why of, unless he says ``always``."""
    expected = item.get_closest_marker("xfail") is not None and not item.config.option.runxfail
    return replace(found, explain="never") if expected and found.explain == "auto" else found


def check_measured(item: pytest.Item) -> None:
    """Fail a test that carries limits and came to its end without a measurement: nothing measured is no pass."""
    gate = item.stash.get(GATE, None)
    if _why_plain(item.config) and not _is_measured_through_fixtures(item):
        return
    limits = [name for name in settings.LIMITS if name in item.stash.get(MARKER_VALUES, {})]
    if limits and not (gate and (gate.results or gate.settings.off)):
        pytest.fail(
            f"the test carries limits ({', '.join(limits)}) but measured nothing: call the fixture, "
            "for instance multicore.run('module:function') or dot_product()",
            pytrace=False,
        )


def check_marked_in_time(item: pytest.Item) -> None:
    """Fail a test that a fixture, or its own body, has marked: it was set up by then, and nothing held it to limits."""
    late = _marked(item.own_markers) and MARKER_VALUES not in item.stash and not isinstance(item, pytest.DoctestItem)
    if late and not is_child(item.config) and not _why_plain(item.config):
        pytest.fail(
            f"{item.nodeid} was marked with @pytest.mark.multicore while it ran (request.node.add_marker), too late to "
            "be measured: mark it in its module, or in the hook pytest_collection_modifyitems",
            pytrace=False,
        )


def attach_results(item: pytest.Item, report: pytest.TestReport) -> None:
    """Give the test's new results to its report, as plain data: so they reach the controller of pytest-xdist too."""
    if measured := item.stash.get(MEASURED, None):
        measured.dress(report)
    gate = item.stash.get(GATE, None)
    if gate is None or len(gate.results) == item.stash.get(REPORTED, 0):
        return
    from .reports.record import record

    new = gate.results[item.stash.get(REPORTED, 0) :]
    report.multicore = [record(result) for result in new]  # type: ignore[attr-defined]
    item.stash[REPORTED] = len(gate.results)


def doctor(config: pytest.Config) -> None:
    """Print what this machine and each environment can give."""
    from .asked import Asked
    from .environments.catalogue import load
    from .gate import Gate
    from .measurement.machine import this_machine
    from .reports.doctor import examine
    from .reports.progress import Silent
    from .verdicts.limits import Limits
    from .verdicts.result import Result

    gate = Gate("--multicore-doctor", config.rootpath, settings_of(config, {}), Limits(), Silent(), _skip)

    def tried(environment: str) -> Result:
        workload = gate.workload("dot", {"size": 1000}, None)
        asked = Asked(gate.test, "dot", workload, (gate.threads(), 1), gate.limits, gate.settings)
        return gate.measured(asked, gate.stage(environment))

    try:
        raised = gate.settings.priority == "auto"
        for line in examine(this_machine(), load(config.rootpath), tried, priority=raised):
            print(line, flush=True)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def _skip(reason: str) -> NoReturn:
    __tracebackhide__ = True
    # The test's own place: ours would be a line of this plugin.
    raise pytest.skip.Exception(reason, _use_item_location=True)
