"""What this plugin keeps with pytest's items and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .gate import Gate
    from .measured_item import MeasuredItem

#: With an item: its marker's validated arguments.
MARKER_VALUES = pytest.StashKey[Mapping[str, Any]]()
GATE: pytest.StashKey[Gate] = pytest.StashKey()
MEASURED: pytest.StashKey[MeasuredItem] = pytest.StashKey()
#: With an item: how many of its results its reports have carried.
REPORTED = pytest.StashKey[int]()
#: With the configuration: whether any collected test may measure.
ANY_MEASURES = pytest.StashKey[bool]()
#: With the configuration: results as data, in the order in which they came.
RECORDS = pytest.StashKey[list[dict[str, Any]]]()
#: Those of each test's last attempt, by node id and phase.
LAST = pytest.StashKey[dict[str, dict[str, list[dict[str, Any]]]]]()
#: File, from pytest's root folder on, and line of each test with results, by node id.
PLACES = pytest.StashKey[dict[str, tuple[str, int | None]]]()
