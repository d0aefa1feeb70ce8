"""Have an agent watched, and what the tests of that need: the watched files, and when they can be run."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.interpreters.dialogue import Dialogue

WATCHED = Path(__file__).parent / "watched_code.py"
THREADS = Path(__file__).parent / "watched_threads.py"
ON_NUMPY = Path(__file__).parent / "watched_numpy.py"
LINUX_ONLY = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="told by Linux's /proc and libraries")
TWO_CPUS = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two CPUs to be pinned to one",
)
NUMPY = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}


def observed(
    child: Dialogue,
    target: str,
    rounds: int = 1,
    repeat: int = 1,
    samples: int = 0,
    file: Path = WATCHED,
    trace: bool = False,
    **arguments: Any,
) -> dict[str, Any]:
    """Watch, open, take rounds, and more until there are so many samples; facts' `observed`, wall_s and cpu_s."""
    assert child.ask("watch", observe=True, trace=trace, changes=[], threads=2) == {
        "protocol": 1,
        "type": "watching",
        "changes": [],
    }
    ready = child.ask("open", target=f"{file}:{target}", arguments=arguments)
    assert ready["type"] == "ready", ready
    wall_s = cpu_s = 0.0
    for number in range(1, 1000):
        done = child.ask("round", repeat=repeat)
        assert done["type"] == "done", done
        wall_s += done["wall_s"]
        cpu_s += done["process_cpu_end_s"] - done["process_cpu_start_s"]
        if number >= rounds:
            facts = child.ask("facts")
            assert facts["type"] == "facts", facts
            if facts["observed"]["samples"] >= samples:
                break
    return dict(facts["observed"], wall_s=wall_s, cpu_s=cpu_s)


def source_file(folder: Path, name: str, *lines: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n")
