"""How far a measurement is: a live line on a terminal, a plain line for each long step elsewhere."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .visible import visible_line

if TYPE_CHECKING:
    import pytest

    from pytest_multicore.experiment.request import Progress


class NoProgress:
    """Reports nothing: for a worker of pytest-xdist, or where there is no terminal reporter."""

    def step(self, text: str) -> None:
        """Report nothing."""

    def live(self, text: str) -> None:
        """Report nothing."""


class TerminalProgress:
    """Writes past pytest's capturing, on a line of its own that it removes again."""

    def __init__(self, reporter: pytest.TerminalReporter, capture: Any) -> None:
        self._reporter = reporter
        self._capture = capture
        self._shown = False

    def step(self, text: str) -> None:
        """A line that stays."""
        self.live("")
        self._write(lambda: self._write_line(visible_line(f"multicore: {text}")))

    def live(self, text: str) -> None:
        """A line that the next one replaces; an empty one removes it. Only where the output is a terminal."""
        if not self._reporter.isatty or (not text and not self._shown):
            return
        if not self._shown:
            self._write(self._reporter.ensure_newline)
        self._shown = bool(text)
        shown = visible_line(f"multicore: {text}")[: self._reporter._tw.fullwidth - 1] if text else ""
        self._write(lambda: self._reporter.write(f"\r\x1b[2K{shown}", flush=True))

    def _write_line(self, line: str) -> None:
        """Write a line of its own, and not behind the letters of the tests so far."""
        self._reporter.ensure_newline()
        if self._reporter._tw.width_of_current_line:  # with -q pytest itself does not know that letters are there
            self._reporter.write_line("")
        self._reporter.write_line(line)

    def _write(self, write: Any) -> None:
        if self._capture is None:
            write()
            return
        with self._capture.global_and_fixture_disabled():
            write()


@cache
def progress_of(config: pytest.Config) -> Progress:
    """This process's progress, the same for all callers."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        return NoProgress()
    return TerminalProgress(reporter, config.pluginmanager.getplugin("capturemanager"))
