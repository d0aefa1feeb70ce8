"""What one call of a region took, before any round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One call: wall seconds, and CPU seconds of the process and of the children that it waited for."""

    wall_s: float
    cpu_s: float

    @property
    def cores(self) -> float:
        """CPU seconds per wall second."""
        return self.cpu_s / self.wall_s if self.wall_s > 0 else 0.0


def of_done(done: Mapping[str, Any]) -> Call:
    """A call that the agent clocked as a round of one."""
    cpu_s = done["process_cpu_end_s"] - done["process_cpu_start_s"] + done["children_cpu_s"]
    return Call(done["wall_s"], cpu_s)


def of_warmup(ready: Mapping[str, Any]) -> Call:
    """A workload's warm-up."""
    return Call(ready["warmup_s"], ready["warmup_cpu_s"])
