"""Neighbours that load the machine while something is measured: real processes, which end by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

#: So long a neighbour lives at most, should nobody end it.
LONGEST_S = 900

BUSY = "while time.monotonic() < end: sum(range(1000))"
GUSTS = """
while time.monotonic() < end:
    pause = time.monotonic() + 0.2
    while time.monotonic() < pause: sum(range(1000))
    time.sleep(0.2)
"""
HOG = """
import numpy
source, target = numpy.ones(16_000_000), numpy.empty(16_000_000)
while time.monotonic() < end: numpy.copyto(target, source)
"""
SUITE = """
import json, time
import pytest

@pytest.mark.parametrize("number", range(2000))
def test_parses(number):
    end = time.monotonic() + 0.02
    while time.monotonic() < end: json.loads(json.dumps({str(key): [key] * 10 for key in range(200)}))
    time.sleep(0.005)
"""
NAMES = ("none", "one", "two", "gusts", "suite", "hog")


@dataclass(frozen=True)
class Company:
    """Neighbours that are there: processes that each lead a session, and a group, of their own."""

    leaders: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A machine that is quiet for a while, without them."""
        self.tell(signal.SIGSTOP)
        try:
            yield
        finally:
            self.tell(signal.SIGCONT)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to them and to all that they started."""
        for leader in self.leaders:
            os.killpg(leader.pid, number)


@contextmanager
def neighbours(name: str) -> Iterator[Company]:
    """Have these neighbours for a while: one of NAMES.

    none; one or two endless loops; one that comes and goes every 200 ms; an unmarked suite on two workers of
    pytest-xdist, again and again; a process that copies memory.
    """
    scripts = {"none": [], "one": [BUSY], "two": [BUSY, BUSY], "gusts": [GUSTS], "hog": [HOG]}
    company = Company()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        running.callback(_end, company)
        if name == "suite":
            Path(folder, "test_suite.py").write_text(SUITE)
            Path(folder, "pytest.ini").write_text("[pytest]\n")
            again = f"for _ in range({LONGEST_S // 20}): subprocess.run({_suite()!r}, cwd={folder!r})"
            _start(company, f"import subprocess\n{again}", quiet=True)
        for script in scripts.get(name, []):
            _start(company, f"import time\nend = time.monotonic() + {LONGEST_S}\n{script}")
        yield company


def _suite() -> Sequence[str]:
    return [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:multicore", "-p", "no:cacheprovider"]


def _start(company: Company, script: str, *, quiet: bool = False) -> None:
    errors = subprocess.DEVNULL if quiet else None
    command = [sys.executable, "-c", script]
    # Not our output: a pipe that we write to would stay open as long as they live.
    company.leaders.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True))


def _end(company: Company) -> None:
    company.tell(signal.SIGKILL)
    for leader in company.leaders:
        leader.wait()
