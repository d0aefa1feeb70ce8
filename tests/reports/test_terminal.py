"""The terminal's section: every line says which test it is about."""

import io
from typing import Any

import pytest

from pytest_multicore.reports import terminal

from .literals import measured
from .test_scaling import told

CALLS: dict[str, Any] = {"blas_calls": [], "blas_threshold": None, "blas_share_under_threshold": None}


def of_parameter(number: int, **changes: Any) -> dict[str, Any]:
    """One of several tests that measure one function."""
    return measured(test=f"test_a.py::test_it[{number}]", workload="work:loop", **changes)


def lines(config: pytest.Config, *records: dict[str, Any], strict: bool = False) -> list[str]:
    stream = io.StringIO()
    terminal.write(pytest.TerminalReporter(config, stream), records, strict=strict)
    return stream.getvalue().splitlines()


def test_lines_name_the_test_and_not_only_the_function_that_all_measure(pytestconfig: pytest.Config) -> None:
    series = {name: told({1: 0.2, 2: 0.15})[name] for name in ("scaling", "scaling_law")}
    first, second = of_parameter(1, warnings=["wasted"], evidence=CALLS), of_parameter(2, **series)
    shown = lines(pytestconfig, first, second)
    assert "warning: test_it[1]: work:loop: wasted" in shown
    assert "test_it[1]: work:loop: no BLAS level-3 calls" in shown
    assert any(line.startswith("scaling: test_it[2]: work:loop: 200 ms at 1 thread") for line in shown)


def test_a_note_names_the_tests_it_is_about_unless_it_is_about_all(pytestconfig: pytest.Config) -> None:
    of_one, of_many = "waits, not work", "16 threads were asked for"
    records = [of_parameter(number, notes=["raised", of_many]) for number in range(5)]
    records += [of_parameter(5, notes=["raised", of_one])]
    many = ", ".join(f"test_it[{number}]: work:loop" for number in range(3))
    assert [line for line in lines(pytestconfig, *records) if line.startswith("note: ")] == [
        "note: raised",
        f"note: {many} and 2 more: {of_many}",
        f"note: test_it[5]: work:loop: {of_one}",
    ]


WHY = "min_cores=2: 1.20 [1.10, 1.30] were busy; run it on a quieter machine"


@pytest.mark.parametrize(
    ("outcome", "longrepr", "chars", "tbstyle", "told"),
    [
        ("skipped", ("test_a.py", 3, f"Skipped: inconclusive: loop: {WHY}"), "sf", "auto", 0),
        ("skipped", ("test_a.py", 3, f"Skipped: inconclusive: loop: {WHY}"), "fE", "auto", 1),
        ("skipped", ("test_a.py", 3, "Skipped: inconclusive: loop: min_cores=2"), "s", "auto", 1),
        ("failed", f"E   Undecided: loop: inconclusive\nE     why      {WHY}", "fE", "auto", 0),
        ("failed", f"E   Undecided: loop: inconclusive\nE     why      {WHY}", "fE", "no", 1),
    ],
    ids=["summary", "no summary", "cut", "failure", "no traceback"],
)
def test_why_it_is_undecided_is_said_once(
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
    outcome: str,
    longrepr: Any,
    chars: str,
    tbstyle: str,
    told: int,
) -> None:
    monkeypatch.setattr(pytestconfig.option, "tbstyle", tbstyle)
    stream = io.StringIO()
    reporter = pytest.TerminalReporter(pytestconfig, stream)
    reporter.reportchars = chars
    reporter.stats[outcome] = [pytest.TestReport("test_a.py::test_it", ("", 0, ""), {}, outcome, longrepr, "call")]  # type: ignore[arg-type]
    terminal.write(reporter, [of_parameter(1, outcome="inconclusive", reason=WHY)])
    assert stream.getvalue().count(WHY) == told


def test_a_note_of_the_only_test_names_nobody(pytestconfig: pytest.Config) -> None:
    assert "note: waits, not work" in lines(pytestconfig, of_parameter(1, notes=["waits, not work"]))


def test_the_last_line_tells_how_many_gates_decided_nothing(pytestconfig: pytest.Config) -> None:
    undecided = {"outcome": "inconclusive", "reason": "too busy"}
    cases = [
        of_parameter(1, outcome="passed"),
        of_parameter(2, **undecided, notes=["a note"]),
        of_parameter(3, outcome="measured"),
        of_parameter(4, **undecided),
        of_parameter(5, outcome="error", reason="it raised"),
    ]
    told = "2 of 3 gates decided nothing: see the reasons above"
    assert lines(pytestconfig, *cases)[-1] == f"{told} (--multicore-strict fails them)"
    assert lines(pytestconfig, *cases, strict=True)[-1] == told
    one = "1 of 1 gate decided nothing: see the reason above (--multicore-strict fails it)"
    assert lines(pytestconfig, cases[1])[-1] == one
    assert "decided nothing" not in "".join(lines(pytestconfig, cases[0], cases[2], cases[4]))
