"""The control's workers, for real."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from pytest_multicore.interpreters.priority import HIGHEST_NICE, raise_priority, set_real_time
from pytest_multicore.interpreters.process_tree import descendants
from pytest_multicore.measurement import control_workers as module
from pytest_multicore.measurement.control_workers import Burst, ControlWorkers, control_workers, granted_cpus
from pytest_multicore.settings import world_at_start
from tests.fixture_types import Undecided

CPUS: list[int | None] = [*granted_cpus(2)]
LENGTH_S = 0.02

linux = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="nobody is put on a core here")


NO_CLASSES = ["sched_setscheduler", "SCHED_RR", "sched_setaffinity"]


@pytest.fixture
def workers() -> Iterator[ControlWorkers]:
    made = ControlWorkers(2, priority=True)
    yield made
    made.close()


def at_work(workers: ControlWorkers) -> list[int]:
    """The workers alone, in the order in which they were started."""
    (starter,) = (pid for pid in workers.pids if psutil.Process(pid).ppid() == os.getpid())
    return [worker.pid for worker in sorted(map(psutil.Process, workers.pids - {starter}), key=by_start)]


def by_start(process: psutil.Process) -> tuple[float, int]:
    return process.create_time(), process.pid


def found(look: Callable[[], list[Burst] | None], undecided: Undecided, looks: int = 200) -> list[Burst]:
    """What a look finds in which every worker got some of its time; a crowded machine needs a few."""
    for _ in range(looks):
        done = look()
        assert done is not None
        if all(one.speed > 0 and one.cpu_share > 0 for one in done):
            return done
    return undecided(f"other processes had a core in each of {looks} looks")


def is_gone(pid: int) -> bool:
    """Whether a process has ended, whoever shall wait for it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def all_end(pids: list[int]) -> bool:
    """Whether all of these end before long."""
    deadline = time.monotonic() + 10
    while not all(map(is_gone, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return all(map(is_gone, pids))


@pytest.mark.parametrize("cpus", [CPUS[:1], CPUS[1:], CPUS], ids=["one", "another", "both"])
def test_each_worker_tells_what_it_did(workers: ControlWorkers, cpus: list[int | None], undecided: Undecided) -> None:
    done = found(lambda: workers.work(cpus, LENGTH_S), undecided)
    assert len(done) == len(cpus)
    assert max(one.cpu_share for one in done) <= 1.1, "one thread each, with a little of what clocks differ by"


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ControlWorkers]]:
    """Workers that did what the test says, whatever they were asked."""
    started: list[ControlWorkers] = []

    def start(answer: str) -> ControlWorkers:
        program = tmp_path / "program.py"
        program.write_text(
            "import sys\nprint('ready', flush=True)\n"
            f"for line in sys.stdin: print(line.split()[0], {answer!r}, flush=True)\n"
        )
        monkeypatch.setattr(module, "PROGRAM", program)
        started.append(ControlWorkers(answer.count(":"), priority=False))
        return started[-1]

    yield start
    for workers in started:
        workers.close()


def test_speed_and_share_are_by_the_wall(answering: Callable[[str], ControlWorkers]) -> None:
    workers = answering("40:0.02 10:0.005")
    assert workers.work([None, None], 0.02) == [Burst(2000.0, 1.0), Burst(500.0, 0.25)]
    assert workers.work([None, None], 0.04) == [Burst(1000.0, 0.5), Burst(250.0, 0.125)]
    assert workers.work([None], 0.02) is None, "an answer to another question"


@pytest.mark.parametrize(
    ("answer", "speed"),
    [("20:0.004", 5000.0), ("20:0.002", 10000.0), ("20:0.0001", None), ("0:0.004", None)],
    ids=["all of its time", "half of it", "hardly any", "no step was done in time"],
)
def test_memory_is_copied_by_cpu_time_of_which_there_must_be_some(
    answering: Callable[[str], ControlWorkers], answer: str, speed: float | None
) -> None:
    assert answering(answer).copy_speed(None, ()) == speed


@linux
def test_workers_are_put_on_the_cores_that_are_asked_for(workers: ControlWorkers) -> None:
    first, second = at_work(workers)
    for cpus in (CPUS, CPUS[::-1], CPUS[:1] * 2):
        assert workers.work(cpus, LENGTH_S)
        assert [os.sched_getaffinity(pid) for pid in (first, second)] == [{cpu} for cpu in cpus]


@linux
def test_where_it_does_not_matter_a_worker_is_put_nowhere(workers: ControlWorkers) -> None:
    assert workers.work([None, None], LENGTH_S)
    assert [os.sched_getaffinity(pid) for pid in at_work(workers)] == [os.sched_getaffinity(0)] * 2


@linux
def test_two_workers_on_one_core_share_it(workers: ControlWorkers) -> None:
    """What somebody else gets of a worker's core shows in its share of the time."""
    for _ in range(5):
        done = workers.work(CPUS[:1] * 2, 5 * LENGTH_S)
        assert done is not None
        assert sum(one.cpu_share for one in done) <= 1.1


@linux
def test_a_core_that_is_not_to_be_had_is_no_error(workers: ControlWorkers, undecided: Undecided) -> None:
    """It was taken from us meanwhile."""
    nowhere = max(os.sched_getaffinity(0)) + 4096
    assert len(found(lambda: workers.work([nowhere, *CPUS[:1]], LENGTH_S), undecided)) == 2


def test_one_copies_memory_alone_and_beside_others(workers: ControlWorkers, undecided: Undecided) -> None:
    for also in ((), CPUS[1:]):
        looks = [workers.copy_speed(CPUS[0], also) for _ in range(50)]
        told = [speed for speed in looks if speed is not None]
        if not told:
            undecided("other processes had the core in each of 50 looks")
        assert min(told) > 0


def test_workers_sleep_between_bursts_and_end_with_their_starter(workers: ControlWorkers) -> None:
    assert workers.work(CPUS, LENGTH_S)
    processes = [psutil.Process(pid) for pid in workers.pids]
    assert len(processes) == 1 + workers.count
    before_s = sum(sum(process.cpu_times()[:2]) for process in processes)
    time.sleep(0.5)
    assert sum(sum(process.cpu_times()[:2]) for process in processes) - before_s <= 0.05
    workers.close()
    assert all_end([process.pid for process in processes])


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nobody stands still here")
@pytest.mark.parametrize("standing", [0, 1, 2])
def test_one_that_stands_still_keeps_no_other_from_its_end(standing: int) -> None:
    made = ControlWorkers(3, priority=False)
    assert made.work([None] * 3, LENGTH_S), "all of them have begun"
    pids = at_work(made)
    stopped = pids.pop(standing)
    os.kill(stopped, signal.SIGSTOP)
    try:
        made.close()
        assert all_end(pids)
    finally:
        os.kill(stopped, signal.SIGKILL)


@pytest.mark.parametrize("whom", ["starter", "worker"])
def test_workers_that_somebody_ended_tell_nothing_and_break_nothing(workers: ControlWorkers, whom: str) -> None:
    assert workers.work(CPUS, LENGTH_S)
    pids = [*workers.pids]
    starter = (set(pids) - set(at_work(workers))).pop()
    ended = starter if whom == "starter" else at_work(workers)[0]
    psutil.Process(ended).kill()
    assert all_end([ended])
    assert workers.work(CPUS, LENGTH_S) is None
    assert workers.copy_speed(CPUS[0], ()) is None
    workers.real_time(True)
    assert all_end(pids), "nor does any of the others live on"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers of signals here")
def test_a_burst_that_is_broken_off_leaves_no_answer_to_the_next(workers: ControlWorkers) -> None:
    def raise_alarm(*_: object) -> None:
        raise TimeoutError

    def broken_off() -> None:
        signal.setitimer(signal.ITIMER_REAL, LENGTH_S / 2)
        workers.work(CPUS, LENGTH_S)

    before = signal.signal(signal.SIGALRM, raise_alarm)
    try:
        with pytest.raises(TimeoutError):
            broken_off()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    one = workers.work(CPUS[:1], LENGTH_S)
    assert one is not None
    assert len(one) == 1


def permitted(what: Callable[[int], object]) -> object:
    """What comes of a change to some process."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as some:
        answer = what(some.pid)
        some.communicate(b"\n")
    return answer


@pytest.mark.parametrize("priority", [True, False])
def test_workers_have_the_priority_that_is_asked_for(priority: bool) -> None:
    if not permitted(raise_priority):
        pytest.skip("no priority may be raised here")
    made = ControlWorkers(2, priority=priority)
    try:
        ours = psutil.Process().nice()
        assert {psutil.Process(pid).nice() for pid in made.pids} == {HIGHEST_NICE if priority else ours}
    finally:
        made.close()


@linux
def test_workers_go_into_the_real_time_class_and_back(workers: ControlWorkers) -> None:
    if not permitted(lambda pid: set_real_time(pid, True)):
        pytest.skip("the real-time class is not permitted here")
    for real_time, policy in ((True, os.SCHED_RR), (False, os.SCHED_OTHER), (True, os.SCHED_RR)):
        workers.real_time(real_time)
        assert {os.sched_getscheduler(pid) for pid in workers.pids} == {policy}
        assert workers.work(CPUS, LENGTH_S)


def test_a_process_has_its_workers_once_for_each_number_of_them() -> None:
    assert control_workers(1, priority=False) is control_workers(1, priority=False)
    assert control_workers(3, priority=False) is not control_workers(1, priority=False)
    assert control_workers(3, priority=False).count == 3


def test_they_end_with_the_process_that_had_them() -> None:
    having = (
        "from pytest_multicore.measurement.control_workers import control_workers\n"
        "print(*control_workers(2, priority=False).pids, flush=True)\n"
        "input()"
    )
    with subprocess.Popen([sys.executable, "-c", having], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert {one.pid for one in descendants(process.pid)} == set(pids)
        assert len(pids) == 3
        process.kill()
    assert all_end(pids)


@pytest.mark.parametrize("lacking", [NO_CLASSES, [*NO_CLASSES, "fork"]], ids=["macOS", "Windows"])
def test_a_system_without_a_real_time_class_has_workers_too(
    lacking: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undecided: Undecided
) -> None:
    """Python's os has neither classes nor affinities there, and on Windows no fork."""
    without = f"import os, runpy, sys\nfor name in {lacking}:\n"
    without += "    if hasattr(os, name):\n        delattr(os, name)\n"
    program = tmp_path / "program.py"
    program.write_text(f"{without}runpy.run_path({str(module.PROGRAM)!r}, run_name='__main__')\n")
    monkeypatch.setattr(module, "PROGRAM", program)
    made = ControlWorkers(2, priority=True)
    try:
        for cpus in ([None], CPUS):
            assert len(found(partial(made.work, cpus, LENGTH_S), undecided)) == len(cpus)
    finally:
        made.close()


@pytest.mark.parametrize(("count", "cpus"), [(8, [*range(8)]), (4, [0, 2, 4, 6]), (3, [0, 2, 4]), (1, [0])])
def test_a_quotas_few_cores_are_spread_over_those_that_may_be_used(
    monkeypatch: pytest.MonkeyPatch, count: int, cpus: list[int]
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert granted_cpus(count) == cpus


def test_where_no_core_can_be_named_none_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world_at_start, "HAS_AFFINITY", False)
    assert granted_cpus(2) == [None, None]
