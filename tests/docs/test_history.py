"""The page about earlier runs: its test, its commands, and what they print."""

import re
import shlex
import sys

import pytest

from pytest_multicore.reports.history.change_points import MIN_RUNS
from pytest_multicore.rounds.tolerances import MAX_ATTAINED_CHANGE_RATIO, MAX_PROCESS_SPEED_RATIO
from pytest_multicore.settings.options import OPTIONS

from .pages import code_blocks, text_of

PAGE = text_of("how-to/history")
COMMANDS = [line[2:] for block in code_blocks(PAGE, "console") for line in block.splitlines()]
FIRST_LINES = [block.splitlines()[0] for block in code_blocks(PAGE, "text")]


@pytest.mark.slow
def test_its_commands_run_in_their_order(pytester: pytest.Pytester) -> None:
    """As a reader types them; a comparison of two runs may find that a figure moved, and then ends with 1."""
    (block,) = code_blocks(PAGE, "python")
    name = re.match(r"# (\w+\.py)\n", block)
    assert name
    (pytester.path / name[1]).write_text(block)
    ran = [shlex.split(command) for command in COMMANDS if not command.startswith("pip ")]
    assert [words[0] for words in ran] == ["pytest"] * 2 + ["python"] * 2 + ["pytest"] * 2 + ["python"] * 2
    for program, *arguments in ran:
        command = [
            sys.executable,
            *(["-m", "pytest", "--multicore-budget=10"] if program == "pytest" else []),
            *arguments,
        ]
        result = pytester.run(*command)
        may_differ = any(one.startswith(("compare", "--multicore-compare")) for one in arguments)
        assert result.ret in ((0, 1) if may_differ else (0,)), (arguments, result.outlines, result.errlines)
        assert "test_gram.py" in result.stdout.str()
    assert (pytester.path / "history.jsonl").read_text().count("\n") == 1, "comparing saves nothing"
    assert (pytester.path / "history.svg").read_text().startswith("<svg")


def test_what_is_printed_begins_as_the_page_shows() -> None:
    since, not_comparable, headings, compared = FIRST_LINES
    assert re.match(r"test_gram\.py::test_gram: worse since 2026-\d\d-\d\d( \(\w{7}\))?", since)
    assert "not comparable with 2026" in not_comparable
    assert compared == "test_gram.py::test_gram:"
    assert headings.split() == ["figure", "runs", "from", "to", "median", "last", "trend"]


def test_every_option_of_the_page_exists() -> None:
    named = set(re.findall(r"--multicore-[a-z-]+", PAGE))
    assert len(named) == 4
    assert named <= {option.flag for option in OPTIONS}


def test_its_figures_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    assert f"within {100 * (MAX_ATTAINED_CHANGE_RATIO - 1):.0f} %, or with intervals that meet" in text
    assert f"differ by up to {100 * (MAX_PROCESS_SPEED_RATIO - 1):.0f} %" in text
    assert MIN_RUNS == 3
    assert "at least three runs" in text
