"""However an interpreter ends, or who holds it, nothing is left over."""

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import nullcontext
from pathlib import Path

import pytest

from pytest_multicore.errors import InterpreterCrash, InterpreterTimeout
from pytest_multicore.interpreters import process_tree
from pytest_multicore.interpreters.guarded_process import GuardedProcess
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
from tests.interpreters.living import TIMEOUT_S, Open, alive, call, wait_until_gone

STARTING_TWO = """
one = subprocess.Popen(['sleep', '60'])
two = subprocess.Popen(['sleep', '60'], start_new_session=True)
open({pids!r}, 'w').write('%d %d' % (one.pid, two.pid))
"""


@pytest.mark.usefixtures("each_kind_of_process")
def test_a_hang_ends_within_the_timeout_with_all_that_it_started(start: Open, workloads: Path) -> None:
    pids = workloads / "pids"
    body = STARTING_TWO.format(pids=str(pids)) + "while True: pass"
    began = time.monotonic()
    with pytest.raises(InterpreterTimeout, match=r"no answer within 1\.5 s"):
        call(start(), workloads, body, timeout_s=1.5)
    assert time.monotonic() - began < 10
    wait_until_gone([int(pid) for pid in pids.read_text().split()])


@pytest.mark.usefixtures("each_kind_of_process")
def test_a_crash_leaves_no_children_even_in_sessions_of_their_own(start: Open, workloads: Path) -> None:
    pids = workloads / "pids"
    body = STARTING_TWO.format(pids=str(pids)) + "os._exit(1)"
    with pytest.raises(InterpreterCrash):
        call(start(), workloads, body)
    wait_until_gone([int(pid) for pid in pids.read_text().split()])


OWNER = """
import os, signal, sys, time
# A shell that runs the tests in its background has its processes ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
one = IsolatedInterpreter(Launch([sys.executable], dict(os.environ), Path.cwd()))
Path(sys.argv[1], "w.py").write_text(
    "import subprocess\\ndef work():\\n    one = subprocess.Popen(['sleep', '60'])\\n"
    "    return [one.pid, subprocess.Popen(['sleep', '60'], start_new_session=True).pid]\\n"
    "def hang():\\n    while True: pass\\n")
file = os.path.join(sys.argv[1], "w.py")
child = one.ask("call", "result", 30, target=file + ":work", arguments={}, path=[])["value"]
print(one.pid, *child, one._process._guard.pid, flush=True)
one.ask("call", "result", 60, target=file + ":hang", arguments={}, path=[])
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_its_killed_owner(how: signal.Signals, tmp_path: Path) -> None:
    """The interpreter is in an endless loop and has a child when the process that holds it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as owner:
        assert owner.stdout is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(pids) == 4
        assert all(map(alive, pids))
        time.sleep(0.2)
        owner.send_signal(how)
        owner.wait(20)
    wait_until_gone(pids)


def guarded(interpreter: IsolatedInterpreter) -> GuardedProcess:
    assert isinstance(interpreter._process, GuardedProcess)
    return interpreter._process


def test_a_ctrl_c_in_the_middle_of_a_poll_does_not_have_it_waited_for_for_ever(start: Open, workloads: Path) -> None:
    """Popen.poll takes a lock; what comes right after that leaves it taken, and Popen.wait wants it."""
    interpreter = start()
    assert call(interpreter, workloads, "return 5") == 5
    process = guarded(interpreter)
    process._guard._waitpid_lock.acquire()  # type: ignore[attr-defined]  # subprocess keeps it to itself
    interpreter.kill()
    assert process.status == -signal.SIGKILL


def test_the_mark_finds_a_process_wherever_it_hangs() -> None:
    mark = f"test-of-the-mark-{uuid.uuid4().hex}"  # of no other suite on this machine
    with subprocess.Popen(
        ["sleep", "30"], env={**os.environ, process_tree.MARK: mark}, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 5
        while not process_tree.marked_processes(mark) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [one.pid for one in process_tree.marked_processes(mark)] == [process.pid]
        process.kill()


SPIN = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"


@pytest.mark.skipif(sys.platform != "linux", reason="the mark is looked for on Linux")
@pytest.mark.slow
def test_the_mark_finds_a_process_that_is_just_being_started() -> None:
    """Beside neighbours, one in five had no environment yet when whoever started it had gone on."""
    neighbours = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(4)]
    try:
        for number in range(40):
            mark = f"test-of-a-start-{uuid.uuid4().hex}"
            environment = {**os.environ, process_tree.MARK: mark}
            with subprocess.Popen(["sleep", "30"], env=environment, start_new_session=True) as process:
                found = [one.pid for one in process_tree.marked_processes(mark)]
                process.kill()
            assert found == [process.pid], number
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()


#: Each leaves a process that leads a session of its own and has an empty environment: no tree and no mark leads to it.
UNMARKED = {
    "one fork": "left = subprocess.Popen(['sleep', '60'], env={}, start_new_session=True).pid",
    "two forks": """
script = (
    "import os, sys\\n"
    "if os.fork(): os._exit(0)\\n"
    "os.setsid()\\n"
    "if os.fork(): os._exit(0)\\n"
    "print(os.getpid(), flush=True)\\n"
    "os.close(1)\\n"
    "os.execve('/bin/sleep', ['sleep', '60'], {})"
)
left = int(subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, env={}, check=True).stdout)
""",
}


#: What the interpreter does afterwards, and what that is reported as.
ENDINGS = {
    "closed": ("return None", None),
    "crashed": ("os._exit(1)", InterpreterCrash),
    "hung": ("while True: pass", InterpreterTimeout),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", InterpreterCrash),
}


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux")
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("how", UNMARKED)
def test_an_unmarked_orphan_ends_with_its_interpreter(start: Open, workloads: Path, how: str, ending: str) -> None:
    interpreter, note = start(), workloads / "left"
    statement, error = ENDINGS[ending]
    body = f"{UNMARKED[how]}\nopen({str(note)!r}, 'w').write(str(left))\n{statement}"
    with pytest.raises(error) if error else nullcontext():
        call(interpreter, workloads, body, timeout_s=1.5 if ending == "hung" else TIMEOUT_S)
    left = int(note.read_text())
    assert alive(left) is (error is None)
    interpreter.close()
    wait_until_gone([left])


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux")
def test_an_unmarked_orphan_ends_when_pytest_is_killed(tmp_path: Path) -> None:
    unmarked = OWNER.replace("start_new_session=True", "env={}, start_new_session=True")
    assert unmarked != OWNER
    with subprocess.Popen([sys.executable, "-c", unmarked, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert all(map(alive, pids))
        owner.kill()
    wait_until_gone(pids)


def test_a_killed_guard_takes_the_interpreter_with_it(workloads: Path) -> None:
    """What it had adopted is looked for by its mark."""
    interpreter = IsolatedInterpreter(Launch([sys.executable], dict(os.environ), Path.cwd()))
    server = call(interpreter, workloads, DETACHED)
    guard = guarded(interpreter)._guard
    guard.kill()
    guard.wait()  # until a core was free for its end the interpreter could still answer
    with pytest.raises(InterpreterCrash, match="its guard process was ended by SIGKILL"):
        call(interpreter, workloads, "return 1")
    wait_until_gone([server, interpreter.pid])


KILLED_AT_ONCE = """
import os, sys
from pathlib import Path
from pytest_multicore.errors import InterpreterCrash
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
launch, sys.executable = Launch([sys.executable], dict(os.environ), Path.cwd()), sys.argv[1]
try:
    IsolatedInterpreter(launch)
except InterpreterCrash as error:
    print(error)
"""


def test_a_guard_that_is_killed_as_it_starts_is_one_error(tmp_path: Path) -> None:
    """By then the interpreter has no process id: 0 would be the group of pytest itself."""
    guard = tmp_path / "python"
    guard.write_text("#!/bin/sh\nkill -KILL $$\n")
    guard.chmod(0o700)
    command = [sys.executable, "-c", KILLED_AT_ONCE, str(guard)]
    ended = subprocess.run(command, capture_output=True, text=True, start_new_session=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "cannot be started: its guard process has ended" in ended.stdout


DETACHED = """
import subprocess
script = (
    "import subprocess\\n"
    "print(subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL, start_new_session=True).pid)"
)
return int(subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True).stdout)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the mark is looked for on Linux")
def test_a_server_that_detached_itself_ends_with_its_interpreter(start: Open, workloads: Path) -> None:
    """Its parent has ended, it leads a session of its own: no tree of processes leads to it."""
    interpreter = start()
    server = call(interpreter, workloads, DETACHED)
    assert alive(server)
    interpreter.close()
    wait_until_gone([server])


ASKS = """
import os, sys
from pathlib import Path
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
Path(sys.argv[1], "w.py").write_text("import time\\ndef work():\\n    time.sleep(0.5)\\n    return 5\\n")
with IsolatedInterpreter(Launch([sys.executable], dict(os.environ), Path.cwd())) as one:
    print("asks", flush=True)
    answer = one.ask("call", "result", 2.0, target=os.path.join(sys.argv[1], "w.py") + ":work", arguments={}, path=[])
    print(answer["value"], flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nobody stands still here")
def test_time_in_which_the_asker_was_stopped_is_no_silence(tmp_path: Path) -> None:
    """By Ctrl-Z, or with its container: the answer lies in the pipe when it goes on."""
    with subprocess.Popen([sys.executable, "-c", ASKS, str(tmp_path)], stdout=subprocess.PIPE, text=True) as asker:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "asks\n"
        asker.send_signal(signal.SIGSTOP)
        time.sleep(3.0)
        asker.send_signal(signal.SIGCONT)
        assert asker.stdout.readline() == "5\n"
