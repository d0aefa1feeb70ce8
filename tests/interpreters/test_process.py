"""One isolated interpreter and everything that can go wrong with it: one clear error each."""

import os
import time
from pathlib import Path

import psutil
import pytest

from pytest_multicore.errors import InterpreterCrash, ProtocolError, WorkloadError
from pytest_multicore.interpreters import log
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
from tests.interpreters.living import Open, call

pytestmark = pytest.mark.usefixtures("each_kind_of_process")


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
        ("os.closerange(3, 65536); return 1", "exit status 88: the measured code closed descriptors that it had not"),
        ("os.closerange(0, 65536); return 1", "exit status 88: the measured code closed descriptors that it had not"),
    ],
)
def test_a_crash_says_how_it_ended(start: Open, workloads: Path, body: str, expected: str) -> None:
    with pytest.raises(InterpreterCrash, match=expected) as raised:
        call(start(), workloads, body)
    if "last words" in body:
        assert "last words" in raised.value.log_tail


def test_sys_exit_is_an_error_of_the_workload(start: Open, workloads: Path) -> None:
    with pytest.raises(WorkloadError, match=r"exit|3"):
        call(start(), workloads, "sys.exit(3)")


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
    with pytest.raises(InterpreterCrash, match="exit status 9"):
        call(start(), workloads, "if os.fork() == 0:\n    time.sleep(30)\n    os._exit(0)\nos._exit(9)")
    assert time.monotonic() - began < 15


def test_a_flood_is_kept_small_and_harms_nobody(start: Open, workloads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MAX_LOG_BYTES", 1024 * 1024)
    interpreter = start()
    flood = "for i in range(40000): print('x' * 1000)\nsys.stdout.flush(); time.sleep(0.5)\n"
    assert call(interpreter, workloads, flood + "print('the end'); sys.stdout.flush()\nreturn 5") == 5
    assert interpreter.log_tail().endswith("the end")
    assert len(interpreter.log_tail()) <= log.TAIL_BYTES
    interpreter._log.truncate()  # as at each wait for an answer
    assert os.fstat(interpreter._log.fileno()).st_size <= log.MAX_LOG_BYTES


def test_prints_never_mix_with_the_dialogue(start: Open, workloads: Path) -> None:
    body = "os.write(1, b'{}\\n'); subprocess.call(['echo', '{\"type\": \"result\"}']); return sys.stdin.read()"
    assert call(start(), workloads, body) == ""


def test_an_interpreter_that_cannot_start_is_named() -> None:
    with pytest.raises(InterpreterCrash, match=r"/no/python cannot be started: No such file"):
        IsolatedInterpreter(Launch(["/no/python"], {}, Path.cwd()))


def test_a_program_that_is_no_python_is_an_error() -> None:
    with pytest.raises((InterpreterCrash, ProtocolError)):
        IsolatedInterpreter(Launch(["echo"], dict(os.environ), Path.cwd()))
