"""What a test forks has all that pytest has open: it keeps none of pytest's helpers alive when that has ended."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.interpreters.living import alive, wait_until_gone

#: Has an interpreter and the control's workers, forks a process that lives on, and prints its own and the helpers'.
OWNER = """
import os, sys, time
from pathlib import Path
import psutil
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.measurement.control_workers import ControlWorkers
interpreter = IsolatedInterpreter(Launch([sys.executable], dict(os.environ), Path.cwd()))
workers = ControlWorkers(2, priority=False)
helpers = [process.pid for process in psutil.Process().children(recursive=True)]
forked = os.fork()
if not forked:
    os.closerange(0, 3)
    time.sleep(60)
print(forked, *helpers, flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a process that its parent has ended")
def test_a_forked_process_that_lives_on_keeps_no_helper(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        forked, *helpers = map(int, owner.stdout.readline().split())
        try:
            assert len(helpers) == 5, "a guard, its interpreter, a starter and two workers"
            owner.kill()
            owner.wait()
            wait_until_gone(helpers)
            assert alive(forked)
        finally:
            psutil.Process(forked).kill()


@pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="this system has no guards")
@pytest.mark.parametrize("room", ["interpreters/guard.py", "environments/scratch_keeper.py"])
def test_a_helper_whose_parent_has_ended_before_it_looked_ends(room: str) -> None:
    """Its input stays open: whoever has it may live on."""
    import pytest_multicore

    program = Path(pytest_multicore.__file__).parent / room
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    theirs, ours = socket.socketpair()
    arguments = [str(theirs.fileno()), str(ended.pid)] if "guard" in room else [str(ended.pid)]
    command = [sys.executable, "-I", "-S", str(program), *arguments]
    with ours, theirs, subprocess.Popen(command, stdin=theirs.fileno(), pass_fds=[theirs.fileno()]) as helper:
        try:
            helper.wait(30)
        finally:
            helper.kill()
