"""How long a session waited for its turns on the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Seconds of all waits: a session that waited for less says nothing of it.
MIN_TOLD_WAIT_S = 5.0


@dataclass
class Waits:
    """The waits of a session so far.

    Attributes:
        turns: how many had to be waited for.
        total_s: seconds of them all.
        longest_s: seconds of the longest one.
        nodeid: the test that waited longest.
    """

    turns: int = 0
    total_s: float = 0.0
    longest_s: float = 0.0
    nodeid: str = ""

    def add(self, nodeid: str, waits_s: Sequence[float]) -> None:
        """Add the turns that a test has waited for."""
        self.turns += len(waits_s)
        self.total_s += sum(waits_s)
        if (longest_s := max(waits_s)) > self.longest_s:
            self.longest_s, self.nodeid = longest_s, nodeid

    def in_words(self) -> str:
        """For the end of the session; empty where they were short."""
        if self.total_s < MIN_TOLD_WAIT_S:
            return ""
        return (
            f"waited {self.total_s:.0f} s in all for other sessions of pytest on this machine, "
            f"{self.turns} time{'' if self.turns == 1 else 's'}; at most {self.longest_s:.0f} s for one turn, of "
            f"{self.nodeid}"
        )
