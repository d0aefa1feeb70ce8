"""What Python's faulthandler writes when a fatal signal ends an interpreter, without the frames of all tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

#: How a dump begins: ``Fatal Python error: Segmentation fault``, by a signal or by Python itself.
BEGINNING = "Fatal Python error: "
#: The thread that crashed; the dump has it last.
CURRENT = "Current thread 0x"
#: A frame of a dump; the path of its file.
FRAME = re.compile(r'  File "(.*)", line \d+ in .*')
#: Below these folders are frames that tell the user nothing.
OWN_FOLDERS = (f"{Path(__file__).parent / 'agent'}/", "/_pytest/", "/pluggy/")
#: Workloads count as user code, although they are below the agent.
WORKLOADS = f"{Path(__file__).parent / 'agent' / 'workloads'}/"
#: Lines of a dump that are kept, and lines of the output before it.
MAX_LINES, MAX_LINES_BEFORE = 40, 10


def last_lines(text: str, count: int) -> list[str]:
    """The last lines of an output; where it ends with a dump, the dump's beginning and some lines before it.

    Args:
        text: the output.
        count: how many lines, where there is no dump.
    """
    lines = text.splitlines()
    begins = [number for number, line in enumerate(lines) if line.startswith(BEGINNING)]
    # Of a long dump only the end may be there.
    begins = begins or [number for number, line in enumerate(lines) if line.startswith(CURRENT)]
    if not begins:
        return lines[-count:]
    dump = _current_thread_first(list(_without_own_frames(lines[begins[-1] :])))
    cut = ["  ..."] if len(dump) > MAX_LINES else []
    return [*lines[max(0, begins[-1] - MAX_LINES_BEFORE) : begins[-1]], *dump[:MAX_LINES], *cut]


def _current_thread_first(dump: list[str]) -> list[str]:
    """The dump with the thread that crashed before the others: there may be hundreds."""
    threads = [number for number, line in enumerate(dump) if line.startswith(("Thread 0x", CURRENT))]
    current = next((number for number in threads if dump[number].startswith(CURRENT)), None)
    if current is None:
        return dump
    end = next((number for number in range(current, len(dump)) if not dump[number]), len(dump))
    return [*dump[: threads[0]], *dump[current:end], "", *dump[threads[0] : current], *dump[end + 1 :]]


def _without_own_frames(dump: Sequence[str]) -> Iterator[str]:
    """The dump's lines; each run of frames of pytest and of the agent as one."""
    left_out = 0
    for line in [*dump, None]:
        if line is not None and _is_own(line):
            left_out += 1
            continue
        if left_out:
            yield f"  ({left_out} frames of pytest and pytest-multicore)"
            left_out = 0
        if line is not None:
            yield line


def _is_own(line: str) -> bool:
    match = FRAME.fullmatch(line)
    if match is None or WORKLOADS in match[1]:
        return False
    return any(folder in match[1] for folder in OWN_FOLDERS)
