"""How a child's pytest finds a marked item again, and in which world: as this pytest was told."""

from __future__ import annotations

from typing import Any

import pytest

from .benchmarked import fixture_asked_for
from .child_options import NOT_IN_A_CHILD
from .interpreters.live_test import TestAddress, plain_options
from .interpreters.stage import Stage
from .interpreters.workload import import_path


def address(item: pytest.Item, stage: Stage, *, once: bool) -> TestAddress:
    """Where a child finds the item.

    Args:
        item: this process's.
        stage: where the child is opened.
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
        path=import_path(stage.provisioned.is_current),
        benchmark=fixture_asked_for(config, once=once),
    )


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
