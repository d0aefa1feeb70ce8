"""What GitHub Actions is told, in the form of its workflow commands."""

from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.reports import github
from pytest_multicore.reports.record import record
from pytest_multicore.verdicts.judge import judgement
from pytest_multicore.verdicts.limits import Limits, Outcome
from pytest_multicore.verdicts.result import Result
from pytest_multicore.verdicts.warnings import waste_warning
from tests.rounds import rows

from .literals import HOSTILE, against_base, reported

UNREACHABLE = """
    import pytest

    @pytest.mark.multicore(min_cores=100_000)
    def test_it():
        pass
"""


def told(limits: Limits, speedup: float, **changed: Any) -> dict[str, Any]:
    judged = judgement(limits, rows(11, speedup), 0.99)
    found = {
        "test": "tests/test_a.py::test_it",
        "workload": "dot | 100 %",
        "arguments": {},
        "environment": "current",
        "threads": 2,
        "baseline": 1,
        "outcome": judged.outcome,
        "reason": "",
        "budget_s": 30.0,
        "duration_s": 1.0,
        "confidence": 0.99,
        "seed": 0,
        "verdicts": judged.verdicts,
        "comparison": judged.compared,
        "measurement": judged.measured,
        "warnings": tuple(filter(None, [waste_warning(judged.verdicts, judged.compared)])),
    }
    return record(Result(**{**found, **changed}))


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> github.Locations:
    """The tests of a package in a folder of the checkout."""
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    return github.Locations(tmp_path / "package", {"tests/test_a.py::test_it": ("tests/test_a.py", 7)})


def test_a_missed_limit_is_an_error_at_the_tests_line(places: github.Locations) -> None:
    missed = told(Limits(min_speedup=1.5), 1.0)
    assert list(github.commands([missed], places, annotate_failures=True)) == [
        "::error file=package/tests/test_a.py,line=7,title=pytest-multicore::"
        "tests/test_a.py::test_it dot | 100 %25: min_speedup=1.5 missed: 1.00x [1.00, 1.00]"
    ]
    assert list(github.commands([missed], places, annotate_failures=False)) == []


def test_an_error_says_why(places: github.Locations) -> None:
    cause = {"key": "thread-limit", "proven": True, "evidence": "OMP_THREAD_LIMIT=1", "remedy": "unset it"}
    missed = told(Limits(min_speedup=1.5), 1.0, causes=(cause,))
    (command,) = github.commands([missed], places, annotate_failures=True)
    assert command.endswith("missed: 1.00x [1.00, 1.00]%0Awhy: OMP_THREAD_LIMIT=1 [thread-limit]; unset it")
    (command,) = github.commands([{**missed, "causes": [{**cause, "proven": False}]}], places, annotate_failures=True)
    assert "%0Asuspected, not proven: OMP_THREAD_LIMIT=1" in command


def test_a_pass_is_silent_unless_the_busy_cores_are_burnt(places: github.Locations) -> None:
    assert list(github.commands([told(Limits(min_cores=1.5), 1.8)], places, annotate_failures=True)) == []
    (warning,) = github.commands([told(Limits(min_cores=1.5), 1.03)], places, annotate_failures=True)
    assert warning.startswith("::warning file=package/tests/test_a.py,line=7,")
    assert warning.endswith("2.00 cores busy, 1.03x as fast: the second core is wasted")


def test_a_loss_against_a_base_is_an_error_and_a_slower_pass_a_notice(places: github.Locations) -> None:
    lost, slower, same = against_base(0.1, 0.1, cores=1.0), against_base(0.1, 0.2), against_base(0.05, 0.1)
    error, notice = github.commands([lost, slower, same], places, annotate_failures=True)
    where = "file=package/tests/test_a.py,line=7,title=pytest-multicore"
    assert error == (
        f"::error {where}::tests/test_a.py::test_it: max_loss=0.1 missed: 50 [50, 50] %25%0A"
        "against git:main: threading regression: 1.00x for 2.00x; lost by threading 50 [50, 50] %25; "
        "time of 2 threads 2.00x, of 1 thread 1.00x"
    )
    assert notice.startswith(
        f"::notice {where}::tests/test_a.py::test_it: against git:main: slower, not by threading: 2.00x for 2.00x;"
    )


def test_what_was_not_decided_is_a_notice_in_one_line(places: github.Locations) -> None:
    undecided = told(Limits(), 1.0, outcome=Outcome.INCONCLUSIVE, reason="noise\nand more", test="gone.py::test_it")
    assert list(github.commands([undecided], places, annotate_failures=False)) == [
        "::notice title=pytest-multicore::gone.py::test_it dot | 100 %25: noise%0Aand more"
    ]


def test_what_was_not_decided_and_fails_its_test_is_an_error(places: github.Locations) -> None:
    undecided = told(Limits(), 1.0, outcome=Outcome.INCONCLUSIVE, reason="noise")
    (command,) = github.commands([undecided], places, annotate_failures=True, strict=True)
    assert command.startswith("::error file=package/tests/test_a.py,line=7,title=pytest-multicore::tests/test_a.py")
    assert list(github.commands([undecided], places, annotate_failures=False, strict=True)) == []


def test_what_is_held_to_no_limit_is_measured_and_no_more(places: github.Locations, tmp_path: Path) -> None:
    measured = told(Limits(), 1.0)
    assert list(github.commands([measured], places, annotate_failures=True)) == []
    github.add_summary(str(tmp_path / "summary.md"), reported(measured))
    assert "| 1.00x [1.00, 1.00] | 2.00x | measured |\n\n" in (tmp_path / "summary.md").read_text()


def test_the_summary_is_a_table_that_grows(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    for _ in range(2):
        github.add_summary(str(file), reported(told(Limits(min_speedup=1.5), 1.0)))
    text = file.read_text()
    assert text.startswith("before\n### pytest-multicore\n\n**1 failed**\n\n| test |")
    row = "| tests/test_a.py::test_it dot &#124; 100 % | current | - | 2 vs 1 | 2.00 | 1.00 | 1.00x [1.00, 1.00] |"
    assert text.count(row) == 2
    assert "- **failed** tests/test_a.py::test_it dot &#124; 100 %: min_speedup=1.5 missed" in text


def test_no_text_becomes_a_command_of_its_own(places: github.Locations) -> None:
    cause = {"key": "k", "proven": True, "evidence": HOSTILE, "remedy": HOSTILE}
    missed = {**told(Limits(min_speedup=1.5), 1.0, causes=(cause,)), "workload": HOSTILE, "warnings": [HOSTILE]}
    slower = against_base(0.1, 0.2, workload=HOSTILE)
    slower["against"]["base"] = HOSTILE
    lost = {"host": HOSTILE, "error": HOSTILE, "nodeid": HOSTILE, "not_measured": [HOSTILE]}
    commands = [*github.commands([missed, slower], places, annotate_failures=True), *github.lost_hosts([lost])]
    assert [command.partition(" ")[0] for command in commands] == ["::error", "::warning", "::notice", "::error"]
    for command in commands:
        assert not set("\r\n\x1b") & set(command)
        assert command.partition("::")[2].partition("::")[0].count("title=pytest-multicore") == 1


def test_a_lost_speedup_is_an_error_at_the_tests_line(places: github.Locations) -> None:
    lost = [
        ("tests/test_a.py::test_it", "--multicore-compare-fail=10%: it: speed-up -45 %"),
        ("unknown", "a\nb\x1b[31m"),
    ]
    assert list(github.lost_speedups(lost, places)) == [
        "::error file=package/tests/test_a.py,line=7,title=pytest-multicore::"
        "--multicore-compare-fail=10%25: it: speed-up -45 %25",
        "::error title=pytest-multicore::a b",
    ]


def test_only_github_is_told(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(test_it=UNREACHABLE)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert "\n::" not in pytester.runpytest_subprocess("-q").stdout.str().partition("multicore ==")[2]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "summary.md"))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path))
    for command, *options in (["notice"], ["error", "--multicore-strict"]):
        pytester.runpytest_subprocess(*options).stdout.fnmatch_lines(
            [f"::{command} file=test_it.py,line=3,title=pytest-multicore::*min_cores=100000 cannot be reached*"]
        )
    assert "min_cores=100000 cannot be reached" in (pytester.path / "summary.md").read_text()


def test_a_summary_that_cannot_be_written_loses_nothing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_it=UNREACHABLE)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path))
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["warning: GITHUB_STEP_SUMMARY=* cannot be written: *"])
