"""Causes in how the program runs: waits, forks, and what processes hand over to each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_multicore.diagnosis.evidence import (
    MIN_BUSY_SHARE,
    MIN_TIME_SHARE,
    Evidence,
)
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial

from .lines import file_name, location

#: Operations that release the interpreter's lock, or that a library may thread. All other lines are Python's own.
ARRAY_OPERATIONS = ("matmul", "einsum", "elementwise", "reduction", "sort", "copy", "linalg", "fft")
#: Of the time in which the sampler was due: how much it was late where the program holds the interpreter's lock, for
#: which the sampler waits too. Measured: 0.71 where two Python threads hold it in turns, 0.003 where both release it.
MIN_LATE_SHARE = 0.2
#: A line that waits for a lock of the program's own.
LOCK_LINE = re.compile(r"\.acquire\(|^(async )?with .*(lock|mutex|semaphore|condition)", re.IGNORECASE)
#: Of the looks: how many must find a thread at such a line to make it a cause.
MIN_LOCK_SHARE = 0.2
#: Where pickled tasks and results go from one process to another.
HAND_OVER_FILE = re.compile(
    r"[/\\](multiprocessing[/\\](connection|reduction|queues|pool|managers)|concurrent[/\\]futures[/\\]process"
    r"|pickle)\.py$"
)
#: The idle threads of a pool wait in the standard library, which is no cause.
STANDARD_LIBRARY = re.compile(r"[/\\]lib[/\\]python\d", re.IGNORECASE)


def lock_is_held(evidence: Evidence) -> bool:
    """Whether the interpreter's lock was held for long: the sampler, which waits for it too, was late."""
    return evidence.observed_figure("late_s") >= MIN_LATE_SHARE * evidence.observed_figure("sampled_s") > 0


def waiting(evidence: Evidence) -> Suspicion | None:
    """The program sleeps, or waits for input, output or locks."""
    threads, at_locks = evidence.thread_samples.tasks, lock_lines(evidence)
    if not (evidence.has_idle_cores and threads and (at_locks or evidence.most_demanded_cores < MIN_BUSY_SHARE)):
        return None
    main = next((thread for thread in threads if thread.pid == thread.tid), threads[0])
    device, asleep = main.states.get("D", 0.0), main.states.get("S", 0.0)
    text = f"{evidence.busy_cores:.2f} cores busy; the main thread was asleep in {asleep:.0%} of the looks"
    if device > 0.05:
        text += f" and waited for a device in {device:.0%}"
    if at_locks:
        text += f"; other threads waited for a lock at {location(at_locks[0])}{_holder(evidence, at_locks)}"
    elif evidence.lines:
        text += f", most at {location(evidence.lines[0])}"
    # Where it sleeps for a smaller share, a trial without sleep would refute nothing. Whoever sleeps with a lock in its
    # hands is faster without sleep, too: that shows nothing of the lock, which is what keeps the others waiting.
    sleeps = evidence.observed_figure("slept_s") > MIN_TIME_SHARE * evidence.thread_samples.wall_s and not at_locks
    no_sleep = Trial("time.sleep left out", Effect.FASTER, Change(agent_changes=("no-sleep",)))
    return Suspicion(
        key="waiting",
        strength=0.9 if sleeps or (at_locks and not lock_is_held(evidence)) else 0.6,
        evidence=text,
        remedy="split the lock, or do the slow part outside of it"
        if at_locks
        else "overlap the waiting with work: read ahead, ask for data in another thread",
        trials=[no_sleep] if sleeps else [],
    )


def _holder(evidence: Evidence, at_locks: Sequence[Mapping[str, Any]]) -> str:
    """Where a thread was meanwhile that had the lock, in words: the line within the block that most of the looks found.

    It is the same function's, or one that a line of its block called.
    """
    at_lock = at_locks[0]
    others = [
        line
        for line in evidence.lines
        if line not in at_locks
        and line["samples"] > MIN_LOCK_SHARE * evidence.observed_figure("samples")
        and _is_within(line, at_lock)
    ]
    longest = max(others, key=lambda line: float(line["samples"]), default=None)
    return f"; who had it was at {location(longest)}" if longest else ""


def _is_within(line: Mapping[str, Any], at_lock: Mapping[str, Any]) -> bool:
    """Whether a line, or the user's line that called it, is of the function that takes the lock, and below that."""
    place = at_lock.get("called_from") or at_lock
    return any(
        one["file"] == place["file"] and one["function"] == place["function"] and one["line"] > place["line"]
        for one in (line, line.get("called_from") or line)
    )


def lock_lines(evidence: Evidence) -> Sequence[Mapping[str, Any]]:
    """Lines at which threads other than the main thread wait for a lock in many of the looks."""
    return [
        line
        for line in evidence.lines
        if line["thread"] != "MainThread"
        and (line.get("called_from") or not STANDARD_LIBRARY.search(line["file"]))
        and line["samples"] > MIN_LOCK_SHARE * evidence.observed_figure("samples")
        and LOCK_LINE.search(_lock_source(line))
    ]


def _lock_source(line: Mapping[str, Any]) -> str:
    """The text of a line that may wait for a lock.

    ``Condition.wait`` acquires a lock that nobody else wants: what waits there, as for a queue's next entry, the user's
    line says.
    """
    in_condition = line["function"] == "wait" and STANDARD_LIBRARY.search(line["file"])
    return str((line.get("called_from") or line if in_condition else line)["source"])


def after_fork(evidence: Evidence) -> Suspicion | None:
    """Forked workers use a library whose pool did not survive the fork."""
    samples = evidence.thread_samples
    after_pool = any(fork.get("after_pool") for fork in evidence.observed.get("forks", ()))
    children = {thread.pid for thread in samples.at_work} - {samples.root}
    if not (evidence.has_idle_cores and after_pool and children):
        return None
    # NumPy starts OpenBLAS's threads when it is imported, and OpenBLAS starts them anew in a child: that says nothing.
    only_openblas = all(one["kind"] == "openblas" and one["layer"] == "pthreads" for one in evidence.libraries)
    return Suspicion(
        key="after-fork",
        strength=0.75,
        evidence=f"{len(children)} process{'' if len(children) == 1 else 'es'} forked after a thread pool had been "
        "started do the work, one thread each",
        remedy='start workers with multiprocessing.get_context("spawn"), or before the library is used',
        told_unproven=not (evidence.libraries and only_openblas),
        trials=[Trial("spawn in place of fork", Effect.MORE_CORES, Change(agent_changes=("spawn",)))],
    )


def hand_over(evidence: Evidence) -> Suspicion | None:
    """Handing tasks and results over between processes takes about as much as the tasks themselves."""
    samples = evidence.thread_samples
    total_s = sum(thread.cpu_s for thread in samples.tasks)
    parent = [thread for thread in samples.at_work if thread.pid == samples.root]
    children = {thread.pid for thread in samples.at_work} - {samples.root}
    if not (evidence.lacks_useful_cores and children and total_s):
        return None
    lines = [line for line in evidence.lines if HAND_OVER_FILE.search(line["file"])]
    of_parent, of_lines = sum(thread.cpu_s for thread in parent) / total_s, sum(line["share"] for line in lines)
    if of_parent * of_lines < MIN_TIME_SHARE:
        return None
    wakes = sum(thread.voluntary for thread in parent) / max(samples.wall_s, 1e-9)
    users = next((line["called_from"] for line in lines if line.get("called_from")), None)
    where = f" for {file_name(users['file'])}:{users['line']} ({users['source']})" if users else ""
    larger = "hand over more work at a time (chunksize=, one call for many items) and less data (shared memory, a file)"
    return Suspicion(
        key="hand-over",
        strength=0.82,
        evidence=f"the parent has {of_parent:.0%} of all CPU time, {of_lines:.0%} of that in pickling and pipes to "
        f"{len(children)} process{'' if len(children) == 1 else 'es'}{where}; its threads were woken {wakes:.0f} times "
        "a second",
        remedy=larger,
        trials=[
            Trial(
                "the tasks of a ProcessPoolExecutor run in the caller",
                Effect.FASTER,
                Change(agent_changes=("in-caller",)),
                can_refute=False,
                remedy=f"do it in one process, or {larger}",
            )
        ],
    )


DETECTORS = (waiting, after_fork, hand_over)
