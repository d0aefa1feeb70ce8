"""What rounds make of a marked test's call: each is a whole call, as its fixtures and its failures see it."""

import json

import pytest

from tests.fixture_types import Run


@pytest.mark.skipif(not hasattr(pytest, "Subtests"), reason="subtests came with pytest 9")
@pytest.mark.parametrize(
    "body",
    [
        "def test_a(subtests):\n    seen.append(1)\n    with subtests.test(msg='number', i=1):\n"
        "        assert len(seen) == 1\n        work()\n",
        "import unittest\n@gated\nclass TestA(unittest.TestCase):\n  def test_a(self):\n    seen.append(1)\n"
        "    with self.subTest('number', i=1):\n        assert len(seen) == 1\n        work()\n",
    ],
    ids=["subtests", "unittest"],
)
def test_a_subtest_that_fails_when_it_is_repeated_fails_it(run: Run, body: str) -> None:
    """The subtest keeps its failure from the call: a round would time the short way that fails."""
    result = run(f"seen = []\n@gated\n{body}" if body.startswith("def") else f"seen = []\n{body}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*not repeatable*SubtestFailed: 1 subtest failed*", "*subtest ?number? (i=*", "*assert 2 == 1*"]
    )


def test_logs_are_there_to_be_read_in_every_call(run: Run, pytester: pytest.Pytester) -> None:
    source = """
import logging

@gated
def test_a(caplog):
    assert caplog.records == caplog.get_records("call") == [] and caplog.text == ""
    logging.getLogger("mine").warning("logged")
    work()
    assert [record.message for record in caplog.records] == ["logged"] == caplog.messages
    assert caplog.get_records("call") == caplog.records and "logged" in caplog.text

@gated
def test_b(request):
    caplog = request.getfixturevalue("caplog")
    with caplog.at_level(logging.DEBUG):
        logging.debug("once")
    work()
    assert len(caplog.records) == 1
"""
    result = run(source, "--multicore-json=report.json", "-o", "log_level=INFO")
    result.assert_outcomes(passed=2)
    assert len(json.loads((pytester.path / "report.json").read_text())["results"]) == 2
