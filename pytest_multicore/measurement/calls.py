"""What one call of a region took outside of rounds, as the agent told it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.rounds.round import Call


def of_done(done: Mapping[str, Any]) -> Call:
    """A call that the agent clocked as a round of one."""
    cpu_s = done["process_cpu_end_s"] - done["process_cpu_start_s"] + done["children_cpu_s"]
    return Call(done["wall_s"], cpu_s)


def of_warmup(ready: Mapping[str, Any]) -> Call:
    """A workload's warm-up."""
    return Call(ready["warmup_s"], ready["warmup_cpu_s"])
