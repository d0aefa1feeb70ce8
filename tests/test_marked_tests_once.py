"""On a marked test's way through the plugin nothing is resolved, and no result is made a record, twice."""

import pytest

from tests.fixture_types import Run

COUNTING = """
import collections, functools
from pytest_multicore.pytest_side import options
from pytest_multicore.reports import record

calls = collections.Counter()

def count_calls(module, name):
    function = getattr(module, name)
    @functools.wraps(function)
    def counted(*arguments):
        calls[name] += 1
        return function(*arguments)
    setattr(module, name, counted)

count_calls(options, "resolve_settings")
count_calls(record, "record")

def pytest_sessionfinish():
    print(f"\\nsettings {calls['resolve_settings']}, records {calls['record']}")
"""


def test_settings_are_resolved_once_an_item_and_each_result_is_recorded_once(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(COUNTING)
    result = run("@gated\ndef test_a(): work()\n@missed\ndef test_b(): work()\n", "-s")
    # Twice for the session: when its options are checked, and when it is known that a test measures.
    result.stdout.fnmatch_lines(["settings 4, records 2"])
