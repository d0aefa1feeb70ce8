"""Removes temporary folders of a pytest that was killed. Run by path; imports nothing of ours.

It reads texts from its input, each with a final zero: ``+PATH`` for what is to be removed at the end, ``-PATH`` for
what was removed; ``gNUMBER`` for a process group that is to be killed, ``fNUMBER`` for one that has ended. The input
ends when pytest does, however that may be.

    python -I -S scratch_keeper.py PYTEST'S_PROCESS_ID
"""

import contextlib
import os
import select
import shutil
import signal
import sys
import time

#: Processes of the killed session may still write into a folder: it is removed again for so long.
PATIENCE_S, PAUSE_S = 3.0, 0.1
#: How often it is looked whether pytest lives: what it forked may hold the input open.
LOOK_INTERVAL_S = 1.0
#: As it was told: a pytest that ends while this process starts is its parent no more.
PARENT = int(sys.argv[1])
#: Without them pipes can't be waited for either, and no process inherits one unless it is told to: Windows.
HAS_GROUPS = hasattr(os, "killpg")


def main() -> None:
    """Keep the list until the input ends, then remove what is on it."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows has no SIGHUP
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    left: dict[bytes, None] = {}
    groups: set[int] = set()
    rest = b""
    while chunk := next_chunk():
        *texts, rest = (rest + chunk).split(b"\0")
        for text in texts:
            if text.startswith(b"+"):
                left[text[1:]] = None
            elif text.startswith(b"-"):
                left.pop(text[1:], None)
            else:
                (groups.add if text.startswith(b"g") else groups.discard)(int(text[1:]))
    for group in groups:
        kill_group(group)
    deadline = time.monotonic() + PATIENCE_S
    while left and time.monotonic() < deadline:
        for path in list(left):
            remove(path)
        left = {path: None for path in left if os.path.lexists(path)}
        time.sleep(PAUSE_S if left else 0.0)


def kill_group(group: int) -> None:
    """Kill a process group; where there are none, the process that would lead it."""
    with contextlib.suppress(OSError):
        if HAS_GROUPS:
            os.killpg(group, signal.SIGKILL)
        else:
            os.kill(group, signal.SIGTERM)  # on Windows it ends a process at once


def next_chunk() -> bytes:
    """What comes next on the input; empty at its end, or when pytest has ended."""
    while HAS_GROUPS and not select.select([sys.stdin], [], [], LOOK_INTERVAL_S)[0]:
        if os.getppid() != PARENT:
            return b""
    return os.read(sys.stdin.fileno(), 1 << 16)


def remove(path: bytes) -> None:
    """Remove a file or a folder with all that is in it; never what a link leads to."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            os.unlink(path)


if __name__ == "__main__":
    main()
