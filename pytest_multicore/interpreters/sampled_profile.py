"""A sampled profile of a running child by py-spy: which lines it is on, and how much of the time it holds the GIL.

py-spy reads the child's memory from outside and stops it for each sample, so this is a run of its own. It takes the
extra ``profile``; where py-spy is missing, or may not look into another process, the answer says what is missing.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .process import IsolatedInterpreter

#: Samples a second; no divisor of the round numbers that programs tick at.
RATE = 97
SECONDS = 2
#: The child works in rounds of about this length for as long as py-spy looks.
ROUND_S = 0.5
#: A frame of the agent that is on the stack in a round and not between two (agent/dialogue/clocks.py).
IN_A_ROUND = re.compile(r"(^|;)measure \([^;]*clocks\.py:\d+\);")
#: As py-spy prints a stack: outermost frame first.
FRAME = re.compile(r"(?P<function>.*) \((?P<file>.*):(?P<line>\d+)\)$")
HOW_TO_GET_IT = "py-spy is not installed; install pytest-multicore[profile]"
SCOPE = Path("/proc/sys/kernel/yama/ptrace_scope")


@dataclass(frozen=True, slots=True)
class Frame:
    """A line that was found running: the innermost Python frame of its thread.

    Attributes:
        share: of all samples.
        function, file, line: where.
    """

    share: float
    function: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Sampled:
    """What py-spy saw of some rounds.

    Attributes:
        samples: stacks of threads that were not idle.
        gil_share: of the samples, those with the GIL held, from as many looks again; None where that is not known.
        frames: where the threads were, the commonest first.
        missing: why there is nothing, as a sentence; empty where there is something.
    """

    samples: int
    gil_share: float | None
    frames: tuple[Frame, ...]
    missing: str = ""

    @property
    def packages(self) -> list[tuple[str, float]]:
        """Shares of the samples by package, or by file where there is no package; the largest first."""
        found: dict[str, float] = {}
        for frame in self.frames:
            package = frame.file.partition("/")[0] or frame.file
            found[package] = found.get(package, 0.0) + frame.share
        return sorted(found.items(), key=lambda row: -row[1])


def sampled_profile(
    interpreter: IsolatedInterpreter, once_s: float, timeout_s: float, *, seconds: int = SECONDS
) -> Sampled:
    """Sample rounds of a workload that is open in the interpreter.

    Args:
        interpreter: with the workload opened, its priority not raised: py-spy needs a core too, and where all are busy
            it would see only what goes on while it gets one.
        once_s: what one repetition takes, about.
        timeout_s: for each round's answer.
        seconds: of sampling, twice: once for the lines, once for the GIL.

    Raises:
        WorkloadError, InterpreterCrash, InterpreterTimeout: a round failed.
    """
    program = py_spy()
    if program is None:
        return Sampled(0, None, (), HOW_TO_GET_IT)
    repeat = max(1, math.ceil(ROUND_S / max(once_s, 1e-6)))

    def work() -> None:
        interpreter.ask("round", "done", timeout_s, repeat=repeat)

    stacks, why = _record(program, interpreter.pid, seconds, work)
    if why or not stacks:
        return Sampled(0, None, (), why or "py-spy saw no thread at work")
    held, why = _record(program, interpreter.pid, seconds, work, "--gil")
    # Of what was at work, not of the clock: how much of the time goes by between two rounds depends on the neighbours.
    gil_share = None if why else min(1.0, held.total() / stacks.total())
    return Sampled(stacks.total(), gil_share, tuple(frames_of(stacks)))


def py_spy() -> str | None:
    """The program: of this interpreter's environment, or found on PATH."""
    beside = Path(sys.executable).parent / "py-spy"
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("py-spy")


def stacks_in(text: str) -> Counter[str]:
    """Samples of rounds by stack, of py-spy's ``raw`` format: ``outer (file:line);inner (file:line) 12``."""
    found: Counter[str] = Counter()
    for row in text.splitlines():
        stack, _, count = row.rpartition(" ")
        if IN_A_ROUND.search(stack) and count.isdigit():
            found[stack] += int(count)
    return found


def frames_of(stacks: Mapping[str, int]) -> Iterable[Frame]:
    """The innermost frames, the commonest first."""
    innermost: Counter[str] = Counter()
    for stack, count in stacks.items():
        innermost[stack.rpartition(";")[2]] += count
    for text, count in innermost.most_common():
        if match := FRAME.match(text):
            yield Frame(count / sum(stacks.values()), match["function"], match["file"], int(match["line"]))


def _record(program: str, pid: int, seconds: int, work: Callable[[], None], *options: str) -> tuple[Counter[str], str]:
    """The samples of a few seconds of work, and why there are none."""
    with tempfile.TemporaryDirectory(prefix="pytest-multicore-") as folder:
        written, said = Path(folder, "stacks"), Path(folder, "said")
        command = [program, "record", "--pid", str(pid), "--duration", str(seconds), "--rate", str(RATE)]
        command += ["--format", "raw", "--output", str(written), *options]
        try:
            with said.open("wb") as log:
                recorder = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        except OSError as error:
            return Counter(), f"py-spy cannot be run: {error}"
        with recorder:
            try:
                while recorder.poll() is None:
                    work()
            finally:
                recorder.kill()  # where the work failed; one that has ended does not mind
        if recorder.returncode or not written.exists():
            return Counter(), _why_not(said.read_text(encoding="utf-8", errors="replace"))
        return stacks_in(written.read_text(encoding="utf-8", errors="replace")), ""


def _why_not(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = f"py-spy may not or cannot look into the child: {lines[0] if lines else 'it gave no reason'}"
    try:
        scope = int(SCOPE.read_text())
    except (OSError, ValueError):
        return reason
    if scope and os.geteuid():
        reason += f" (kernel.yama.ptrace_scope is {scope}: run as root, or set it to 0)"
    return reason
