"""On a host that lacks or forbids something a measured test is as elsewhere, or inconclusive with one clear reason."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .hosts import PROJECT, STRANGER, Host, session_on

SOURCE = """
import pytest
def work(): return sum(i * i for i in range(20000))
@pytest.mark.multicore(min_cores=0.001, threads=1)
def test_measured(): work()
def test_plain(): pass
"""
LARGE = "import os\nos.environ.update({{f'LARGE_{{n}}': 'x' * 100_000 for n in range({count})}})\n"
DELETES_TEMPORARY_FILES = """
import shutil, tempfile
def pytest_collection_finish(): shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
"""
NO_PROC = "mount -t tmpfs tmpfs /proc"
READ_ONLY = "for one in /tmp /var/tmp /usr/tmp; do test ! -d $one || mount -t tmpfs -o ro tmpfs $one; done"


@dataclass(frozen=True)
class Fault:
    """What a host lacks; ``told``: what the reason says, nothing where the test is measured all the same."""

    host: Host
    told: tuple[str, ...] = ()
    conftest: str = ""
    variables: Mapping[str, str | None] = field(default_factory=dict)


#: None of these measures.
QUICK = {
    "no /proc": Fault(Host([NO_PROC]), ("/proc is missing, empty or hidden", "mount -t proc proc /proc")),
    "no process can be started": Fault(
        Host(refused=["fork"]), ("Operation not permitted", "a container's filter of system calls")
    ),
}
FAULTS = {
    "another user's": Fault(Host(user=STRANGER)),
    "no /proc for another user": Fault(Host([NO_PROC], user=STRANGER), ("/proc is missing, empty or hidden",)),
    # A proc of its own: an option of the one that is mounted holds for the whole machine.
    "other users' processes hidden": Fault(Host(["mount -t proc -o hidepid=2 proc /proc"], user=STRANGER)),
    "no right to priorities": Fault(Host(bounded=["sys_nice"])),
    "fixed addresses and classes refused": Fault(Host(refused=["personality", "sched_setscheduler", "setpriority"])),
    "stacks and counters refused": Fault(Host(refused=["ptrace", "perf_event_open"])),
    "no os.fork": Fault(Host(), conftest="import os\ndel os.fork, os.forkpty\n"),
    "large variables": Fault(Host(), conftest=LARGE.format(count=15)),
    "too large variables": Fault(
        Host(), ("Argument list too long", "the environment variables are too large"), LARGE.format(count=64)
    ),
    "64 descriptors": Fault(Host(["ulimit -n 64"], user=STRANGER)),
    "20 descriptors": Fault(Host(["ulimit -n 20"]), ("Too many open files", "the limit of open files is reached")),
    "50 processes": Fault(Host(["prlimit --pid $$ --nproc=50"], user=STRANGER)),
    "2 processes": Fault(
        # Another user than the other tests': theirs may take a moment to end, and count.
        Host(["prlimit --pid $$ --nproc=2"], user=STRANGER + 100_000),
        ("Resource temporarily unavailable", "the limit of processes is reached"),
    ),
    "no home": Fault(Host(user=STRANGER), variables={"HOME": None}),
    "temporary files deleted": Fault(
        Host(), ("No such file or directory", "what was there when the session began is gone"), DELETES_TEMPORARY_FILES
    ),
    "no folder for temporary files": Fault(
        Host([READ_ONLY, f"mount -t tmpfs -o ro tmpfs {PROJECT / 'tmp'}"], user=STRANGER)
    ),
}


def meets(fault: Fault, folder: Path) -> None:
    (folder / "test_it.py").write_text(SOURCE)
    if fault.conftest:
        (folder / "conftest.py").write_text(fault.conftest)
    ended = session_on(fault.host, folder, "--multicore-explain=always", variables=fault.variables)
    ended.is_left_open(*fault.told) if fault.told else ended.passes()


@pytest.mark.parametrize("name", QUICK)
def test_where_nothing_can_be_measured_the_reason_says_so(name: str, tmp_path: Path) -> None:
    meets(QUICK[name], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_test_is_measured_or_left_open_with_the_reason(name: str, tmp_path: Path) -> None:
    meets(FAULTS[name], tmp_path)


#: Each reading of the clock of the day sets it back by a second more; the other clocks are left alone.
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
static long back_s;
int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec -= __sync_add_and_fetch(&back_s, 1);
    return failed;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    int failed = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return failed;
}
time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) *now = exact.tv_sec;
    return exact.tv_sec;
}
"""
CLOCK_TESTS = SOURCE.replace("): work()", "):\n    work()\n    began = time.time(); assert time.time() < began")


@pytest.mark.slow
def test_a_clock_that_is_set_back_is_not_measured_by(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("a clock that runs backwards is compiled: this needs a C compiler")
    (tmp_path / "clock.c").write_text(CLOCK)
    library = tmp_path / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "clock.c", "-ldl"], check=True)
    (tmp_path / "test_it.py").write_text("import time\n" + CLOCK_TESTS)
    ended = session_on(Host(), tmp_path, variables={"LD_PRELOAD": str(PROJECT / library.name)})
    ended.passes()
    (result,) = ended.results.values()
    assert result["duration_s"] > 0
    assert result["rounds"]
    assert all(one["wall_s"] > 0 and one["cpu_s"] > 0 for one in result["rounds"])


@pytest.mark.slow
def test_an_explanation_that_the_host_prevents_hides_no_verdict(tmp_path: Path) -> None:
    deletes = "shutil.rmtree(os.environ['TMPDIR'], ignore_errors=True)"
    source = SOURCE.replace("): work()", f"): {deletes}; work()")
    (tmp_path / "test_it.py").write_text(f"import os, shutil\n{source}")
    ended = session_on(Host(), tmp_path, "--multicore-explain=always")
    ended.passes()
    (result,) = ended.results.values()
    (note,) = (one for one in result["notes"] if one.startswith("why could not be found out: "))
    assert "the system refused it: No such file or directory" in note
    assert note in ended.output


@pytest.mark.slow
def test_the_doctor_says_what_the_host_lacks(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SOURCE)
    ended = session_on(QUICK["no /proc"].host, tmp_path, "--multicore-doctor")
    assert ended.status == pytest.ExitCode.USAGE_ERROR
    assert "/proc is missing, empty or hidden" in ended.output
