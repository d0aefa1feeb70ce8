"""Text is freed of what a terminal, Markdown or GitHub's runner obeys, and of nothing else."""

import pytest

from pytest_multicore.reports.escape import command_data, command_property, markdown, plain

from .literals import HOSTILE


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a \x1b[1;31mred\x1b[0m b", "a red b"),
        ("\x1b]8;;http://e.org\x1b\\link\x1b]8;;\x07!", "link!"),
        ("\x1b]52;c;c3RvbGVu\x07end", "end"),
        ("\x1bP1$q\x1b\\x\x1b(By\x1b7z", "xyz"),
        ("\x9b31mred \x9d0;title\x9c.", "red ."),
        ("cut off \x1b]0;title", "cut off"),
        ("a\tb\r\nc\x00\x7f\u202e\u200b\ud800d", "a b cd"),
        ("naïve 漢字 – ✓", "naïve 漢字 – ✓"),
        (42, "42"),
    ],
)
def test_terminal_sequences_and_hidden_characters_go(text: object, left: str) -> None:
    assert plain(text) == left


def test_lines_are_kept_where_they_may_be() -> None:
    assert plain("a\r\nb\nc", lines=True) == "a\nb\nc"


def test_names_stay_readable_in_markdown() -> None:
    assert markdown("tests/test_a.py::test_it 1.5 (so-so), 100 %!") == "tests/test_a.py::test_it 1.5 (so-so), 100 %!"


def test_a_command_is_one_line_and_its_properties_end_nowhere_else() -> None:
    assert command_data("50 %\n::error::x\x1b[1m") == "50 %25%0A::error::x"
    assert command_property("a:b,c\nd") == "a%3Ab%2Cc%0Ad"
    assert not set("\r\n\x1b") & set(command_data(HOSTILE))
    assert not set("\r\n\x1b:,") & set(command_property(HOSTILE))
