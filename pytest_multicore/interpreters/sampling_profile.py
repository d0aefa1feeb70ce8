"""A child's profile by py-spy: the lines that run, and the share of the time in which it holds the GIL.

py-spy reads the child's memory from outside and stops it for each sample, so this is a run of its own. It needs the
extra ``profile``; where py-spy is missing, or may not look into another process, the result says what is missing.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_multicore.environments import scratch
from pytest_multicore.settings import clocks

from .process import IsolatedInterpreter

#: A prime number, so that samples do not coincide with a program's own ticks.
SAMPLES_PER_S = 97
#: Seconds that it may take beyond those it looks for: it reads the symbols of every library first.
MAX_LATE_S = 30
SAMPLING_S = 2
#: The child runs rounds of about this length while py-spy samples.
ROUND_S = 0.5
#: A stack within a round has this frame of the agent (agent/dialogue/clocks.py); a stack between two rounds does not.
ROUND_STACK = re.compile(r"(^|;)measure \([^;]*clocks\.py:\d+\);")
#: As py-spy prints a stack: outermost frame first.
FRAME = re.compile(r"(?P<function>.*) \((?P<file>.*):(?P<line>\d+)\)$")
INSTALL_HINT = "py-spy is not installed; install pytest-multicore[profile]"
PTRACE_SCOPE = Path("/proc/sys/kernel/yama/ptrace_scope")


@dataclass(frozen=True, slots=True)
class Frame:
    """A line that ran: the innermost Python frame of its thread.

    Attributes:
        share: its share of all samples.
        function, file, line: its place.
    """

    share: float
    function: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class SamplingProfile:
    """py-spy's profile of some rounds.

    Attributes:
        samples: number of stacks, of threads that were not idle.
        gil_share: share of the samples with the GIL held, from a second run as long as the first; None: not known.
        frames: the threads' lines, the commonest first.
        missing: why there is no profile, as a sentence; empty where there is one.
    """

    samples: int
    gil_share: float | None
    frames: tuple[Frame, ...]
    missing: str = ""

    @property
    def packages(self) -> list[tuple[str, float]]:
        """Shares of the samples by package, or by file for files outside of packages; the largest first."""
        shares: dict[str, float] = {}
        for frame in self.frames:
            package = frame.file.partition("/")[0] or frame.file
            shares[package] = shares.get(package, 0.0) + frame.share
        return sorted(shares.items(), key=lambda row: -row[1])


def sampling_profile(
    interpreter: IsolatedInterpreter, once_s: float, timeout_s: float, *, seconds: int = SAMPLING_S
) -> SamplingProfile:
    """Sample rounds of a workload that is open in the interpreter.

    Args:
        interpreter: has the workload open, and ordinary priority: py-spy needs a core too, and where all are busy it
            would sample only while it gets one.
        once_s: seconds of one repetition, roughly.
        timeout_s: for each round's answer.
        seconds: duration of each of two runs: one for the lines, one for the GIL.

    Raises:
        WorkloadError, InterpreterCrash, InterpreterTimeout: a round failed.
    """
    program = py_spy()
    if program is None:
        return SamplingProfile(0, None, (), INSTALL_HINT)
    repeat = max(1, math.ceil(ROUND_S / max(once_s, 1e-6)))

    def work() -> None:
        interpreter.ask("round", "done", timeout_s, repeat=repeat)

    text, failure = record(program, interpreter.pid, seconds, work)
    stacks = stacks_in(text)
    if failure or not stacks:
        return SamplingProfile(0, None, (), failure or "py-spy saw no thread at work")
    text, failure = record(program, interpreter.pid, seconds, work, "--gil")
    # A share of the samples, not of the wall time: how long it takes between two rounds depends on other processes.
    gil_share = None if failure else min(1.0, stacks_in(text).total() / stacks.total())
    return SamplingProfile(stacks.total(), gil_share, tuple(frames_of(stacks)))


def py_spy() -> str | None:
    """py-spy's path: in this interpreter's environment, or on PATH."""
    own = Path(sys.executable).parent / "py-spy"
    return str(own) if os.access(own, os.X_OK) else shutil.which("py-spy")


def stacks_in(text: str) -> Counter[str]:
    """Samples within rounds by stack, from py-spy's ``raw`` format: ``outer (file:line);inner (file:line) 12``."""
    counts: Counter[str] = Counter()
    for row in text.splitlines():
        stack, _, count = row.rpartition(" ")
        if ROUND_STACK.search(stack) and count.isdigit():
            counts[stack] += int(count)
    return counts


def frames_of(stacks: Mapping[str, int]) -> Iterable[Frame]:
    """The innermost frames, the commonest first."""
    innermost: Counter[str] = Counter()
    for stack, count in stacks.items():
        innermost[stack.rpartition(";")[2]] += count
    for text, count in innermost.most_common():
        if match := FRAME.match(text):
            yield Frame(count / sum(stacks.values()), match["function"], match["file"], int(match["line"]))


def record(program: str, pid: int, seconds: int, work: Callable[[], None], *options: str) -> tuple[str, str]:
    """The samples of some seconds of work in py-spy's ``raw`` format; or an empty text and the reason.

    Args:
        program: py-spy's path.
        pid: the child's process id.
        seconds: how long to look.
        work: has the child run a round; it is called until py-spy has ended.
        options: further ones of ``py-spy record``.
    """
    with scratch.folder() as folder:
        stacks_file, log_file = folder / "stacks", folder / "said"
        command = [program, "record", "--pid", str(pid), "--duration", str(seconds), "--rate", str(SAMPLES_PER_S)]
        command += ["--format", "raw", "--output", str(stacks_file), *options]
        try:
            with log_file.open("wb") as log:
                recorder = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        except OSError as error:
            return "", f"py-spy cannot be run: {error}"
        with recorder:
            deadline = clocks.monotonic() + seconds + MAX_LATE_S
            try:
                while recorder.poll() is None and clocks.monotonic() < deadline:
                    work()
            finally:
                recorder.kill()  # where the work failed or it hangs; otherwise it has ended, and this does nothing
        if recorder.returncode or not stacks_file.exists():
            return "", _failure_reason(log_file.read_text(encoding="utf-8", errors="replace"))
        return stacks_file.read_text(encoding="utf-8", errors="replace"), ""


def _failure_reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    reason = f"py-spy may not or cannot look into the child: {lines[0] if lines else 'it gave no reason'}"
    try:
        scope = int(PTRACE_SCOPE.read_text())
    except (OSError, ValueError):
        return reason
    if scope and os.geteuid():
        reason += f" (kernel.yama.ptrace_scope is {scope}: run as root, or set it to 0)"
    return reason
