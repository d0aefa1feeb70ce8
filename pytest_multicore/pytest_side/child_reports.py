"""How a child's pytest finds a marked item again, in a world as this pytest was told, and what it tells, revived."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_multicore.interpreters.live_test import PytestExited, TestAddress, plain_options
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import import_path

from .benchmark_fixture import fixture_asked_for
from .child_options import NOT_IN_A_CHILD


class ChildFailure(Exception):  # noqa: N818 - the test's own failure, told by its child
    """The test failed in its isolated interpreter; ``longrepr`` is what pytest said there."""

    def __init__(self, longrepr: object) -> None:
        super().__init__(str(longrepr))
        self.longrepr = longrepr


def address(item: pytest.Item, prepared: PreparedEnvironment, *, once: bool) -> TestAddress:
    """Where a child finds the item.

    Args:
        item: this process's.
        prepared: where the child is opened.
        once: whether it is called once in each child.
    """
    config = item.config
    # What the user named on the command line is the whole run's; argparse warns of it, too.
    ours = {name: value for name, value in vars(config.option).items() if name != "file_or_dir"}
    options = plain_options(ours, {**NOT_IN_A_CHILD, **_places(config)})
    assert item.parent is not None  # noqa: S101 - a test is always in a module
    # Not the item's own: pytest-xdist adds a group's name to that.
    nodeid = f"{item.parent.nodeid}::{item.name}"
    file, colons, rest = nodeid.partition("::")
    # A plugin that is left out must be so from the start, or its fixtures stay known.
    left_out = [arg for name in config.option.plugins if name.startswith("no:") for arg in ("-p", name)]
    return TestAddress(
        nodeid=nodeid,
        args=(*left_out, str(config.rootpath / file) + colons + rest),
        options=options,
        path=import_path(prepared.installation.is_current),
        benchmark=fixture_asked_for(config, once=once),
        worker=_worker(config),
    )


def deserialize_report(config: pytest.Config, report: Mapping[str, Any]) -> pytest.TestReport:
    """A child's report as pytest knows it."""
    found: pytest.TestReport = config.hook.pytest_report_from_serializable(config=config, data=dict(report))
    if isinstance(found.longrepr, list):  # a skip's place and reason: a tuple, which JSON does not know
        found.longrepr = tuple(found.longrepr)
    return found


@contextmanager
def exiting_alike() -> Iterator[None]:
    """Where the child's pytest was told to exit, exit as the plain test would have."""
    __tracebackhide__ = True
    try:
        yield
    except PytestExited as exited:
        pytest.exit(exited.reason, exited.returncode)


def xfail_mark(told: Mapping[str, Any]) -> pytest.MarkDecorator:
    """A mark of an expected failure, as it was added in a child. What the child's own failures are it judged itself."""
    arguments = {name: told[name] for name in ("reason", "run", "strict") if name in told}
    if "raises" in told:
        # One that this process does not know is nothing that it raises: none of all leaves nothing to expect.
        found = [_named(module, name) for module, name in told["raises"]]
        arguments["raises"] = tuple(one for one in found if issubclass(one, BaseException))
    mark: pytest.MarkDecorator = pytest.mark.xfail(**arguments)
    return mark


def warn_again(item: pytest.Item, told: Iterable[Mapping[str, Any]]) -> None:
    """Hand warnings of a child to this process's reports."""
    for one in told:
        message = warnings.WarningMessage(one["message"], _category(*one["category"]), one["filename"], one["lineno"])
        place = {"when": "runtest", "nodeid": item.nodeid, "location": None}
        item.config.hook.pytest_warning_recorded.call_historic(kwargs={"warning_message": message, **place})


def crash(report: Mapping[str, Any]) -> str:
    """The first line of a failure, as pytest sums it up."""
    told = report.get("longrepr")
    if isinstance(told, Mapping):
        told = (told.get("reprcrash") or {}).get("message") or "it failed"
    return str(told).partition("\n")[0]


def raise_skip(told: pytest.TestReport) -> None:
    """Skip as a child did, or as it said that a failure was expected."""
    __tracebackhide__ = True
    if hasattr(told, "wasxfail"):
        raise pytest.xfail.Exception(str(told.wasxfail))
    reason = told.longrepr[2] if isinstance(told.longrepr, tuple) else str(told.longrepr)
    pytest.skip(reason.removeprefix("Skipped: "))


def _category(module: str, name: str) -> type[Warning]:
    """The warning's class, where this process knows it."""
    found = _named(module, name)
    return found if issubclass(found, Warning) else UserWarning


def _named(module: str, qualified_name: str) -> type:
    """A class that this process has loaded, else ``object``."""
    found: Any = sys.modules.get(module)
    for name in qualified_name.split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, type) else object


def _worker(config: pytest.Config) -> Mapping[str, str] | None:
    """Which worker of pytest-xdist this process is; None: it is none."""
    found: Mapping[str, str] | None = getattr(config, "workerinput", None)
    return found and {name: found[name] for name in ("workerid", "testrunuid")}


def _places(config: pytest.Config) -> dict[str, Any]:
    places: dict[str, Any] = {"rootdir": str(config.rootpath)}
    if config.inipath is not None:
        places["inifilename"] = str(config.inipath)
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is not None:
        places["basetemp"] = str(factory.mktemp("multicore", numbered=True) / "child")
    # A child captures always: its output belongs to its reports.
    places["capture"] = "fd"
    return places
