"""What is seen from outside of a real process: its threads, one at work and one that stands by, and its child."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pytest_multicore.measurement.thread_sampler import Sampler

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads are looked at on Linux only")

PROGRAM = """
import subprocess, sys, threading
stop = threading.Event()
threading.Thread(target=stop.wait, name="idle").start()
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"OMP_NUM_THREADS": "3"})
print("ready", flush=True)
sys.stdin.readline()
while not stop.is_set():
    sum(range(1000))
    import select
    if select.select([sys.stdin], [], [], 0)[0]:
        stop.set()
child.communicate(b"\\n")
"""


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.communicate("\n", timeout=20)


def test_threads_are_seen_at_work_and_standing_by(program: "subprocess.Popen[str]") -> None:
    assert program.stdin is not None
    stats = [*Path(f"/proc/{program.pid}/task").glob("*/stat")]
    while {stat.read_text().rpartition(") ")[2][0] for stat in stats} != {"S"}:
        time.sleep(0.001)  # the idle thread has begun, and may not stand by yet
    program.stdin.write("\n")
    program.stdin.flush()
    with Sampler(program.pid, ["OMP_NUM_THREADS"]) as sampler:
        busy_until = psutil.Process(program.pid).cpu_times().user + 0.5  # however busy the machine is
        while psutil.Process(program.pid).cpu_times().user < busy_until:
            time.sleep(0.1)
    seen = sampler.samples

    main, *others = [task for task in seen.tasks if task.pid == program.pid]
    assert (main.tid, len(others)) == (program.pid, 1)
    assert main.states["R"] > 0.5
    assert others[0].states == {"S": 1.0}
    assert others[0] not in seen.at_work
    assert main.affinity == others[0].affinity != ""
    assert seen.variables == {pid: {"OMP_NUM_THREADS": "3"} for pid in {task.pid for task in seen.tasks} - {main.pid}}
    assert seen.root == program.pid

    looks = main.timeline
    assert len(looks) > 5
    assert [at for at, _, _ in looks] == sorted(at for at, _, _ in looks)
    assert sum(cores > 0 for _, cores, _ in looks) > len(looks) / 2
    assert {state for _, _, state in others[0].timeline} == {"S"}


def test_what_others_use_meanwhile_is_told(program: "subprocess.Popen[str]") -> None:
    burn = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    with Sampler(program.pid) as sampler:
        subprocess.run([sys.executable, "-c", burn], check=True)
    assert sampler.samples.foreign_cores * sampler.samples.wall_s > 0.2
