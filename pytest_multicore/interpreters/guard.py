"""Ends the interpreters when pytest itself is killed. Run by path as a process of its own; imports nothing of ours.

It reads lines from its standard input, ``+PGID MARK`` and ``-PGID MARK``: the process groups of the live interpreters,
and the mark that their processes carry in their environment. The input ends when pytest does, even by SIGKILL, after
which it cannot clean up. Then every group on the list is killed, and on Linux every process with its mark that left the
group. A parent-death signal would end the interpreter alone, on Linux only; its workers need this.
"""

import contextlib
import os
import signal
import sys
import time

#: Seconds until the second search: a process that was just being started had no mark yet (process_tree.py).
SECOND_SEARCH_S = 0.5

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import of typing
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
    for pause_s in (0.0, SECOND_SEARCH_S) if marks else ():
        time.sleep(pause_s)
        for mark in marks.values():
            for pid in pids_with_mark(mark):
                kill(os.kill, pid)


def kill(kill_function: "Callable[[int, int], None]", target: int) -> None:
    """Kill a process or group that may have ended already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        kill_function(target, signal.SIGKILL)


def pids_with_mark(mark: str) -> list[int]:
    """The processes that inherited the mark; none where there is no /proc."""
    pids = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            with open(f"/proc/{name}/environ", "rb") as environ:
                if name.isdecimal() and mark.encode() in environ.read():
                    pids.append(int(name))
        except OSError:
            continue
    return pids


if __name__ == "__main__":
    main()
