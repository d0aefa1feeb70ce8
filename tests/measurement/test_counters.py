"""Both ways to read the counters, held against real processes of known behaviour."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

import psutil
import pytest

from pytest_multicore.interpreters.priority import raise_priority
from pytest_multicore.measurement import counters
from pytest_multicore.measurement.counters import Counters, PsutilCounters
from pytest_multicore.measurement.quiet import wait_until_quiet
from tests.fixture_types import Undecided

READERS: list[Counters] = [PsutilCounters()]
if sys.platform == "linux":
    from pytest_multicore.measurement import linux
    from pytest_multicore.measurement.linux import ProcCounters, process_cpu_s

    READERS.append(ProcCounters())

both = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)

# Burns the CPU seconds that it is told on its input, then answers. It ends by itself when the input does.
BURNER = """
import sys, time, subprocess
for line in sys.stdin:
    end = time.process_time() + float(line)
    while time.process_time() < end: pass
    print("done", flush=True)
"""


@pytest.fixture
def burner() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", BURNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        burn(process, 0.0)
        yield process
        assert process.stdin is not None
        process.stdin.close()


def burn(process: "subprocess.Popen[str]", cpu_s: float) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{cpu_s}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


@both
def test_cpu_time_of_a_process_is_what_it_burnt(reader: Counters, burner: "subprocess.Popen[str]") -> None:
    before = reader.tree(burner.pid)
    burn(burner, 0.3)
    after = reader.tree(burner.pid)
    used_s = after.process_cpu_s[burner.pid] - before.process_cpu_s[burner.pid]
    assert used_s == pytest.approx(0.3, abs=0.03)
    assert reader.tree_cpu_s(burner.pid, after) >= used_s


@both
def test_the_tree_holds_grandchildren(reader: Counters) -> None:
    starter = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", starter], stdin=subprocess.PIPE) as process:
        deadline = time.monotonic() + 10
        while len(reader.tree(process.pid).process_cpu_s) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(reader.tree(process.pid).process_cpu_s) == 2
        process.communicate(b"\n")


@both
def test_the_machine_is_busy_when_somebody_burns(reader: Counters, burner: "subprocess.Popen[str]") -> None:
    before = reader.machine()
    burn(burner, 0.4)
    after = reader.machine()
    assert before.busy_s is not None
    assert after.busy_s is not None
    assert after.busy_s - before.busy_s >= 0.3


@both
def test_a_process_that_is_gone_is_an_empty_tree(reader: Counters) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert reader.tree(process.pid).process_cpu_s == {}
    assert reader.tree_cpu_s(process.pid, None) == 0.0


@both
def test_a_resting_process_is_quiet_and_a_spinning_one_is_not(
    reader: Counters, burner: "subprocess.Popen[str]", undecided: Undecided
) -> None:
    raise_priority(burner.pid)  # as measured interpreters have it
    assert wait_until_quiet([(burner.pid, None)], reader, 2.0)
    assert burner.stdin is not None
    assert burner.stdout is not None
    rested_s = reader.tree_cpu_s(burner.pid, None)
    burner.stdin.write("0.8\n")
    burner.stdin.flush()
    while reader.tree_cpu_s(burner.pid, None) - rested_s < 0.02:
        time.sleep(0.001)
    spun_s, began_s = reader.tree_cpu_s(burner.pid, None), time.monotonic()
    # For some milliseconds it may have no core, where real-time threads have them: those of another measurement.
    quiet = all(wait_until_quiet([(burner.pid, None)], reader, 0.2) for _ in range(5))
    if quiet and reader.tree_cpu_s(burner.pid, None) - spun_s < 0.05 * (time.monotonic() - began_s):
        undecided("it got no core")
    assert not quiet
    assert wait_until_quiet([(burner.pid, None)], reader, 30.0), "it rests once the work is done"
    burner.stdout.readline()


@pytest.mark.skipif(sys.platform != "linux", reason="nobody else tells how long a thread waited for a core")
def test_a_thread_that_shares_its_core_waits_for_it(burner: "subprocess.Popen[str]") -> None:
    """Two processes on one CPU: each waits about as long as it runs."""
    cpu = min(os.sched_getaffinity(0))
    rival = "import time, os\nend = time.monotonic() + 1.2\nwhile time.monotonic() < end: pass"
    with subprocess.Popen([sys.executable, "-c", rival]) as other:
        for pid in (burner.pid, other.pid):
            os.sched_setaffinity(pid, {cpu})
        before = ProcCounters().tree(burner.pid).tasks[burner.pid, burner.pid]
        burn(burner, 0.3)
        after = ProcCounters().tree(burner.pid).tasks[burner.pid, burner.pid]
    assert before.delay_s is not None
    assert after.delay_s is not None
    assert after.delay_s - before.delay_s > 0.1


@pytest.mark.skipif(sys.platform != "linux", reason="the clock id is Linux's")
def test_the_process_clock_is_pythons_own() -> None:
    ours = process_cpu_s(os.getpid())
    assert ours == pytest.approx(time.process_time(), abs=0.02)
    assert process_cpu_s(2**22 + 1) is None


def test_psutils_counters_can_be_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(counters.FORCE_VARIABLE, "psutil")
    assert counters.for_this_system().name == "psutil"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_process_whose_threads_are_not_told_counts_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS tells them to root alone."""

    def refused(process: psutil.Process) -> list[object]:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "threads", refused)
    tree = PsutilCounters().tree(os.getpid())
    assert tree.process_cpu_s[os.getpid()] > 0
    assert tree.tasks == {}


def test_a_kernel_without_schedstat_leaves_waits_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero would read as "nobody waited", and a neighbour's load as a missed limit."""
    from pytest_multicore.measurement import linux

    monkeypatch.setattr(linux, "_waits_are_reported", lambda: False)
    tasks = ProcCounters().tree(os.getpid()).tasks
    assert tasks
    assert {task.delay_s for task in tasks.values()} == {None}


@pytest.mark.skipif(
    sys.platform != "linux" or not linux._all_processes_are_visible(), reason="some processes are not to be seen here"
)
def test_others_are_everybody_but_the_tree_and_this_thread(burner: "subprocess.Popen[str]") -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as measured:

        def others() -> Mapping[int, float]:
            """They are unknown where a process ended meanwhile, as those of the suite's other lane do."""
            while (told := ProcCounters().tree(measured.pid).others_cpu_s) is None:
                pass
            return told

        before = others()
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass
        between = others()
        burn(burner, 0.2)
        after = others()
        measured.communicate(b"\n")
    assert measured.pid not in before
    assert between[os.getpid()] - before[os.getpid()] < 0.05, "this thread only looks on"
    assert after[burner.pid] - between[burner.pid] == pytest.approx(0.2, abs=0.03)


# Has a child that used CPU time and ended; waits for it when its input says so.
WAITS_LATER = """
import os, sys, time
child = os.fork()
if not child:
    while time.process_time() < 0.2: pass
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
sys.stdin.readline()
os.waitpid(child, 0)
print("waited", flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the order of /proc is Linux's")
def test_a_child_that_is_waited_for_while_processes_are_listed_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parent was listed before that, and it is not listed any more."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", WAITS_LATER], stdin=pipe, stdout=pipe, text=True) as parent:
        say, said = parent.stdin, parent.stdout
        assert say is not None
        assert said is not None
        child, plain = int(said.readline()), linux._stat
        before = ProcCounters().tree(parent.pid)

        def stat(task: str) -> list[bytes] | None:
            if task == str(child) and psutil.pid_exists(child):
                say.write("\n")
                say.flush()
                assert said.readline() == "waited\n"
            return plain(task)

        monkeypatch.setattr(linux, "_stat", stat)
        after = ProcCounters().tree(parent.pid, before)
        monkeypatch.undo()
        parent.communicate("\n")
    assert not psutil.pid_exists(child)
    assert child in before.process_cpu_s
    in_all_s = after.reaped_cpu_s[parent.pid] + after.process_cpu_s.get(child, 0.0)
    assert in_all_s == pytest.approx(before.process_cpu_s[child], abs=0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux counts them")
def test_a_process_that_was_started_is_counted() -> None:
    before = ProcCounters().machine()
    subprocess.run([sys.executable, "-c", ""], check=True)
    after = ProcCounters().machine()
    assert before.started is not None
    assert after.started is not None
    assert after.started > before.started
