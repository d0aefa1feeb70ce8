"""Programs whose output nobody reads any longer, as behind ``head``."""

import os
import subprocess
from collections.abc import Sequence


def nobody_reads(command: Sequence[str]) -> tuple[int, str]:
    """Run a command into a pipe that has no reader; return its exit status, and what it says of it."""
    reader, writer = os.pipe()
    os.close(reader)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    try:
        ended = subprocess.run(command, check=False, env=buffered, stdout=writer, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(writer)
    return ended.returncode, ended.stderr
