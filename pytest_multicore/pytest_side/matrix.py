"""Each marked test at every combination of thread counts, environments and BLAS libraries: as parameters of pytest."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_multicore.settings.marker import FIXTURES
from pytest_multicore.settings.matrix import cells

from .collection import closest_marks
from .options import raw_value
from .stash import MATRIX_CELL

#: The parameter's name. No fixture has it: it only tells items apart.
PARAMETER = "multicore_cell"


class MatrixTests:
    """The hooks of a session in which an option has several values."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Have a test run once for each combination; its own parameters come first in its id."""
        marks = closest_marks(metafunc.definition)
        if not marks and FIXTURES.isdisjoint(metafunc.fixturenames):
            return
        combinations = cells(lambda option: raw_value(self._config, option), marks[0].kwargs if marks else {})
        if combinations:
            metafunc.fixturenames.append(PARAMETER)
            metafunc.parametrize(PARAMETER, combinations, ids=[cell.id for cell in combinations])

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep each item's combination with it."""
        for item in items:
            callspec = getattr(item, "callspec", None)
            if callspec is not None and PARAMETER in callspec.params:
                item.stash[MATRIX_CELL] = callspec.params[PARAMETER]


def name_without_cell(item: pytest.Item) -> str:
    """The name that the test has without what varies."""
    cell, name = item.stash.get(MATRIX_CELL, None), _collected_name(item)
    if cell is None or not name.endswith(f"{cell.id}]"):
        return name
    name = name.removesuffix(f"{cell.id}]")
    return name.removesuffix("[") if name.endswith("[") else f"{name.removesuffix('-')}]"


def _collected_name(item: pytest.Item) -> str:
    """The item's name as it was collected, by which a child collects it: a hook may have given it another since."""
    name, callspec = getattr(item, "originalname", None) or item.name, getattr(item, "callspec", None)
    if callspec is None or not callspec._idlist:  # parameters whose ids are hidden; an empty text is an id
        return name
    return f"{name}[{callspec.id}]"


def matrix_record(item: pytest.Item) -> dict[str, Any] | None:
    """What varies over runs of the test, for the JSON report; None where nothing does.

    Returns:
        ``test``: its node id without that; ``whole_test``: whether its own call is measured; ``blas``: the choice.
    """
    cell = item.stash.get(MATRIX_CELL, None)
    if cell is None:
        return None
    assert item.parent is not None  # noqa: S101 - a test is always in a module
    return {
        "test": f"{item.parent.nodeid}::{name_without_cell(item)}",
        "whole_test": FIXTURES.isdisjoint(getattr(item, "fixturenames", ())),
        "blas": cell.values.get("blas"),
    }
