"""How long a session waited for its turns on the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Seconds of a turn that was waited for: a session that waited for none so long says nothing of it.
MIN_TOLD_WAIT_S = 5.0


@dataclass
class Waits:
    """The waits of a session so far.

    Attributes:
        total_s: seconds of all turns that had to be waited for.
        longest_s: seconds of the longest one.
        nodeid: the test that waited longest.
    """

    total_s: float = 0.0
    longest_s: float = 0.0
    nodeid: str = ""

    def add(self, nodeid: str, waits_s: Sequence[float]) -> None:
        """Add the turns that a test has waited for."""
        self.total_s += sum(waits_s)
        if (longest_s := max(waits_s)) > self.longest_s:
            self.longest_s, self.nodeid = longest_s, nodeid

    def in_words(self) -> str:
        """For the end of the session; empty where no wait was long."""
        if self.longest_s < MIN_TOLD_WAIT_S:
            return ""
        return (
            f"waited {self.total_s:.0f} s in all for other sessions of pytest on this machine; at most "
            f"{self.longest_s:.0f} s for one turn, of {self.nodeid}"
        )
