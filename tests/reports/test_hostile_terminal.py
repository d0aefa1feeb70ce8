"""Whatever a report holds, the terminal that shows it is not steered, and no line is a command of a CI's log."""

import io
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.reports.failure import as_error
from pytest_multicore.reports.history.history_file import append
from pytest_multicore.reports.progress import TerminalProgress
from pytest_multicore.reports.record import record
from pytest_multicore.reports.visible import visible_line, visible_lines
from pytest_multicore.verdicts.limits import Outcome
from tests.history.literals import entry

from .literals import HOSTILE, against_base, measured, reported, result, unmeasured, written
from .test_terminal import lines

COMMANDS = [
    "judge FILE",
    "judge FILE --limit min_speedup=1.2",
    "compare FILE FILE",
    "merge a=FILE -o JOINED",
    "history RUNS",
]


def steers(text: str) -> set[str]:
    """The characters that would steer a terminal or turn a line."""
    return {one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Cs") and one != "\n"}


def commands_in(text: str) -> list[str]:
    """The lines that GitHub's runner takes for a command: it looks past blanks, and for ``##[`` anywhere."""
    return [line for line in text.splitlines() if re.match(r"\s*::", line) or "##[" in line]


@pytest.mark.parametrize("text", ["::error::x", "a\n::error::x", "a\n \t\xa0::error::x", "a ##[error]x ###[error]x"])
def test_no_text_holds_a_command_of_a_log(text: str) -> None:
    assert commands_in(text)
    assert commands_in(visible_lines(text)) == commands_in(visible_line(text)) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_is_steered_by_the_report_that_it_reads(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = f"test_a.py::{HOSTILE}"
    missed = measured(1.1, test=hostile, workload=HOSTILE, environment=HOSTILE)
    places = {"FILE": tmp_path / "r.json", "JOINED": tmp_path / "joined.json", "RUNS": tmp_path / "runs.jsonl"}
    written(places["FILE"], reported(missed, cpu=HOSTILE))
    append(places["RUNS"], [entry(test=hostile, workload=HOSTILE)])
    words = command.split()
    for name, place in places.items():
        words = [word.replace(name, str(place)) for word in words]
    assert main(words) in (0, 1)
    told = capsys.readouterr().out
    assert steers(told) == set()
    assert commands_in(told) == []
    assert "merge" in command or r"\x1b[31m" in told


def test_no_result_steers_the_terminal(pytestconfig: pytest.Config) -> None:
    missed = measured(
        1.1, test=f"t.py::{HOSTILE}", workload=HOSTILE, environment=HOSTILE, warnings=[HOSTILE], notes=[HOSTILE]
    )
    base = against_base(0.1, 0.2, workload=HOSTILE)
    told = "\n".join(lines(pytestconfig, missed, base, unmeasured(HOSTILE, HOSTILE)))
    assert steers(told) == set()
    assert commands_in(told) == []
    assert r"\x1b[31m" in told


@pytest.mark.parametrize("width", [60, 1000])
def test_no_progress_steers_the_terminal(
    width: int, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step tells the command of whoever is waited for, who may be a stranger."""
    stream = io.StringIO()
    reporter = pytest.TerminalReporter(pytestconfig, stream)
    monkeypatch.setattr(reporter, "isatty", True)
    monkeypatch.setattr(reporter._tw, "fullwidth", width)
    progress = TerminalProgress(reporter, None)
    progress.live(HOSTILE)
    progress.step(HOSTILE)
    live, step = stream.getvalue().split("\r\x1b[2K")[1:]  # the last one, which removes the live line, begins the step
    assert steers(live + step) == set()
    assert "\n" not in live + step.strip()
    assert len(live) < width
    assert r"\x1b[31m" in step


def test_no_failure_steers_the_terminal() -> None:
    missed = replace(result(1.1), workload=HOSTILE, environment=HOSTILE, notes=(HOSTILE,))
    undecided = replace(missed, outcome=Outcome.INCONCLUSIVE, reason=HOSTILE, verdicts=())
    errors = [as_error(one, record(one)) for one in (missed, undecided)]
    for told in (*map(str, errors), errors[1].summary):
        assert steers(told) == set()
        assert commands_in(told) == []
        assert r"\x1b[31m" in told
