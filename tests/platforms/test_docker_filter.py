"""Behind Docker's default filter of system calls everything works, and says what it lacks."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SERIAL
from tests.fixture_types import Undecided

from .docker_filter import NUMBERS

FILTER = Path(__file__).with_name("docker_filter.py")
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in NUMBERS, reason="no filter is written for this machine"
)

REFUSED = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
answers = {}
for name, call in {
    "fixed addresses": lambda: libc.personality(0x0040000),
    "personality": lambda: libc.personality(0xFFFFFFFF),
    "memory policy": lambda: libc.syscall(NUMBER_OF_SET_MEMPOLICY, 0, 0, 0),
}.items():
    ctypes.set_errno(0)
    answers[name] = [call() == -1, ctypes.get_errno()]
for name, call in {
    "real time": lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)),
    "first": lambda: os.setpriority(os.PRIO_PROCESS, 0, -20),
    "last": lambda: os.setpriority(os.PRIO_PROCESS, 0, 19),
}.items():
    try:
        call()
        answers[name] = [False, 0]
    except PermissionError as error:
        answers[name] = [True, error.errno]
print(json.dumps(answers))
"""
PERMISSIONS = """
import json
from pytest_multicore.interpreters.permissions import permissions
print(json.dumps(permissions()))
"""
SESSION = f"""
import pytest

@pytest.mark.multicore(min_cores=0.5, threads=1)
def test_met():
    {SERIAL}

@pytest.mark.multicore(min_cores=1.5)
def test_missed():
    {SERIAL}
"""


def behind_the_filter(*arguments: str, folder: Path | None = None) -> str:
    command = [sys.executable, str(FILTER), sys.executable, *arguments]
    ended = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return ended.stdout


def test_the_filter_refuses_what_dockers_does() -> None:
    program = REFUSED.replace("NUMBER_OF_SET_MEMPOLICY", str(NUMBERS[platform.machine()]["set_mempolicy"]))
    answers = json.loads(behind_the_filter("-c", program))
    refused, permitted = [True, 1], [False, 0]
    assert answers == {
        **dict.fromkeys(("fixed addresses", "memory policy", "real time", "first"), refused),
        **dict.fromkeys(("personality", "last"), permitted),
    }


def test_each_refusal_is_known_beforehand() -> None:
    found = json.loads(behind_the_filter("-c", PERMISSIONS))
    assert {name: found[name] for name in ("nice", "real_time", "fixed_addresses", "perf")} == dict.fromkeys(
        ("nice", "real_time", "fixed_addresses", "perf"), False
    )


@pytest.mark.slow
def test_a_serial_loop_has_its_verdicts(tmp_path: Path, undecided: Undecided) -> None:
    (tmp_path / "test_it.py").write_text(SESSION)
    options = ("-p", "no:cacheprovider", "--multicore-json=report.json", "--multicore-priority=realtime")
    output = behind_the_filter("-m", "pytest", *options, folder=tmp_path)
    results = json.loads((tmp_path / "report.json").read_text())["results"]
    met, missed = (result["outcome"] for result in results)
    assert met in ("passed", "inconclusive"), output
    assert missed in ("failed", "inconclusive"), output
    assert "note: CPU priority: not permitted" in output
    assert "note: test_missed: memory layout: cannot be fixed here" in output
    if "inconclusive" in (met, missed):
        undecided(output)
    assert "1 failed, 1 passed" in output
