"""How a child ends: when told, when its parent is gone, or by its own hand."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.interpreters.dialogue import RUNNER, USER_CODE, Dialogue, on_every_interpreter

# A parent that starts the runner, lets it sleep in a workload, says the child's pid, and dies without a word to it.
DYING_PARENT = """
import json, os, subprocess, sys
python, runner, target, log = sys.argv[1:]
child = subprocess.Popen([python, "-s", "-B", runner], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=open(log, "wb"))
child.stdout.readline()
child.stdin.write(json.dumps({"protocol": 1, "type": "call", "target": target, "arguments": {"seconds": 60}}).encode())
child.stdin.write(b"\\n")
child.stdin.flush()
print(child.pid, flush=True)
os._exit(0)
"""


@on_every_interpreter
@pytest.mark.parametrize("way", ["close", "end of file"])
def test_a_child_that_is_told_to_close_runs_its_exit_handlers_and_ends_with_0(
    python: str, tmp_path: Path, way: str
) -> None:
    with Dialogue(python, tmp_path) as child:
        child.call("write_at_exit", path=str(tmp_path / "proof"))
        if way == "close":
            child.write({"protocol": 1, "type": "close"})
        assert child.end() == 0
    assert (tmp_path / "proof").read_text() == "exit handlers ran"
    assert child.log() == ""


@on_every_interpreter
def test_os_exit_is_seen_as_end_of_file(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.call("os_exit", code=7) == {}
        assert child.process.wait(10) == 7


@on_every_interpreter
def test_a_segmentation_fault_is_seen_as_end_of_file_and_shown_in_the_log(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.call("crash") == {}
        assert child.process.wait(10) == -signal.SIGSEGV
        if child.hello["python"] >= [3, 3]:
            assert "Segmentation fault" in child.log()
            assert "in crash" in child.log()


@on_every_interpreter
def test_an_interrupt_between_two_messages_ends_the_child_quietly(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        child.call("echo", value=1)
        time.sleep(0.05)  # until it waits for the next message
        child.process.send_signal(signal.SIGINT)
        assert child.process.wait(10) == 130
        assert "Traceback" not in child.log()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux kills children with their parent")
@on_every_interpreter
def test_a_child_dies_with_its_parent_though_it_is_busy(python: str, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", DYING_PARENT, python, str(RUNNER), f"{USER_CODE}:sleep", str(tmp_path / "log")],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    pid = int(said.stdout)
    deadline = time.monotonic() + 5
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def test_the_dialogues_descriptors_are_not_inherited_by_programs(tmp_path: Path) -> None:
    with Dialogue(sys.executable, tmp_path) as child:
        own = set(os.listdir(f"/proc/{child.process.pid}/fd")) if os.path.isdir("/proc/self/fd") else None
        if own is None:
            pytest.skip("no /proc here to read descriptors from")
        listing = child.ask("call", target="subprocess:getoutput", arguments={"cmd": "exec ls /proc/self/fd"})[
            "value"
        ].split()
    high = {number for number in own if int(number) > 100}
    assert len(high) == 2
    assert not high & set(listing)
