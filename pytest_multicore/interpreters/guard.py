"""Ends what is left when pytest itself is killed: run by path as a process of its own, imports nothing of ours.

It reads lines from its standard input, ``+PGID`` and ``-PGID``: the process groups of the live interpreters. When
the input ends, whoever held it is gone (SIGKILL leaves no chance to clean up), and every group still listed is killed.
A parent-death signal would do for the interpreter alone, on Linux; the workers that a workload started need the group.
"""

import os
import signal
import sys


def main() -> None:
    """Keep the list until the input ends, then kill what is on it."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


if __name__ == "__main__":
    main()
