"""A run of its own to see how a workload uses threads: from outside, from within, and its calls of a BLAS.

None of it touches the rounds that a verdict comes from: another interpreter is opened, looked on, and ended.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .asked import Asked, First
from .diagnosis.evidence import Calls, Evidence
from .diagnosis.suspicions import SAME, UNCHANGED, Change
from .environments.libraries import compiler
from .environments.threads import REPORTED_VARIABLES, THREAD_VARIABLES
from .environments.variables import ChildVariables
from .errors import EnvironmentError_, MulticoreError, TimedOut
from .experiment import FACTS_TIMEOUT_S, SETUP_TIMEOUT_S, round_timeout_s
from .interpreters import blas_recorder
from .interpreters.process import IsolatedInterpreter
from .interpreters.stage import Stage
from .interpreters.workload import Workload, import_path
from .measurement.bench import ROUND_S
from .measurement.cgroups import quota_cores, throttled_s
from .measurement.libraries import blas_files
from .measurement.machine import this_machine
from .measurement.sampling import Sampler, started_with
from .measurement.subject import AnySubject, FreshTest, OpenedWorkload
from .verdicts.result import Result

#: Wall seconds of rounds that are looked on, and rounds at most.
LOOK_S, MOST_ROUNDS = 0.6, 20
#: The second try waits for threads that spin for 0.1 s after each look.
PROBE_TIMEOUTS_S = (15.0, 60.0)
#: How the file of the library begins that records BLAS calls (interpreters/blas_recorder.py).
RECORDER = "blas_recorder-"
#: Idle threads that spin would be taken for work; no threshold depends on these. OpenBLAS 0.2.18, of 2016, loses a
#: wake-up now and then where its threads are soon asleep, and hangs: hence the second try without.
PROBE_VARIABLES: Sequence[Mapping[str, str]] = (
    {"OPENBLAS_THREAD_TIMEOUT": "4", "KMP_BLOCKTIME": "0"},
    {"KMP_BLOCKTIME": "0"},
)


@dataclass(frozen=True, slots=True)
class World:
    """Where and how a side is opened.

    Attributes:
        stage: the environment.
        workload: what runs there.
        threads: that it is told to use; None for inherited ones.
        change: what is different from the measured world.
        extra: variables beside.
        observe: whether it is looked on from within.
        trace: whether that times each line, for a region that is over before a sampler looks.
    """

    stage: Stage
    workload: Workload
    threads: int | None
    change: Change = UNCHANGED
    extra: Mapping[str, str] = field(default_factory=dict)
    observe: bool = False
    trace: bool = False

    def variables(self, asked: Asked) -> ChildVariables:
        """The child's, with those removed that the change removes."""
        changed = {name: value for name, value in self.change.variables.items() if value is not None}
        flags = {**asked.theano_flags, **self.change.theano_flags}
        threads = self.threads if self.change.threads == SAME else self.change.threads
        assert not isinstance(threads, str)  # noqa: S101 - the only word is SAME
        found = self.stage.variables(threads, flags, {**asked.env, **changed, **self.extra})
        removed = self.change.variables.keys() - changed.keys()
        return replace(found, variables={name: value for name, value in found.variables.items() if name not in removed})

    @property
    def watch(self) -> dict[str, Any] | None:
        """What is sent to the child as ``watch``; None where nothing is."""
        if not (self.observe or self.change.child):
            return None
        return {
            "observe": self.observe,
            "trace": self.trace,
            "changes": list(self.change.child),
            "threads": self.threads,
        }


@contextmanager
def opened(asked: Asked, world: World, first: First = lambda _: None) -> Iterator[AnySubject]:
    """A side in such a world, set up, and ended with everything that it started.

    Args:
        asked: how the program was asked for.
        world: where and how it is opened.
        first: what else is done in its interpreter before any of the user's code.
    """
    variables = world.variables(asked)

    def begin(interpreter: IsolatedInterpreter) -> None:
        if world.watch:
            interpreter.ask("watch", "watching", SETUP_TIMEOUT_S, **world.watch)
        first(interpreter)

    if asked.reopen and world.workload.target.startswith("pytest:"):
        with asked.reopen(world.stage, variables, world.threads, begin) as subject:
            yield subject
        return
    with ExitStack() as closing:
        interpreter = closing.enter_context(world.stage.open(variables, priority=asked.settings.priority))
        begin(interpreter)
        workload = OpenedWorkload(interpreter, world.threads, SETUP_TIMEOUT_S)
        workload.set_up(world.workload, import_path(world.stage.provisioned.is_current))
        workload.wait_until_ready(SETUP_TIMEOUT_S)
        workload.timeout_s = round_timeout_s(asked.settings, workload.first_s)
        yield workload
        interpreter.say_goodbye()


def look(asked: Asked, stage: Stage, workload: Workload, result: Result) -> Evidence:
    """Everything that can be seen of a measured workload, in a run of its own.

    Raises:
        MulticoreError: it could not be opened again, or failed there.
    """
    with tempfile.TemporaryDirectory(prefix="pytest-multicore-") as folder:
        plain = World(stage, workload, asked.contender).variables(asked).variables
        recorded, why_not = _recorder(Path(folder), plain)
        world = World(stage, workload, asked.contender, extra=recorded, observe=True, trace=_over_at_once(result))
        with opened(asked, world) as subject:
            found = _looked_on(asked, result, subject, Path(folder) if recorded else None, workload.target)
    threshold = _probed(asked, stage, found) if any(call.work for call in found.calls or ()) else None
    return replace(found, threshold=threshold, not_recorded=why_not)


def _over_at_once(result: Result) -> bool:
    """Whether rounds are short all the same: those of a test that is measured in an interpreter of its own for each."""
    last = result.measurement.rounds[-1] if result.measurement else None
    return last is not None and last.repeat == 1 and last.wall_s < ROUND_S / 2


def _looked_on(asked: Asked, result: Result, subject: AnySubject, calls: Path | None, target: str) -> Evidence:
    subject.prepare()
    pid, repeat = subject.pid, result.measurement.rounds[-1].repeat if result.measurement else 1
    started = started_with(pid, REPORTED_VARIABLES)
    if calls:
        started.pop(blas_recorder.PRELOAD_VARIABLE, None)
    before, throttled_before_s = blas_recorder.read(calls) if calls else (), throttled_s(Path(f"/proc/{pid}"))
    wall_s, rounds = 0.0, 0
    with Sampler(pid, THREAD_VARIABLES) as sampler:
        while True:
            wall_s += subject.take(repeat).wall_s
            rounds += 1
            if wall_s >= LOOK_S or rounds >= MOST_ROUNDS or isinstance(subject, FreshTest):
                break
            subject.prepare()
    after = blas_recorder.read(calls) if calls else ()
    facts = subject.interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=list(REPORTED_VARIABLES))
    made = blas_recorder.minus(after, before)
    per = rounds * repeat
    return Evidence(
        result=result,
        target=target,
        machine=this_machine(),
        facts=_without_recorder(facts),
        seen=sampler.seen,
        started_with=started,
        calls=tuple(Calls(one.routine, one.m, one.n, one.k, one.count / per, one.seconds / per) for one in made)
        if calls
        else None,
        compilers=tuple(filter(None, [compiler()])),
        mapped=_mapped(pid),
        quota=quota_cores(Path(f"/proc/{pid}")),
        throttled_s=throttled_s(Path(f"/proc/{pid}")) - throttled_before_s,
    )


def _without_recorder(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts without the library that records BLAS calls: it has a BLAS's symbols, and no threads."""
    libraries = [one for one in facts["libraries"] if not Path(one["path"]).name.startswith(RECORDER)]
    return {**facts, "libraries": libraries}


def _recorder(folder: Path, world: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The variables that have BLAS calls recorded; none where they cannot be, and why."""
    try:
        return blas_recorder.variables(folder, world), ""
    except (EnvironmentError_, OSError) as error:
        return {}, str(error)


def _probed(asked: Asked, stage: Stage, found: Evidence) -> int | None:
    """The size up to which the BLAS in use stays on one thread; None where it could not be found."""
    files = blas_files(found.target, found.facts)
    carried = not files or any("numpy" in Path(one["path"]).parts or "numpy.libs" in one["path"] for one in files)
    arguments = {"threads": asked.contender, "library": None if carried else files[0]["path"]}
    told = {"target": "builtin:gemm_probe", "arguments": arguments, "path": []}
    for extra, timeout_s in zip(PROBE_VARIABLES, PROBE_TIMEOUTS_S, strict=True):
        variables = stage.variables(asked.contender, asked.theano_flags, {**asked.env, **extra})
        try:
            with stage.open(variables, priority=asked.settings.priority) as interpreter:
                threshold = interpreter.ask("call", "result", timeout_s, **told)["value"]["threshold_mnk"]
                return None if threshold is None else int(threshold)
        except TimedOut:
            continue
        except MulticoreError:
            break
    return None


def _mapped(pid: int) -> tuple[str, ...]:
    """Names of the files that a process has mapped, libraries among them."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
            paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "/" in line}
    except OSError:
        return ()
    return tuple(sorted(os.path.basename(path) for path in paths if ".so" in path))
