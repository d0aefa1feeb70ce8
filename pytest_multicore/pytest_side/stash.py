"""What this plugin keeps with pytest's items and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_multicore.reports.origin import Origin
    from pytest_multicore.settings.options import Settings

    from .hosts import Hosts
    from .waits import Waits

#: With an item: its marker's validated arguments.
MARKER_VALUES = pytest.StashKey[Mapping[str, Any]]()
#: With an item: its settings.matrix.Cell, where options have several values.
MATRIX_CELL = pytest.StashKey[Any]()
#: With an item: its gate.Gate, which holds its settings, limits and results.
GATE = pytest.StashKey[Any]()
#: With an item: the measured_item.MeasuredItem that runs its phases in isolated interpreters.
MEASURED_ITEM = pytest.StashKey[Any]()
#: With an item: its report of the latest phase, where a session measures.
LATEST_REPORT = pytest.StashKey[pytest.TestReport]()
#: With the configuration: the settings of tests without a marker.
SESSION_SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
#: With the configuration: whether any collected test may measure.
MAY_MEASURE = pytest.StashKey[bool]()
#: With the configuration of pytest-xdist's controller: the hosts that its workers run on.
HOSTS: pytest.StashKey[Hosts] = pytest.StashKey()
#: With the configuration: the results of each test's last attempt as data, in the order of the reports.
RECORDS = pytest.StashKey[list[dict[str, Any]]]()
#: With the configuration: the same, by node id and by the worker of pytest-xdist; those of subtests are among them.
LATEST_RECORDS = pytest.StashKey[dict[str, dict[str, list[dict[str, Any]]]]]()
#: With the configuration: tests with results that were set up again since, and the worker: another attempt of them.
BEGUN_AGAIN = pytest.StashKey[set[tuple[str, str]]]()
#: With the configuration: the origin of the session's results, where a report or a history is asked for.
ORIGIN: pytest.StashKey[Origin] = pytest.StashKey()
#: With the configuration: file, relative to pytest's root folder, and line of each test with results, by node id.
LOCATIONS = pytest.StashKey[dict[str, tuple[str, int | None]]]()
#: With the configuration of a measuring session, not of a worker: the cut_short.CutShort that knows what is left.
CUT_SHORT = pytest.StashKey[Any]()
#: With the configuration: whether the section ``multicore`` was written.
WRITTEN_SUMMARY = pytest.StashKey[bool]()
#: With the configuration of a worker of pytest-xdist: the tests that it may measure, until a report carries them.
EXPECTED_TESTS = pytest.StashKey[list[str]]()
#: With the configuration: how this session waited for its turns on the host; missing where it did not.
WAITS: pytest.StashKey[Waits] = pytest.StashKey()
