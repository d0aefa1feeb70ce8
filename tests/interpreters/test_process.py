"""One isolated interpreter and everything that can go wrong with it: one clear error each, and nothing left over."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pytest_multicore.errors import InterpreterCrashed, ProtocolError, TimedOut, WorkloadError
from pytest_multicore.interpreters import log, orphans
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.priority import set_real_time
from pytest_multicore.interpreters.process import IsolatedInterpreter

Open = Callable[..., IsolatedInterpreter]
TIMEOUT_S = 60.0


@pytest.fixture
def workloads(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def start() -> Iterator[Open]:
    opened: list[IsolatedInterpreter] = []

    def start(**variables: str) -> IsolatedInterpreter:
        launch = Launch([sys.executable], {**os.environ, **variables}, Path.cwd())
        opened.append(IsolatedInterpreter(launch))
        return opened[-1]

    yield start
    for interpreter in opened:
        interpreter.close()
        assert not psutil.pid_exists(interpreter.pid)


def call(interpreter: IsolatedInterpreter, folder: Path, body: str, timeout_s: float = TIMEOUT_S) -> object:
    file = folder / "work.py"
    file.write_text("import os, sys, time, signal, subprocess\ndef work():\n" + textwrap.indent(body, "    "))
    return interpreter.ask("call", "result", timeout_s, target=f"{file}:work", arguments={}, path=[])["value"]


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(map(alive, pids)):
        time.sleep(0.02)
    assert not [pid for pid in pids if alive(pid)]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_it_answers_and_ends(start: Open, workloads: Path) -> None:
    interpreter = start(OMP_NUM_THREADS="3")
    assert call(interpreter, workloads, "return [os.environ['OMP_NUM_THREADS'], os.getpid()]") == ["3", interpreter.pid]
    interpreter.close()
    interpreter.close()
    with pytest.raises(ProtocolError, match="was closed"):
        interpreter.ask("facts", "facts", 1.0, variables=[])


def test_an_exception_carries_the_childs_traceback(start: Open, workloads: Path) -> None:
    with pytest.raises(WorkloadError) as raised:
        call(start(), workloads, "print('before')\nraise ValueError('no such shape')")
    assert "ValueError: no such shape" in str(raised.value)
    assert "in work" in raised.value.child_traceback
    assert "before" in raised.value.log_tail


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("os._exit(7)", "ended by itself with exit status 7"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "was ended by SIGSEGV"),
        ("print('last words'); sys.stdout.flush(); os.abort()", "was ended by SIGABRT"),
        ("os.closerange(3, 10000); return 1", "ended by itself with exit status 1"),
    ],
)
def test_a_crash_says_how_it_ended(start: Open, workloads: Path, body: str, expected: str) -> None:
    with pytest.raises(InterpreterCrashed, match=expected) as raised:
        call(start(), workloads, body)
    if "last words" in body:
        assert "last words" in raised.value.log_tail


def test_sys_exit_is_an_error_of_the_workload(start: Open, workloads: Path) -> None:
    with pytest.raises(WorkloadError, match=r"exit|3"):
        call(start(), workloads, "sys.exit(3)")


def test_a_hang_ends_within_the_timeout_with_all_that_it_started(start: Open, workloads: Path) -> None:
    pids = workloads / "pids"
    body = f"""
        one = subprocess.Popen(['sleep', '60'])
        two = subprocess.Popen(['sleep', '60'], start_new_session=True)
        open({str(pids)!r}, 'w').write('%d %d' % (one.pid, two.pid))
        while True: pass
    """
    began = time.monotonic()
    with pytest.raises(TimedOut, match=r"no answer within 1\.5 s"):
        call(start(), workloads, textwrap.dedent(body), timeout_s=1.5)
    assert time.monotonic() - began < 10
    wait_until_gone([int(pid) for pid in pids.read_text().split()])


def test_a_crash_leaves_no_children_even_in_sessions_of_their_own(start: Open, workloads: Path) -> None:
    pids = workloads / "pids"
    body = f"""
        one = subprocess.Popen(['sleep', '60'])
        two = subprocess.Popen(['sleep', '60'], start_new_session=True)
        open({str(pids)!r}, 'w').write('%d %d' % (one.pid, two.pid))
        os._exit(1)
    """
    with pytest.raises(InterpreterCrashed):
        call(start(), workloads, textwrap.dedent(body))
    wait_until_gone([int(pid) for pid in pids.read_text().split()])


def test_a_paused_interpreter_burns_nothing_and_goes_on_when_asked(start: Open, workloads: Path) -> None:
    """Threads that spin between messages, as an OpenMP runtime with an active wait policy does, stand still."""
    interpreter = start()
    spin = "import threading\ndef go():\n    while True: pass\nthreading.Thread(target=go, daemon=True).start()"
    call(interpreter, workloads, spin)
    process = psutil.Process(interpreter.pid)
    interpreter.pause()
    interpreter.pause()
    time.sleep(0.05)
    before = process.cpu_times()
    time.sleep(0.3)
    after = process.cpu_times()
    assert after.user + after.system - before.user - before.system < 0.05
    (workloads / "again.py").write_text("def work(): return 7")
    assert (
        interpreter.ask("call", "result", 60, target=f"{workloads}/again.py:work", arguments={}, path=[])["value"] == 7
    )
    interpreter.pause()
    began = time.monotonic()
    interpreter.close()
    assert time.monotonic() - began < 4


def test_a_fork_that_holds_the_pipe_open_hides_no_crash(start: Open, workloads: Path) -> None:
    began = time.monotonic()
    with pytest.raises(InterpreterCrashed, match="exit status 9"):
        call(start(), workloads, "if os.fork() == 0:\n    time.sleep(30)\n    os._exit(0)\nos._exit(9)")
    assert time.monotonic() - began < 15


def test_a_flood_is_kept_small_and_harms_nobody(start: Open, workloads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LARGEST_BYTES", 1024 * 1024)
    interpreter = start()
    body = "for i in range(40000): print('x' * 1000)\nprint('the end'); sys.stdout.flush(); time.sleep(0.5)\nreturn 5"
    assert call(interpreter, workloads, body) == 5
    assert interpreter.log_tail().endswith("the end")
    assert len(interpreter.log_tail()) <= log.KEPT_BYTES
    assert os.fstat(interpreter._log.fileno()).st_size < 45_000_000


def test_prints_never_mix_with_the_dialogue(start: Open, workloads: Path) -> None:
    body = "os.write(1, b'{}\\n'); subprocess.call(['echo', '{\"type\": \"result\"}']); return sys.stdin.read()"
    assert call(start(), workloads, body) == ""


def test_an_interpreter_that_cannot_start_is_named() -> None:
    with pytest.raises(InterpreterCrashed, match=r"/no/python cannot be started: No such file"):
        IsolatedInterpreter(Launch(["/no/python"], {}, Path.cwd()))


def test_a_program_that_is_no_python_is_an_error() -> None:
    with pytest.raises((InterpreterCrashed, ProtocolError)):
        IsolatedInterpreter(Launch(["echo"], dict(os.environ), Path.cwd()))


@pytest.mark.parametrize("raising", [True, False])
def test_the_priority_is_raised_where_permitted(raising: bool) -> None:
    with IsolatedInterpreter(Launch([sys.executable], dict(os.environ), Path.cwd(), raise_priority=raising)) as one:
        nice = psutil.Process(one.pid).nice()
        if not raising:
            assert (one.priority, nice) == ("off", psutil.Process().nice())
        elif one.priority == "not permitted":
            assert nice == psutil.Process().nice()
        else:
            assert (one.priority, nice) == ("raised (nice -20)", -20)


OWNER = """
import os, signal, sys, time
# A shell that runs the tests in its background has its processes ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.orphans import guard
one = IsolatedInterpreter(Launch([sys.executable], dict(os.environ), Path.cwd()))
Path(sys.argv[1], "w.py").write_text(
    "import subprocess\\ndef work():\\n    one = subprocess.Popen(['sleep', '60'])\\n"
    "    return [one.pid, subprocess.Popen(['sleep', '60'], start_new_session=True).pid]\\n"
    "def hang():\\n    while True: pass\\n")
file = os.path.join(sys.argv[1], "w.py")
child = one.ask("call", "result", 30, target=file + ":work", arguments={}, path=[])["value"]
print(one.pid, *child, guard().pid, flush=True)
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


def test_the_mark_finds_a_process_wherever_it_hangs() -> None:
    mark = "test-of-the-mark"
    with subprocess.Popen(["sleep", "30"], env={**os.environ, orphans.MARK: mark}, start_new_session=True) as process:
        deadline = time.monotonic() + 5
        while not orphans.marked(mark) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [one.pid for one in orphans.marked(mark)] == [process.pid]
        process.kill()


POLICIES = """
import threading
found = []
threading.Thread(target=lambda: found.append(os.sched_getscheduler(0))).start()
while not found: time.sleep(0.01)
return [os.sched_getscheduler(0), found[0], os.getpriority(os.PRIO_PROCESS, 0)]
"""


@pytest.mark.skipif(not hasattr(os, "sched_setscheduler"), reason="this system has no scheduling classes to choose")
def test_it_is_urged_into_the_real_time_class_and_back(start: Open, workloads: Path) -> None:
    interpreter = start()
    before = call(interpreter, workloads, POLICIES)
    interpreter.urge(True)
    if "real-time" not in interpreter.priority:
        assert call(interpreter, workloads, POLICIES) == before
        pytest.skip(f"not permitted here: priority {interpreter.priority}")
    assert call(interpreter, workloads, POLICIES)[:2] == [os.SCHED_RR, os.SCHED_RR]  # type: ignore[index]
    interpreter.urge(False)
    assert call(interpreter, workloads, POLICIES) == before
    assert interpreter.priority.endswith("were kept waiting, for a while")
    interpreter.urge(True)
    assert interpreter.priority.endswith("were kept waiting")
    interpreter.calm()
    assert call(interpreter, workloads, POLICIES) == before
    assert "real-time" not in interpreter.priority


def test_what_ends_while_it_is_urged_is_no_refusal(start: Open, workloads: Path) -> None:
    interpreter = start()
    interpreter.kill()
    assert set_real_time(interpreter.pid, True)


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
