"""Which files a session's reports replace, and which sessions write one."""

import json

import pytest

from pytest_multicore.reports.html.page import FIRST_LINE


def test_a_report_replaces_no_file_that_is_none(pytester: pytest.Pytester) -> None:
    """A forgotten name makes a report of the test file that follows."""
    file = pytester.makepyfile(test_precious="def test_it(): pass")
    result = pytester.runpytest("--multicore-json", file.name)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--multicore-json=test_precious.py: found a file that is no report of this plugin*"])
    assert file.read_text() == "def test_it(): pass"
    assert pytester.runpytest("--multicore-json=test_precious.py/report.json").ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("", True),
        ('{"schema": 1}', True),
        ('{\n "schema": 1,\n "results": []\n}\n', True),
        ('{"history": 1, "result": {}}\n', False),
        ('{"name": "a-package", "schema": 1}', False),
    ],
)
def test_a_report_replaces_what_begins_as_one(pytester: pytest.Pytester, text: str, replaced: bool) -> None:
    pytester.makepyfile("def test_it(multicore): pass")
    report = pytester.path / "report.json"
    report.write_text(text)
    result = pytester.runpytest("--multicore-json=report.json")
    assert result.ret == (pytest.ExitCode.OK if replaced else pytest.ExitCode.USAGE_ERROR)
    assert json.loads(report.read_text())["results"] == [] if replaced else report.read_text() == text


@pytest.mark.parametrize(
    ("options", "ending"),
    [
        (["--collect-only"], pytest.ExitCode.OK),
        (["--fixtures"], pytest.ExitCode.OK),
        (["--fixtures-per-test"], pytest.ExitCode.OK),
        (["test_plain.py"], pytest.ExitCode.OK),
        (["-n1", "test_plain.py"], pytest.ExitCode.OK),
        (["-k", "plain"], pytest.ExitCode.OK),
        (["--multicore-off"], pytest.ExitCode.OK),
        (["test_mistyped.py"], pytest.ExitCode.USAGE_ERROR),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.other_plugins
def test_a_session_that_measures_nothing_leaves_the_last_report(
    pytester: pytest.Pytester, options: list[str], ending: pytest.ExitCode
) -> None:
    pytester.makeini("[pytest]\nmulticore_json = report.json\nmulticore_html = report.html")
    pytester.makepyfile(
        test_plain="def test_plain(): pass",
        test_measured="import pytest\n@pytest.mark.multicore\ndef test_it(): pass",
    )
    earlier = {"report.json": '{"schema": 1}', "report.html": FIRST_LINE}
    for name, text in earlier.items():
        (pytester.path / name).write_text(text)
    assert pytester.runpytest_subprocess(*options).ret == ending
    assert {name: (pytester.path / name).read_text() for name in earlier} == earlier
