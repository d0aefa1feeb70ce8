"""Whatever names, files and variables hold, no line of ours in a session steers a terminal or commands a CI's log."""

import json
import os
from pathlib import Path

import pytest

from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE

from .fixture_types import Run


@pytest.fixture(autouse=True)
def takes_no_turns(not_within_a_measuring_session: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured here is of no interest."""
    monkeypatch.setenv(HOLDER_VARIABLE, "1")


def test_a_name_that_is_no_unicode_is_measured(run: Run, pytester: pytest.Pytester) -> None:
    plain = "import pytest\n@pytest.mark.multicore\ndef test_a(): sum(range(100_000))\n"
    Path(os.fsdecode(bytes(pytester.path) + b"/test_\x80.py")).write_text(plain)
    workload = '@pytest.mark.multicore\ndef test_b(multicore): multicore.run("test_it:v\\udc80")\n'
    options = ("-q", "-p", "no:cacheprovider", "--multicore-json=r.json")
    result = run(f'globals()["v\\udc80"] = work\n{workload}', *options)
    result.assert_outcomes(passed=2)
    report = json.loads((pytester.path / "r.json").read_text())
    assert {one["workload"]: one["outcome"] for one in report["results"]} == {
        "test_a": "measured",
        "test_it:v\udc80": "measured",
    }
