"""Figures as properties of a test: pytest's JUnit file shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_multicore.reports.junit import PREFIX, properties


def add_properties(item: pytest.Item, report: pytest.TestReport, records: Sequence[Mapping[str, Any]]) -> None:
    """Add the properties of new results to a test and to the report of the phase that has brought them.

    pytest writes the file from the report of the last phase, which copies the test's own properties.
    """
    new = [pair for record in records for pair in properties(record)]
    item.user_properties.extend(new)
    report.user_properties.extend(new)


def remove_properties(item: pytest.Item, report: pytest.TestReport) -> None:
    """A re-run begins anew: what its test's last attempt has measured is no property of this one."""
    for one in (item, report):
        one.user_properties[:] = [pair for pair in one.user_properties if not pair[0].startswith(PREFIX)]
