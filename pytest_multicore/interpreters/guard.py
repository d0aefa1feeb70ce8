"""Ends what is left when pytest itself is killed: run by path as a process of its own, imports nothing of ours.

It reads lines from its standard input, ``+PGID MARK`` and ``-PGID MARK``: the process groups of the live interpreters,
and what their processes carry in their environment. When the input ends, whoever held it is gone (SIGKILL leaves no
chance to clean up), and every group still listed is killed, and on Linux every process with its mark that left the
group. A parent-death signal would do for the interpreter alone, on Linux; the workers that it started need this.
"""

import contextlib
import os
import signal
import sys
import time

#: What was just being started carried no mark for a moment (orphans.marked), which beside neighbours can last.
AGAIN_S = 0.5

TYPE_CHECKING = False  # what typing says too, without its import
if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Keep the list until the input ends, then kill what is on it."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    marks: dict[int, str] = {}
    for line in sys.stdin:
        group, mark = line[1:].split()
        if line.startswith("+"):
            marks[int(group)] = mark
        else:
            marks.pop(int(group), None)
    for group in marks:
        kill(os.killpg, group)
    for pause_s in (0.0, AGAIN_S) if marks else ():
        time.sleep(pause_s)
        for mark in marks.values():
            for pid in carrying(mark):
                kill(os.kill, pid)


def kill(how: "Callable[[int, int], None]", number: int) -> None:
    """Kill what may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        how(number, signal.SIGKILL)


def carrying(mark: str) -> list[int]:
    """The processes that inherited the mark; none where there is no /proc to read it from."""
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            with open(f"/proc/{name}/environ", "rb") as environ:
                if name.isdecimal() and mark.encode() in environ.read():
                    found.append(int(name))
        except OSError:
            continue
    return found


if __name__ == "__main__":
    main()
