"""A pytest session of its own: a process, with this one's interpreter, folder and variables."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence


def run_pytest(arguments: Sequence[str]) -> tuple[int, str]:
    """Run pytest to its end; return its exit status, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")
