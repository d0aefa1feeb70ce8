"""Load: many marked tests in a session, several sessions at once, a long one, and holders of the lock that are killed.

    python -m tests.reliability.load one --tests 500        what the parent holds, over 500 tests
    python -m tests.reliability.load several --tests 50     four sessions at once, and the same tests alone
    python -m tests.reliability.load soak --minutes 10      as many tests as there is time for
    python -m tests.reliability.load kills --tests 50       as several; whoever holds the lock is killed now and then
    python -m tests.reliability.load turns                  the lock alone: whose turn comes late

Prints a row for each session. Slopes are for each test, with intervals of 99 %. Options of the plugin go to the
sessions: --multicore-settle=0.5 has most tests end seconds earlier.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pytest_multicore.verdicts.statistics import Interval

from .load_sessions import Load, RunningSession, contradictions, sessions, wait_for_all
from .sessions import left_processes
from .turns import holders_in, turns_in_words

KINDS = ("missed", "met", "sleeper", "product")
HEADER = ("session", "tests", "seconds", "longest wait", "RSS, kB a test", "descriptors a test", "threads", "children")


def row(name: str, load: Load) -> list[str]:
    """The cells of one session."""
    last = load.samples[-1] if load.samples else {}
    counts = [f"{last.get(what, 0)} at last" for what in ("threads", "children")]
    slopes = [_slope(load.slope("rss"), 1024), _slope(load.slope("fds"), 1)]
    return [name, str(len(load.outcomes)), f"{load.seconds:.0f}", f"{load.longest_wait_s:.0f} s", *slopes, *counts]


def table(loads: Sequence[tuple[str, Load]]) -> str:
    """All sessions, and below them their verdicts by kind."""
    rows = [list(HEADER), *(row(name, load) for name, load in loads)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in rows]
    for name, load in loads:
        verdicts = "; ".join(f"{kind}: {_counts(counts)}" for kind, counts in sorted(load.by_kind.items()))
        lines.append(f"{name}: {verdicts}")
    return "\n".join(lines)


def killed_holders(running: Sequence[RunningSession], folder: Path, kills: int, drawn: random.Random) -> int:
    """Kill sessions of these while they hold the lock, at random moments; returns how many were.

    Args:
        running: the sessions.
        folder: where their lock is.
        kills: how many at most; one session is left in any case.
        drawn: draws the moments.
    """
    done = 0
    while done < min(kills, len(running) - 1) and [one for one in running if not one.has_ended()]:
        time.sleep(drawn.uniform(0.1, 1.0))
        holding = [one for one in running if one.process.pid in holders_in(folder) and not one.has_ended()]
        # A session that measures holds it alone, and one that sets its test up together with others.
        measured = [one for one in holding if (one.folder / "samples").exists()]
        if measured:
            drawn.choice(measured).process.send_signal(signal.SIGKILL)
            done += 1
            time.sleep(drawn.uniform(0.5, 3.0))
    return done


def unmeasured(loads: Sequence[Load], tests: int) -> list[str]:
    """Sessions that have not a result for each test, and were not killed."""
    return [
        f"session {number}: {tests - len(load.outcomes)} of {tests} tests without a result, or with an error"
        for number, load in enumerate(loads)
        if load.status != -signal.SIGKILL and (len(load.outcomes) < tests or "error" in load.outcomes.values())
    ]


def left_by(running: Sequence[RunningSession], patience_s: float = 10.0) -> list[str]:
    """Processes that sessions have left after so many seconds."""
    ends = time.monotonic() + patience_s
    while (left := [line for one in running for line in left_processes(one.folder)]) and time.monotonic() < ends:
        time.sleep(0.1)
    return left


def main() -> None:
    """Run what is asked for, and print its table; the status is 1 where something does not hold."""
    asked, options = _asked()
    if asked.what == "turns":
        print(turns_in_words(asked.sessions, asked.tests, asked.seed))
        return
    options = [f"--multicore-explain={asked.explain}", *options]
    kinds = asked.kinds.split(",")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if asked.what in ("one", "soak"):
            tests = asked.tests if asked.what == "one" else 100_000
            with sessions(folder, 1, tests, kinds, *options) as running:
                if asked.what == "soak":
                    _sleep_until_ended(running, asked.minutes * 60)
                    running[0].process.send_signal(signal.SIGINT)
                loads = wait_for_all(running, asked.patience)
            faults = contradictions(loads, loads[0])
            faults += unmeasured(loads, tests) if asked.what == "one" else []
        else:
            with sessions(folder / "alone", 1, len(kinds), kinds, *options, own_lock=True) as alone:
                expected = wait_for_all(alone, asked.patience)[0]
            together = folder / "together"
            with sessions(together, asked.sessions, asked.tests, kinds, *options, own_lock=True) as running:
                if asked.what == "kills":
                    drawn = random.Random(asked.seed)
                    print(f"killed: {killed_holders(running, together, asked.kills, drawn)}")
                loads = wait_for_all(running, asked.patience)
            faults = [*contradictions(loads, expected), *unmeasured(loads, asked.tests)]
            faults += [f"left: {line}" for line in left_by(running)]
            print(table([("alone", expected)]))
        print(table([(f"{number}", load) for number, load in enumerate(loads)]))
    print("\n".join(faults) or "no contradiction, nothing left")
    sys.exit(1 if faults else 0)


def _asked() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["one", "several", "soak", "kills", "turns"])
    parser.add_argument("--tests", type=int, default=50, help="of each session")
    parser.add_argument("--sessions", type=int, default=4, help="at once")
    parser.add_argument("--minutes", type=float, default=10.0, help="of a soak")
    parser.add_argument("--kills", type=int, default=3, help="of holders of the lock")
    parser.add_argument("--seed", type=int, default=17, help="draws their moments")
    parser.add_argument("--kinds", default=",".join(KINDS), help="of programs, in turns")
    parser.add_argument("--explain", default="never", help="--multicore-explain of the sessions")
    parser.add_argument("--patience", type=float, default=7200.0, help="seconds that a session may take")
    return parser.parse_known_args()


def _sleep_until_ended(running: Sequence[RunningSession], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not running[0].has_ended():
        time.sleep(0.2)


def _slope(slope: Interval | None, unit: float) -> str:
    if slope is None:
        return "too few tests"
    return f"{slope.estimate / unit:.2f} [{slope.low / unit:.2f}, {slope.high / unit:.2f}]"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))


if __name__ == "__main__":
    main()
