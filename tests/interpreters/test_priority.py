"""The CPU priority of an interpreter: raised where that is permitted, in the real-time class and back."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.priority import raise_priority, set_real_time
from pytest_multicore.interpreters.process import IsolatedInterpreter
from tests.interpreters.living import Open, call


def may_raise_priority() -> bool:
    """Whether a process of this user gets the highest priority when it asks for it."""
    program = "import os; os.setpriority(os.PRIO_PROCESS, 0, -20)"
    return subprocess.run([sys.executable, "-c", program], stderr=subprocess.DEVNULL).returncode == 0


@pytest.mark.parametrize("asked", ["auto", "realtime", "off"])
def test_the_priority_is_raised_where_permitted(asked: str) -> None:
    permitted = "raised (nice -20)" if may_raise_priority() else "not permitted"
    with IsolatedInterpreter(Launch([sys.executable], dict(os.environ), Path.cwd(), priority=asked)) as one:
        nice = psutil.Process(one.pid).nice()
        assert one.priority == ("off" if asked == "off" else permitted)
        assert nice == (-20 if one.priority == "raised (nice -20)" else psutil.Process().nice())


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this system weighs no sessions")
@pytest.mark.parametrize("own_session", [True, False])
def test_only_a_session_of_its_own_is_raised(own_session: bool) -> None:
    before = Path("/proc/self/autogroup").read_text()
    waiting = [sys.executable, "-c", "input()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, start_new_session=own_session) as child:
        raised = raise_priority(child.pid)
        weight = Path(f"/proc/{child.pid}/autogroup").read_text()
        child.communicate(b"\n")
    if not raised:
        pytest.skip("no priority may be raised here")
    assert weight.endswith("nice -20\n") is own_session or weight == before
    assert Path("/proc/self/autogroup").read_text() == before


POLICIES = """
import threading
found = []
threading.Thread(target=lambda: found.append(os.sched_getscheduler(0))).start()
while not found: time.sleep(0.01)
return [os.sched_getscheduler(0), found[0], os.getpriority(os.PRIO_PROCESS, 0)]
"""


@pytest.mark.skipif(not hasattr(os, "sched_setscheduler"), reason="this system has no scheduling classes to choose")
def test_it_is_urged_into_the_real_time_class_and_back(start: Open, workloads: Path) -> None:
    interpreter = start(priority="realtime")
    before = call(interpreter, workloads, POLICIES)
    interpreter.request_real_time(True)
    if "real-time" not in interpreter.priority:
        assert call(interpreter, workloads, POLICIES) == before
        pytest.skip(f"not permitted here: priority {interpreter.priority}")
    assert call(interpreter, workloads, POLICIES)[:2] == [os.SCHED_RR, os.SCHED_RR]
    interpreter.request_real_time(False)
    assert call(interpreter, workloads, POLICIES) == before
    assert interpreter.priority.endswith("were kept waiting, for a while")
    interpreter.request_real_time(True)
    assert interpreter.priority.endswith("were kept waiting")
    interpreter.reset_scheduling()
    assert call(interpreter, workloads, POLICIES) == before
    assert "real-time" not in interpreter.priority


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no scheduling classes to choose")
@pytest.mark.parametrize("asked", ["auto", "off"])
def test_it_stays_in_the_ordinary_class_unless_that_was_asked_for(asked: str, start: Open) -> None:
    interpreter = start(priority=asked)
    interpreter.request_real_time(True)
    assert not interpreter.real_time
    assert os.sched_getscheduler(interpreter.pid) == os.SCHED_OTHER


def test_what_ends_while_it_is_urged_is_no_refusal(start: Open, workloads: Path) -> None:
    interpreter = start()
    interpreter.kill()
    assert set_real_time(interpreter.pid, True)
