"""Causes in how the program runs: who holds the lock, who waits, who spins, who was forked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_multicore.diagnosis.evidence import INFLATED, MORE_THAN_ONE, MUCH, NEARLY_BUSY, Evidence
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial

from .lines import place

#: Operations that release the interpreter's lock, or that a library may thread: a line without one is Python's own.
ARRAY_WORK = ("matmul", "einsum", "elementwise", "reduction", "sort", "copy", "linalg", "fft")
#: Looks that come late, as a share of their time: whoever looks from within waits for the interpreter's lock too. Seen
#: here: 0.71 where two threads of Python hold it in turns, 0.003 where both compute without it.
LATE = 0.2
#: A line that waits for a lock of the program's own, and the share of the looks that make it a cause.
LOCK = re.compile(r"\.acquire\(|^(async )?with .*(lock|mutex|semaphore|condition)", re.IGNORECASE)
OFTEN = 0.2
#: Threads of pools wait there for work, which is no cause.
STANDARD_LIBRARY = re.compile(r"[/\\]lib[/\\]python\d", re.IGNORECASE)
#: Cores demanded beyond those granted, as a factor, that say that threads are too many.
CROWDED = 1.25


def interpreter_bound(found: Evidence) -> Suspicion | None:
    """Python itself is at work, one thread at a time."""
    threads = min(int(found.looked("python_threads")), len(found.sharing) or math.inf)
    python = 1.0 - found.share(*ARRAY_WORK)
    if not (found.idle and found.observed) or not (found.demanded > 0.7 and found.cores < 1.3) or python < 0.5:
        return None
    if found.facts.get("gil") is False or (_at_locks(found) and not _held(found)):
        return None
    if threads > 1 and found.cores > MORE_THAN_ONE and not _held(found):
        return None  # two at work at a time, and nobody waits for the lock: calls that let go of it
    lines = [line for line in found.lines if line.get("operation") not in ARRAY_WORK]
    # A pool's idle threads wait in the standard library.
    own = (line for line in lines if not STANDARD_LIBRARY.search(line["file"]))
    hottest = next(own, lines[0] if lines else None)
    where = f", most in {place(hottest)}" if hottest else ""
    if threads < 2:
        of_a_pool = "more workers, where a pool of one has it all; " if found.looked("python_threads") > 1 else ""
        return Suspicion(
            "interpreter-bound",
            0.35,
            f"one Python thread does the work ({python:.0%} of the samples outside of array operations{where}): "
            "loops of Python, or calls of compiled code that has no threads",
            f"{of_a_pool}fewer and larger calls; processes; "
            "a library or a setting that threads this call (n_jobs, workers)",
        )
    # Short tasks take longer to hand over to a process than to do.
    processes = Trial("processes in place of threads", Effect.FASTER, Change(child=("processes",)), refutes=False)
    trials = [processes]
    if found.facts.get("free_threaded"):  # an extension that is not made for it has the lock taken again
        trials.insert(0, Trial("PYTHON_GIL=0", Effect.MORE_CORES, Change(variables={"PYTHON_GIL": "0"})))
    return Suspicion(
        "interpreter-bound",
        0.85 if _held(found) else 0.55,
        f"{threads} Python threads keep {found.cores:.2f} cores busy: they hold the interpreter's lock in turns"
        f" ({python:.0%} of the samples in Python{where})",
        "processes in place of threads, fewer and larger calls, or a free-threaded build",
        trials,
    )


def _held(found: Evidence) -> bool:
    """Whether the interpreter's lock was held for long: whoever looks from within waits for it too."""
    return found.looked("late_s") >= LATE * found.looked("sampled_s") > 0


def waiting(found: Evidence) -> Suspicion | None:
    """Nobody computes, or one at a time: sleep, input and output, locks."""
    locks = _at_locks(found)
    if not (found.idle and found.seen.tasks and (locks or found.demanded < NEARLY_BUSY)):
        return None
    main = next((task for task in found.seen.tasks if task.pid == task.tid), found.seen.tasks[0])
    device, asleep = main.states.get("D", 0.0), main.states.get("S", 0.0)
    slept_s = found.looked("slept_s")
    told = f"{found.cores:.2f} cores busy; the main thread was asleep in {asleep:.0%} of the looks"
    if device > 0.05:
        told += f" and waited for a device in {device:.0%}"
    if locks:
        told += f"; another thread waited at {place(locks[0])}"
    elif found.lines:
        told += f", most at {place(found.lines[0])}"
    sleeps = slept_s > MUCH * found.seen.wall_s  # else leaving it out would refute nothing
    trials = [Trial("time.sleep left out", Effect.FASTER, Change(child=("no-sleep",)))] if sleeps else []
    return Suspicion(
        "waiting",
        0.9 if sleeps or (locks and not _held(found)) else 0.6,
        told,
        "overlap the waiting with work: read ahead, ask for data in another thread"
        + (", split the lock" if locks else ""),
        trials,
    )


def _at_locks(found: Evidence) -> Sequence[Mapping[str, Any]]:
    """Lines at which threads beside the main one wait for a lock in many of the looks."""
    return [
        line
        for line in found.lines
        if line["thread"] != "MainThread"
        and (line.get("called_from") or not STANDARD_LIBRARY.search(line["file"]))
        and line["samples"] > OFTEN * found.looked("samples")
        and LOCK.search(line["source"])
    ]


def oversubscribed(found: Evidence) -> Suspicion | None:
    """More threads want to run than there are cores, and they are in each other's way."""
    if not found.too_little or not found.result.measurement or not found.seen.tasks:
        return None
    granted = found.machine.cores_granted
    at_work = found.sharing
    if found.demanded < CROWDED * granted or len(at_work) <= granted:
        return None
    displaced = sum(task.involuntary for task in at_work)
    return Suspicion(
        "oversubscribed",
        0.8,
        f"{len(at_work)} threads want {found.demanded:.1f} cores where {granted:g} are granted; "
        f"they were displaced {displaced / max(found.seen.wall_s, 1e-9):.0f} times a second",
        "give the inner pool one thread (OMP_NUM_THREADS=1 or threadpool_limits), or the outer one fewer",
        [Trial("inner pools at 1 thread", Effect.FASTER, Change(threads=1))],
    )


def busy_waiting(found: Evidence) -> Suspicion | None:
    """Cores are busy and the work is no faster: threads spin while they wait."""
    if not found.too_little or found.inflation < INFLATED:
        return None
    trials = []
    if found.kinds("openmp") or any(one.get("layer") == "openmp" for one in found.libraries):
        policy = Change(variables={"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": None, "KMP_BLOCKTIME": None})
        trials.append(Trial("OMP_WAIT_POLICY=PASSIVE", Effect.LESS_CPU, policy))
    if found.kinds("openblas"):
        timeout = Change(variables={"OPENBLAS_THREAD_TIMEOUT": "4"})
        trials.append(Trial("OPENBLAS_THREAD_TIMEOUT=4", Effect.LESS_CPU, timeout))
    useful = found.result.comparison.useful_cores if found.result.comparison else 0.0
    return Suspicion(
        "busy-waiting",
        0.6,
        f"{found.cores:.2f} cores busy, {useful:.2f} useful, for {found.inflation:.2f}x the CPU time",
        "fewer threads for this work, or a passive wait policy so that the cores are free for others",
        trials,
    )


def after_fork(found: Evidence) -> Suspicion | None:
    """Forked workers of a library whose pool did not come along."""
    forks = [one for one in found.observed.get("forks", ()) if one.get("after_pool")]
    children = {task.pid for task in found.seen.at_work} - {found.seen.root}
    if not (found.idle and forks and children):
        return None
    return Suspicion(
        "after-fork",
        0.75,
        f"{len(children)} process{'' if len(children) == 1 else 'es'} forked after a thread pool had been started "
        "do the work, one thread each",
        'start workers with multiprocessing.get_context("spawn"), or before the library is used',
        [Trial("spawn in place of fork", Effect.MORE_CORES, Change(child=("spawn",)))],
    )


DETECTORS = (waiting, interpreter_bound, oversubscribed, busy_waiting, after_fork)
