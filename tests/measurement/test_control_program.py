"""The program of the control's workers, as a process of its own."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pytest_multicore.measurement import control_program
from tests.interpreters.living import wait_until_gone


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="told by Linux alone")
def test_workers_that_sleep_until_a_burst_end_with_the_process_that_asked_for_it() -> None:
    """A clock that a test had stopped in pytest has asked for bursts in years to come."""
    command = [sys.executable, str(Path(control_program.__file__)), "2", str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        workers = [worker.pid for worker in psutil.Process(program.pid).children()]
        assert len(workers) == 2
        program.stdin.write(f"1 -,- {time.monotonic() + 60} {time.monotonic() + 61}\n")
        program.stdin.flush()
        program.kill()
    wait_until_gone(workers)
