"""What a command prints. It may come from a stranger's report, so it neither steers a terminal nor begins a line."""

from __future__ import annotations

import sys
from typing import TextIO

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.visible import visible_line


def say(line: str = "", stream: TextIO | None = None) -> None:
    """Print one line, to standard output unless another stream is given."""
    print(visible_line(line), file=stream or sys.stdout, flush=True)


def refusal(text: str) -> UsageError:
    """The error of a text of several lines, as a tool printed them: ``main`` says each as a line of its own."""
    first, *others = text.split("\n")
    error = UsageError(first)
    for line in others:
        error.add_note(line)
    return error
