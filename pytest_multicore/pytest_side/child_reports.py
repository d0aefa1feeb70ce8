"""How a child's pytest finds a marked item again, and how its reports become this process's."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_multicore.interpreters.live_test import PytestExited, TestAddress
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import import_path

from .benchmark_fixture import benchmark_fixture
from .child_options import CHILD_OPTION_DEFAULTS, CHILD_OPTION_OVERRIDES
from .matrix import name_without_cell

#: By which ``-p`` loads this plugin.
OUR_NAMES = ("multicore", "pytest_multicore.plugin")


class ChildFailure(Exception):  # noqa: N818 - it is the test's own failure, not an error of ours
    """The test failed in its isolated interpreter; ``longrepr`` is what pytest said there."""

    def __init__(self, longrepr: object) -> None:
        super().__init__(str(longrepr))
        self.longrepr = longrepr


def child_address(item: pytest.Item, prepared: PreparedEnvironment, *, once: bool, threads: int) -> TestAddress:
    """Where a child finds the item.

    Args:
        item: this process's.
        prepared: where the child is opened.
        once: whether it is called once in each child.
        threads: what the fixture multicore_threads returns there.
    """
    config = item.config
    # The user named the whole run's files on the command line; argparse would warn of them, too.
    ours = {name: value for name, value in vars(config.option).items() if name != "file_or_dir"}
    options = {**CHILD_OPTION_DEFAULTS, **ours, **CHILD_OPTION_OVERRIDES, **_path_options(config)}
    if not prepared.installation.is_current:  # where this plugin is not installed
        options["plugins"] = [name for name in config.option.plugins if name not in OUR_NAMES]
    assert item.parent is not None  # noqa: S101 - a test is always in a module
    # Not the item's own: pytest-xdist adds a group's name to that. A child knows nothing of a matrix.
    nodeid = f"{item.parent.nodeid}::{name_without_cell(item)}"
    _, colons, name_in_file = nodeid.partition("::")
    # A plugin that is left out must be so from the start, or its fixtures stay known.
    left_out = [arg for name in config.option.plugins if name.startswith("no:") for arg in ("-p", name)]
    return TestAddress(
        nodeid=nodeid,
        args=(*left_out, f"{item.path}{colons}{name_in_file}"),
        options=options,
        path=import_path(prepared.installation.is_current),
        threads=threads,
        benchmark=benchmark_fixture(config, once=once),
        worker=_xdist_worker(config),
    )


def deserialize_report(config: pytest.Config, data: Mapping[str, Any]) -> pytest.TestReport:
    """A child's report as pytest knows it."""
    report: pytest.TestReport = config.hook.pytest_report_from_serializable(config=config, data=dict(data))
    if isinstance(report.longrepr, list):  # a skip's place and reason: a tuple, which JSON does not know
        report.longrepr = tuple(report.longrepr)
    return report


@contextmanager
def replay_exit() -> Iterator[None]:
    """Where the child's pytest was told to exit, exit as the plain test would have."""
    __tracebackhide__ = True
    try:
        yield
    except PytestExited as exited:
        pytest.exit(exited.reason, exited.returncode)


def xfail_mark(data: Mapping[str, Any]) -> pytest.MarkDecorator:
    """A mark of an expected failure that was added in a child. The child itself has judged its own failures by it."""
    arguments = {name: data[name] for name in ("reason", "run", "strict") if name in data}
    if "raises" in data:
        # This process cannot raise a class that it has not loaded; an empty tuple expects nothing.
        classes = [_loaded_class(module, name) for module, name in data["raises"]]
        arguments["raises"] = tuple(kind for kind in classes if issubclass(kind, BaseException))
    mark: pytest.MarkDecorator = pytest.mark.xfail(**arguments)
    return mark


def replay_warnings(item: pytest.Item, child_warnings: Iterable[Mapping[str, Any]]) -> None:
    """Report a child's warnings in this process."""
    place = {"when": "runtest", "nodeid": item.nodeid, "location": None}
    for data in child_warnings:
        category = _warning_class(*data["category"])
        message = warnings.WarningMessage(data["message"], category, data["filename"], data["lineno"])
        item.config.hook.pytest_warning_recorded.call_historic(kwargs={"warning_message": message, **place})


def failure_line(report: Mapping[str, Any]) -> str:
    """The first line of a failure, as in pytest's summary."""
    longrepr = report.get("longrepr")
    if isinstance(longrepr, Mapping):
        longrepr = (longrepr.get("reprcrash") or {}).get("message") or "it failed"
    return str(longrepr).partition("\n")[0]


def replay_skip(report: pytest.TestReport) -> None:
    """Skip as a child did; or expect the failure that it expected."""
    __tracebackhide__ = True
    if hasattr(report, "wasxfail"):
        raise pytest.xfail.Exception(str(report.wasxfail))
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    pytest.skip(reason.removeprefix("Skipped: "))


def _warning_class(module: str, name: str) -> type[Warning]:
    """The warning's class, where this process has loaded it."""
    kind = _loaded_class(module, name)
    return kind if issubclass(kind, Warning) else UserWarning


def _loaded_class(module: str, qualified_name: str) -> type:
    """A class that this process has loaded, else ``object``."""
    value: Any = sys.modules.get(module)
    for name in qualified_name.split("."):
        value = getattr(value, name, None)
    return value if isinstance(value, type) else object


def _xdist_worker(config: pytest.Config) -> Mapping[str, str] | None:
    """Which worker of pytest-xdist this process is; None where it is none."""
    worker: Mapping[str, str] | None = getattr(config, "workerinput", None)
    return worker and {name: worker[name] for name in ("workerid", "testrunuid")}


def _path_options(config: pytest.Config) -> dict[str, Any]:
    options: dict[str, Any] = {"rootdir": str(config.rootpath)}
    if config.inipath is not None:
        options["inifilename"] = str(config.inipath)
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is not None:
        options["basetemp"] = str(factory.mktemp("multicore", numbered=True) / "child")
    # A child always captures: its output belongs to its reports.
    options["capture"] = "fd"
    return options
