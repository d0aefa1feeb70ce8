"""``--multicore-html`` and ``python -m pytest_multicore html``: what they write, and what they refuse."""

import json
from pathlib import Path

import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.reports.html.page import FIRST_LINE
from tests.reports.page_reports import every_kind

UNREACHABLE = "import pytest\n@pytest.mark.multicore(min_cores=100_000)\ndef test_it(): pass"


def test_the_page_holds_the_sessions_results_and_replaces_an_earlier_one(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=UNREACHABLE)
    file = pytester.path / "new" / "report.html"
    for _ in range(2):
        result = pytester.runpytest_subprocess("--multicore-html=new/report.html", "--multicore-json=new/report.json")
        result.assert_outcomes(skipped=1)
        page = file.read_text(encoding="utf-8")
        assert page.startswith(FIRST_LINE)
        assert "min_cores=100000 cannot be reached" in page
    assert sorted(one.name for one in file.parent.iterdir()) == ["report.html", "report.json"]


def test_it_is_an_ini_key_too(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmulticore_html = report.html\n")
    pytester.makepyfile(test_it="def test_it(multicore): pass")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    assert "nothing was measured" in (pytester.path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("absent", ["jinja2", "matplotlib"])
def test_without_the_extra_pytest_ends_before_any_test_and_says_what_to_install(
    pytester: pytest.Pytester, absent: str
) -> None:
    pytester.makeconftest(f"import sys\nsys.modules[{absent!r}] = None  # as if it were not installed")
    pytester.makepyfile(test_it="def test_it(): print('ran')")
    result = pytester.runpytest_subprocess("-s", "--multicore-html=report.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--multicore-html needs {absent}: pip install pytest-multicore?report?"])
    result.stdout.no_fnmatch_line("*ran*")
    assert not (pytester.path / "report.html").exists()
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.other_plugins
def test_with_xdist_the_controller_writes_one_page_of_all_workers(pytester: pytest.Pytester) -> None:
    """A worker needs none of the extra's packages: here it lacks them."""
    pytester.makeconftest("import os, sys\nif 'PYTEST_XDIST_WORKER' in os.environ: sys.modules['matplotlib'] = None")
    pytester.makepyfile(test_it=UNREACHABLE, test_other=UNREACHABLE)
    pytester.runpytest_subprocess("-n2", "--multicore-html=report.html").assert_outcomes(skipped=2)
    page = (pytester.path / "report.html").read_text(encoding="utf-8")
    assert page.count("<article") == 2


def test_it_replaces_no_page_of_somebody_else(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it="def test_it(): pass")
    theirs = pytester.path / "index.html"
    theirs.write_text("<!doctype html><p>mine")
    result = pytester.runpytest_subprocess("--multicore-html=index.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--multicore-html=index.html: found a file that is no report of this plugin*"])
    assert theirs.read_text() == "<!doctype html><p>mine"
    (pytester.path / "folder").mkdir()
    assert pytester.runpytest_subprocess("--multicore-html=folder").ret == pytest.ExitCode.USAGE_ERROR


def test_both_reports_need_a_file_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it="def test_it(): pass")
    result = pytester.runpytest_subprocess("--multicore-html=report", "--multicore-json=./report")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--multicore-html=report: --multicore-json names the same file*"])


def test_a_page_that_cannot_be_written_costs_no_outcome(pytester: pytest.Pytester) -> None:
    """The test puts a file in the folder's place."""
    pytester.makepyfile(test_it="import os\ndef test_it(multicore): os.rmdir('folder'); open('folder', 'w')")
    (pytester.path / "folder").mkdir()
    result = pytester.runpytest_subprocess("--multicore-html=folder/report.html")
    result.assert_outcomes(passed=1)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["ERROR: --multicore-html=folder/report.html cannot be written*"])


def test_the_command_makes_the_page_of_a_file(tmp_path: Path) -> None:
    report, page = tmp_path / "report.json", tmp_path / "out" / "page.html"
    report.write_text(json.dumps(every_kind()))
    assert main(["html", str(report), str(page)]) == 0
    assert page.read_text(encoding="utf-8").count("<article") == 11


def test_a_joined_report_has_a_part_for_each_machine(tmp_path: Path) -> None:
    session = {"date": "2026-01-02T03:04:05+00:00", "commit": "abc1234", "clean": False, "version": "0.1.0"}
    files = []
    for name, number in (("arm", 0), ("x86", 2)):
        whole = every_kind()
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps({**whole, **session, "date": f"{number}", "results": [whole["results"][number]]}))
        files.append(str(file))
    page = tmp_path / "page.html"
    assert main(["merge", *files, "-o", str(tmp_path / "joined.json"), f"--html={page}"]) == 0
    text = page.read_text(encoding="utf-8")
    assert [text.count(part) for part in ("<bdi>arm</bdi></h2>", "<bdi>x86</bdi></h2>", "<article")] == [1, 1, 2]
    assert "abc1234 and changes" in text
    again = tmp_path / "again.html"
    assert main(["html", str(tmp_path / "joined.json"), str(again)]) == 0
    assert again.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "report.json cannot be read: No such file or directory; expected a file of --multicore-json"),
        (
            "a = 1",
            "report.json is not a report of pytest-multicore: it is no JSON; expected a file of --multicore-json",
        ),
        ('{"schema": 7}', "report.json: a report of schema 7; this version reads schema 1"),
        ('{"schema": 1, "machine": {}, "results": []}', "report.json: the report does not hold what schema 1 says"),
    ],
)
def test_the_command_says_what_is_wrong_with_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, expected: str
) -> None:
    report = tmp_path / "report.json"
    if text is not None:
        report.write_text(text)
    assert main(["html", str(report), str(tmp_path / "page.html")]) == 2
    assert expected in capsys.readouterr().err
    assert main(["html", str(report), str(report)]) == 2
