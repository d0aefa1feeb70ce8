"""Causes in the code that one thread runs: the interpreter, or compiled functions that have no threads.

Native stacks tell the two apart. Where they cannot be had, the lines do, as far as they name what they call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_multicore.diagnosis.evidence import MAX_CORES_OF_ONE_THREAD, Evidence
from pytest_multicore.diagnosis.start_changes import lock_in_words, lock_switched_on
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial
from pytest_multicore.interpreters.native_stacks import NOBODY_AT_WORK

from .known_functions import PARTS, KnownFunction, known
from .lines import Line, location
from .program import ARRAY_OPERATIONS, STANDARD_LIBRARY, lock_is_held, lock_lines

#: Of the stacks, or of the sampled time: what has a smaller share is not what the thread does.
MIN_SHARE = 0.5
#: Of the CPU time: where the program's own process has a smaller share, it hands tasks to processes already.
MAX_OWN_SHARE = 0.9
#: As py-spy names a library that it cannot find.
UNNAMED_LIBRARY = "?"
#: Of the samples: a line with a smaller share does not name the function that has the time.
MIN_CALL_SHARE = 0.1
#: Of the stacks at which the thread held the interpreter's lock.
MIN_HELD_SHARE = 0.5
#: Fewer cores demanded: the program waits.
MIN_CORES_OF_A_LOOP = 0.7
#: Busy cores up to which the lines of one thread can speak for the whole program.
MAX_CORES_BY_LINES = 1.3


def interpreter_bound(evidence: Evidence) -> Suspicion | None:
    """Python code runs, one thread at a time."""
    python_threads = int(evidence.observed_figure("python_threads"))
    threads = min(python_threads, len(evidence.working_threads) or math.inf)
    if not (evidence.has_idle_cores and evidence.observed) or not _loops_in_python(evidence):
        return None
    if _own_share(evidence) < MIN_SHARE:
        return None  # who looks from within sees one process, and others do the work
    is_held = holds_lock(evidence)
    if evidence.facts.get("gil") is False or (lock_lines(evidence) and not is_held):
        return None
    if threads > 1 and evidence.busy_cores > MAX_CORES_OF_ONE_THREAD and not is_held:
        return None  # two threads run at a time, and none waits for the lock: their calls release it
    share = f"{_python_share(evidence):.0%} of the samples in Python{_most_in(evidence)}{_most_by(evidence)}"
    if threads < 2:
        pool_remedy = "more workers, where a pool of one has it all; " if python_threads > 1 else ""
        return Suspicion(
            key="interpreter-bound",
            strength=0.6 if _has_stacks(evidence) else 0.35,
            evidence=f"one Python thread does the work: Python code, by {_how_seen(evidence)} ({share})",
            remedy=f"{pool_remedy}fewer and larger calls of compiled code; processes",
        )
    if _own_share(evidence) < MAX_OWN_SHARE:
        return Suspicion(
            key="interpreter-bound",
            strength=0.7,
            evidence=f"{_own_share(evidence):.0%} of the CPU time is the process's that hands tasks to others: one of "
            f"its threads at a time runs Python ({share})",
            remedy="fewer and larger tasks (chunksize=N), and less data with each",
        )
    # A short task takes longer to hand over to a process than to run.
    trials = [_processes_trial()]
    lock, switched_on = lock_in_words(evidence.facts), lock_switched_on(evidence.facts)
    culprit = switched_on.module if switched_on else ""
    if evidence.facts.get("free_threaded"):  # an extension that does not support it has the lock enabled again
        trials.insert(0, Trial("PYTHON_GIL=0", Effect.MORE_CORES, Change(variables={"PYTHON_GIL": "0"})))
    return Suspicion(
        key="interpreter-bound",
        strength=0.85 if is_held else 0.55,
        evidence=f"{threads} Python threads keep {evidence.busy_cores:.2f} cores busy: they hold the interpreter's "
        f"lock in turns ({share})" + (f"; {lock}" if lock else ""),
        remedy=(f"a release of `{culprit}` that runs without the lock, or PYTHON_GIL=0; " if culprit else "")
        + "processes in place of threads, fewer and larger calls, or a free-threaded build",
        trials=trials,
    )


def serial_native(evidence: Evidence) -> Suspicion | None:
    """Compiled code of a library runs on one thread."""
    if not evidence.has_idle_cores or evidence.demanded_cores <= MIN_CORES_OF_A_LOOP:
        return None
    if _own_share(evidence) < MIN_SHARE:
        return None
    found = _by_stacks(evidence) if _has_stacks(evidence) else _by_lines(evidence)
    if found is None:
        return None
    held = holds_lock(evidence)
    row = known(found.library, found.names)
    remedy = "a function or a setting of the library that threads it (n_jobs, workers, num_threads); " + (
        "processes, for it holds the interpreter's lock" if held else f"or {PARTS}"
    )
    return Suspicion(
        key="serial-native",
        strength=found.strength,
        evidence=f"{found.text}: compiled code on one thread{_off_main(evidence)}, which "
        f"{'holds' if held else 'lets go of'} the interpreter's lock{_held_share(evidence)}"
        f"{f'; {row.what}' if row else ''}",
        remedy=row.advice(held) if row else remedy,
        trials=_trials(evidence, row, held),
    )


@dataclass(frozen=True, slots=True)
class _CompiledFunction:
    """A compiled function that has most of the time.

    Attributes:
        library: that it is in, as far as it is known.
        names: its name in Python, and in the library.
        text: how much of the time is where, for the report.
        strength: of the suspicion.
    """

    library: str
    names: str
    text: str
    strength: float


def _by_stacks(evidence: Evidence) -> _CompiledFunction | None:
    native = evidence.native
    if native is None or not native.functions or 1 - native.interpreter_share < MIN_SHARE:
        return None
    package, share = native.packages[0]
    library = native.libraries(package)[0]
    function = next(one for one in native.functions if one.library == library)
    line, called = _calling_line(evidence)
    names = " > ".join(dict.fromkeys(filter(None, (function.outer, function.inner))))
    text = f"{share:.0%} of the looks at native stacks are in "
    if library == UNNAMED_LIBRARY:
        text += "a library that py-spy cannot name"
    else:
        text += f"{package}, most in {f'{names} of ' if names else ''}{function.library}"
    text += (f", by {called}" if called else "") + (f" at {location(line)}" if line else "")
    # A BLAS has threads: others know why it used none. One without a name says just that it is compiled.
    weight = 0.4 if _is_blas(evidence, function.library) else 0.35 if library == UNNAMED_LIBRARY else 0.65
    return _CompiledFunction(function.library, f"{called} {names}", text, weight * share)


def _by_lines(evidence: Evidence) -> _CompiledFunction | None:
    """The function that the hottest lines call, where nobody could look at native stacks."""
    if evidence.native and evidence.native.missing == NOBODY_AT_WORK:
        return None  # the caller of a pool waits for it: it runs nothing itself
    lines = [
        line for line in evidence.lines if line.get("called") and line.get("operation") not in ARRAY_OPERATIONS[:4]
    ]
    share = float(sum(line["share"] for line in lines))
    if share < MIN_SHARE or evidence.busy_cores > MAX_CORES_BY_LINES:
        return None
    hottest = lines[0]
    missing = evidence.native.missing if evidence.native else "not looked at"
    text = f"{share:.0%} of the samples are on lines that call compiled code, most in {hottest['called']}, "
    text += f"{location(hottest)} (by the lines alone, without native stacks: {missing})"
    return _CompiledFunction("", hottest["called"], text, 0.5 * share)


def _trials(evidence: Evidence, row: KnownFunction | None, held: bool) -> list[Trial]:
    trials = []
    if _off_main_share(evidence) >= MIN_SHARE and evidence.observed_figure("python_threads") < 2:
        trials.append(_main_thread_trial(row))
    if held and evidence.observed_figure("python_threads") > 1:
        trials.append(_processes_trial())
    return trials


def _main_thread_trial(row: KnownFunction | None) -> Trial:
    return Trial(
        "a pool of one runs its tasks on the main thread",
        Effect.MORE_CORES,
        Change(agent_changes=("main-thread",)),
        can_refute=False,
        remedy="call it on the main thread" + (f"; untried: {row.remedy}" if row else ""),
    )


def _processes_trial() -> Trial:
    processes = Change(agent_changes=("processes",))
    return Trial("processes in place of threads", Effect.FASTER, processes, can_refute=False)


def holds_lock(evidence: Evidence) -> bool:
    """Whether what runs holds the interpreter's lock: by native stacks, or by how late looks from within came."""
    share = evidence.native.gil_share if evidence.native else None
    return lock_is_held(evidence) if share is None else share >= MIN_HELD_SHARE


def _held_share(evidence: Evidence) -> str:
    share = evidence.native.gil_share if evidence.native else None
    return "" if share is None else f" (held at {share:.0%} of the looks)"


def _has_stacks(evidence: Evidence) -> bool:
    return bool(evidence.native and evidence.native.samples)


def _how_seen(evidence: Evidence) -> str:
    return "native stacks" if _has_stacks(evidence) else "its lines"


def _loops_in_python(evidence: Evidence) -> bool:
    """Whether most of the time is in the interpreter, on about one core."""
    share = _python_share(evidence)
    if evidence.demanded_cores <= MIN_CORES_OF_A_LOOP or share < MIN_SHARE:
        return False
    if not _has_stacks(evidence):
        return evidence.busy_cores < MAX_CORES_BY_LINES
    # Pools may be busy beside it: what counts is how long the Python threads keep the rest waiting.
    return evidence.busy_cores < MAX_CORES_BY_LINES or share * _python_cores(evidence) >= MIN_SHARE


def _python_cores(evidence: Evidence) -> float:
    """Cores that the busiest thread of the program's own process kept busy."""
    samples = evidence.thread_samples
    own = [thread.cpu_s for thread in samples.at_work if thread.pid == thread.tid]
    return max(own, default=0.0) / samples.wall_s if samples.wall_s else 0.0


def _own_share(evidence: Evidence) -> float:
    """Share of the program's own process of the CPU time; the rest is that of the processes that it started."""
    samples = evidence.thread_samples
    total_s = sum(thread.cpu_s for thread in samples.at_work)
    own_s = sum(thread.cpu_s for thread in samples.at_work if thread.pid == samples.root)
    return own_s / total_s if total_s else 1.0


def _python_share(evidence: Evidence) -> float:
    """Share of the interpreter: of the stacks; without stacks, of the samples whose lines call no compiled code."""
    if evidence.native and evidence.native.samples:
        return evidence.native.interpreter_share
    return 1.0 - float(sum(line["share"] for line in evidence.lines if _is_compiled(line)))


def _is_compiled(line: Line) -> bool:
    return bool(line.get("operation") in ARRAY_OPERATIONS or line.get("called"))


def _most_in(evidence: Evidence) -> str:
    """The hottest line of Python's own; the hottest of all, where what is left is waits within the standard library."""
    python = [line for line in evidence.lines if not _is_compiled(line)]
    outside = [line for line in (*python, *evidence.lines) if not STANDARD_LIBRARY.search(line["file"])]
    line = next(iter((*outside, *evidence.lines)), None)
    return f", most in {location(line)}" if line else ""


def _most_by(evidence: Evidence) -> str:
    """The thread of a name of its own that has most of the time: one that feeds a pool, for instance."""
    shares = evidence.native.threads if evidence.native else {}
    name = max(shares, key=lambda name: shares[name], default="")
    is_told = name not in ("", "MainThread") and MIN_SHARE <= shares[name] < 1.0
    return f"; {shares[name]:.0%} of the looks found {name} at work" if is_told else ""


def _calling_line(evidence: Evidence) -> tuple[Line | None, str]:
    """The hottest line outside of the standard library, and the compiled function that the hottest such line calls."""
    named = (line["called"] for line in evidence.lines if line.get("called") and line["share"] > MIN_CALL_SHARE)
    return _outside_standard_library(evidence.lines), next(named, "")


def _outside_standard_library(lines: Sequence[Line]) -> Line | None:
    outside = (line for line in lines if not STANDARD_LIBRARY.search(line["file"]))
    return next(outside, lines[0] if lines else None)


def _off_main_share(evidence: Evidence) -> float:
    """Share of the stacks that are on threads with a name other than the main thread's."""
    threads = evidence.native.threads if evidence.native else {}
    return sum(share for name, share in threads.items() if name not in ("", "MainThread"))


def _off_main(evidence: Evidence) -> str:
    if _off_main_share(evidence) < MIN_SHARE or not evidence.native:
        return ""
    name = max(evidence.native.threads, key=lambda name: evidence.native.threads[name] if evidence.native else 0)
    return f" ({name}, not the main thread: some libraries thread their work only there)"


def _is_blas(evidence: Evidence, library: str) -> bool:
    paths = [one["path"] for one in evidence.libraries if one["kind"] != "openmp"]
    return any(path.endswith(library) or library.endswith(path.rpartition("/")[2]) for path in paths)


DETECTORS = (interpreter_bound, serial_native)
