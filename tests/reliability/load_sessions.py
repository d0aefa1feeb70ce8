"""Real sessions of many marked tests of known programs: their verdicts, and what their parents hold meanwhile."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE
from pytest_multicore.verdicts.statistics import Interval, median_interval

from .sessions import command_of, environment_of

#: In a file of its own each session has as many tests of each kind, in turns.
SOURCE = """
import time
import pytest

def loop(): sum(i * i for i in range(20000))
def sleep(): time.sleep(0.01)
def product():
    import numpy
    matrix = numpy.ones((600, 600))
    matrix @ matrix

LIMITS = {{
    "missed": (loop, {{"min_cores": 1.5, "threads": 2}}),
    "met": (loop, {{"max_cores": 1.5, "threads": 2}}),
    "sleeper": (sleep, {{"max_cores": 0.5, "threads": 2}}),
    "product": (product, {{"min_cores": 1.2, "threads": 2}}),
}}
KINDS = {kinds}

@pytest.mark.parametrize(
    ("kind", "number"),
    [
        pytest.param(kind, number, marks=pytest.mark.multicore(**LIMITS[kind][1]))
        for number in range({tests})
        for kind in KINDS
    ][:{tests}],
)
def test_it(kind, number): LIMITS[kind][0]()
"""
#: What is true of these programs on every machine. What a product comes to, the run alone says.
TRUTH = {"missed": "failed", "met": "passed", "sleeper": "passed"}
#: In the parent alone: what it holds after each test, and the rounds that it keeps at the end.
CONFTEST = """
import gc, json, os
from functools import cache
from pathlib import Path

IS_PARENT = "PYTEST_MULTICORE_INTERPRETER" not in os.environ

if IS_PARENT and (folder := os.environ.get("LOAD_LOCK_FOLDER")):
    from pytest_multicore.measurement import flock_turns, host_lock
    host_lock.host_lock = cache(lambda: flock_turns.HostLock(Path(folder)))

def write(entry):
    with open("samples", "a") as samples:
        samples.write(json.dumps(entry) + "\\n")

if IS_PARENT:
    def pytest_runtest_logfinish(nodeid):
        import psutil
        gc.collect()
        this = psutil.Process()
        with this.oneshot():
            counts = {"fds": this.num_fds(), "threads": this.num_threads(), "rss": this.memory_info().rss}
        write({**counts, "children": len(this.children(recursive=True))})

    def pytest_terminal_summary():
        gc.collect()
        known = gc.get_objects()
        rounds = sum(type(one).__name__ == "Round" for one in known)
        as_data = sum(type(one) is dict and type(one.get("began_s")) is float for one in known)
        write({"rounds_kept": rounds + as_data})
"""
WAITS = re.compile(r"^multicore: waited (?P<total>[\d.]+) s .* at most (?P<longest>[\d.]+) s", re.MULTILINE)


@dataclass
class Load:
    """What a session has come to.

    Attributes:
        status: its exit status.
        seconds: what it took.
        outcomes: of each test, by its kind and number.
        samples: what the parent held after each test: rss in bytes, fds, threads, children.
        rounds_kept: that were not packed at the end; None where the session was killed.
        output: what it printed.
    """

    status: int
    seconds: float
    outcomes: dict[str, str]
    samples: list[dict[str, int]]
    rounds_kept: int | None
    output: str

    @property
    def by_kind(self) -> dict[str, Counter[str]]:
        """How often each outcome was reached, by the kind of program."""
        counts: dict[str, Counter[str]] = {}
        for name, outcome in self.outcomes.items():
            counts.setdefault(name.partition("-")[0], Counter())[outcome] += 1
        return counts

    @property
    def longest_wait_s(self) -> float:
        """As the terminal tells it; 0 where it tells none."""
        found = WAITS.search(self.output)
        return float(found["longest"]) if found else 0.0

    def slope(self, what: str) -> Interval | None:
        """How much is held more for each test, with an interval of 99 %; None: too few tests.

        The first third warms up. Of the rest each sample of the first half is paired with its neighbour in the second
        (Theil's incomplete method, 1950), so that the slopes stand for themselves.
        """
        values = [sample[what] for sample in self.samples[len(self.samples) // 3 :]]
        half = len(values) // 2
        if not half:
            return None
        return median_interval([(values[n + half] - values[n]) / half for n in range(half)], 0.99)


@dataclass
class RunningSession:
    """A session that was started.

    Attributes:
        folder: its own.
        process: pytest.
        ended_s: when it ended, on the monotonic clock.
    """

    folder: Path
    process: subprocess.Popen[bytes]
    began_s: float = field(default_factory=time.monotonic)
    ended_s: float | None = None

    def has_ended(self) -> bool:
        """Whether it has ended by now."""
        if self.ended_s is None and self.process.poll() is not None:
            self.ended_s = time.monotonic()
        return self.ended_s is not None

    def load(self) -> Load:
        """What it has come to."""
        entries = [json.loads(line) for line in _text(self.folder / "samples").splitlines()]
        report = json.loads(_text(self.folder / "r.json") or '{"results": []}')
        outcomes = {one["nodeid"].partition("[")[2].rstrip("]"): one["outcome"] for one in report["results"]}
        kept = [entry["rounds_kept"] for entry in entries if "rounds_kept" in entry]
        return Load(
            status=self.process.returncode,
            seconds=(self.ended_s or time.monotonic()) - self.began_s,
            outcomes=outcomes,
            samples=[entry for entry in entries if "fds" in entry],
            rounds_kept=kept[0] if kept else None,
            output=_text(self.folder / "output"),
        )


@contextmanager
def sessions(
    folder: Path, count: int, tests: int, kinds: Sequence[str], *options: str, own_lock: bool = False
) -> Iterator[list[RunningSession]]:
    """Start so many sessions at once; they are killed at the end, if they run then.

    Args:
        folder: each gets one of its own in it.
        count: how many.
        tests: of each.
        kinds: of programs, in turns.
        options: of pytest.
        own_lock: whether they take turns among themselves alone.
    """
    with ExitStack() as stack:
        started = []
        for number in range(count):
            own = folder / f"session-{number}"
            (own / "tmp").mkdir(parents=True)
            (own / "test_it.py").write_text(SOURCE.format(kinds=list(kinds), tests=tests))
            (own / "conftest.py").write_text(CONFTEST)
            variables = {name: value for name, value in environment_of(own).items() if name != HOLDER_VARIABLE}
            if own_lock:
                variables["LOAD_LOCK_FOLDER"] = str(folder)
            output = stack.enter_context((own / "output").open("wb"))
            command = command_of("-q", "-p", "no:benchmark", "-p", "no:randomly", "--multicore-json=r.json", *options)
            process = subprocess.Popen(
                command, cwd=own, env=variables, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
            stack.callback(_end, process)
            started.append(RunningSession(own, process))
        yield started


def wait_for_all(running: Sequence[RunningSession], patience_s: float) -> list[Load]:
    """What all have come to, when they have ended.

    Raises:
        TimeoutError: one has not ended in time; with what it printed.
    """
    ends = time.monotonic() + patience_s
    while late := [one for one in running if not one.has_ended()]:
        if time.monotonic() > ends:
            printed = _text(late[0].folder / "output")
            raise TimeoutError(f"{late[0].folder} has not ended after {patience_s:g} s:\n{printed}")
        time.sleep(0.1)
    return [one.load() for one in running]


def contradictions(loads: Sequence[Load], alone: Load) -> list[str]:
    """Outcomes that are not those of the same kind alone; what is left undecided contradicts nothing."""
    found = []
    for load in loads:
        for kind, outcomes in load.by_kind.items():
            allowed = {*alone.by_kind.get(kind, ()), TRUTH.get(kind), "inconclusive"}
            found += [f"{kind}: {outcomes[one]} {one}" for one in outcomes if one not in allowed]
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
