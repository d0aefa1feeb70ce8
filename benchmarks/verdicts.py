"""Who is right on a crowded machine: labelled programs, real neighbours, this plugin and its peers.

    python benchmarks/verdicts.py --file verdicts.jsonl [--times 10] [--peers 3] [--priority off] [--beside one two]

First each program's speed-up on the quiet machine is measured (2 threads against 1, five long measurements; keep the
machine to yourself). Then each is held, beside each kind of neighbour, to a limit 20 % under that value and one 20 %
over it; a limit that no program can reach on this machine is put as its counterpart, ``max_speedup`` 20 % under. The
file takes a line a run: start again with the same file to go on where it stopped. At the end, and with ``--table``,
prints Markdown tables of the runs in it: wrong and inconclusive verdicts, and seconds.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import neighbours
import peers
import verdict_cases

from pytest_multicore.asked import Asked
from pytest_multicore.experiment import measure
from pytest_multicore.interpreters.stage import Stage
from pytest_multicore.interpreters.workload import resolve
from pytest_multicore.measurement.turns import turns
from pytest_multicore.settings import resolve as resolve_settings
from pytest_multicore.verdicts.limits import Limits, Outcome
from pytest_multicore.verdicts.result import Result

THREADS = 2
OURS = "pytest-multicore"
FILE = Path(verdict_cases.__file__)
QUIET_TIMES = 5
#: The bandwidth of a virtual machine's memory is what its host's other guests leave: on the machine that this was
#: written on two threads came to 1.1x at one time and to 1.7x at another, the sooner the more there was to do. It is
#: taken right before each run and right after, among the same neighbours, who stand still meanwhile.
OF_THE_HOST, STEADY = ("memory_bound",), 0.1
#: The right verdicts on a limit 20 % under the quiet value and on one 20 % over it.
RIGHT = (Outcome.PASSED.value, Outcome.FAILED.value)
#: A confidence that takes over 50 rows of rounds, and how many of the last of them tell what a program comes to.
LONG, LATE = 1 - 1e-15, 15


@dataclass(frozen=True)
class Run:
    """One verdict.

    Attributes:
        tool, case, neighbour: who judged what beside whom.
        limit: ``min_speedup`` or ``max_speedup``.
        value: of the limit.
        right: the verdict that the quiet machine's value gives.
        said: the verdict.
        estimate: of the speed-up; None where none was told.
        seconds: that it took.
        why: of an inconclusive one.
        steady: whether the program's quiet value was the same before and after: a run that has no right answer does not
            count.
    """

    tool: str
    case: str
    neighbour: str
    limit: str
    value: float
    right: str
    said: str
    estimate: float | None
    seconds: float
    why: str = ""
    steady: bool = True


class Silent:
    """A voice that says nothing."""

    def step(self, text: str) -> None:
        """See asked.Voice."""

    def live(self, text: str) -> None:
        """See asked.Voice."""


def main() -> None:
    """Go on where the file stopped, then print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, required=True, help="the runs, a line each; made when it is not there")
    parser.add_argument("--times", type=int, default=10, help="verdicts of ours in each cell and on each limit")
    parser.add_argument("--peers", type=int, default=0, metavar="TIMES", help="verdicts of each peer likewise")
    parser.add_argument("--priority", choices=["auto", "off"], default="auto")
    parser.add_argument("--beside", nargs="+", choices=neighbours.NAMES, default=neighbours.NAMES, metavar="WHOM")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--table", action="store_true", help="print the tables of the runs so far, and run nothing")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended; start again with the same file to go on"))
    lines = [json.loads(line) for line in asked.file.read_text().splitlines()] if asked.file.exists() else []
    quiet = {line["case"]: line["speedup"] for line in lines if "speedup" in line}
    runs = [Run(**line) for line in lines if "tool" in line]
    if not asked.table:
        ends = time.monotonic() + asked.seconds
        with asked.file.open("a") as file:
            _measure_quiet(file, quiet, asked.priority)
            for run in _missing(runs, quiet, asked, ends):
                runs.append(run)
                print(json.dumps(asdict(run)), file=file, flush=True)
    _print_tables(runs, quiet)


def _measure_quiet(file, quiet: dict[str, float], priority: str) -> None:  # type: ignore[no-untyped-def]
    for case in verdict_cases.CASES:
        if case.__name__ not in quiet:
            quiet[case.__name__] = statistics.median(_late(case.__name__, priority) for _ in range(QUIET_TIMES))
            print(json.dumps({"case": case.__name__, "speedup": quiet[case.__name__]}), file=file, flush=True)


def _late(case: str, priority: str) -> float:
    """The speed-up of the last rounds of a long measurement: a program that starts serial is what it comes to."""
    result = _measured(case, Limits(), priority, confidence=LONG)
    assert result.comparison is not None
    sides = zip(result.comparison.contender.rounds, result.comparison.baseline.rounds, strict=True)
    return statistics.median(other.wall_s / one.wall_s for one, other in list(sides)[-LATE:])


def _missing(runs: Sequence[Run], quiet: Mapping[str, float], asked: argparse.Namespace, ends: float) -> Iterator[Run]:
    """Take the runs that are not there yet, all cells once before any is taken twice."""
    done = Counter((one.tool, one.case, one.neighbour, one.right) for one in runs if one.steady)
    wanted = {OURS: asked.times, **dict.fromkeys(peers.TOOLS, asked.peers)}
    for number in range(max(wanted.values())):
        for neighbour in asked.beside:
            todo = {
                case: [
                    (tool, right)
                    for right in RIGHT
                    for tool, times in wanted.items()
                    if number < times and done[tool, case, neighbour, right] <= number
                ]
                for case in quiet
            }
            if time.monotonic() > ends:
                return
            if any(todo.values()):
                yield from _beside(neighbour, todo, quiet, asked.priority)


def _beside(
    neighbour: str, todo: Mapping[str, Sequence[tuple[str, str]]], quiet: Mapping[str, float], priority: str
) -> Iterator[Run]:
    """Runs beside one neighbour, who stands still while a value is taken that is the host's."""
    with neighbours.neighbours(neighbour) as company:
        time.sleep(1)
        for case, each in todo.items():
            value = _value_now(case, company, priority) if each and case in OF_THE_HOST else quiet[case]
            steady = True
            for tool, right in each:
                run = _run(tool, case, neighbour, right, _limits(value)[right], priority)
                if case in OF_THE_HOST:
                    before, steady = steady, abs(_value_now(case, company, priority) / value - 1) < STEADY
                    run = replace(run, steady=before and steady)
                yield run


def _value_now(case: str, company: neighbours.Company, priority: str) -> float:
    with company.held():
        return _late(case, priority)


def _limits(quiet: float) -> dict[str, tuple[str, float]]:
    """Name and value of a limit 20 % under the quiet value and of one 20 % over it, by the verdict that is right."""
    over = ("min_speedup", 1.2 * quiet) if 1.2 * quiet <= THREADS else ("max_speedup", 0.8 * quiet)
    return dict(zip(RIGHT, (("min_speedup", 0.8 * quiet), over), strict=True))


def _run(tool: str, case: str, neighbour: str, right: str, limit: tuple[str, float], priority: str) -> Run:
    name, value = limit
    with turns().alone(print):  # somebody else's measurement is nobody's cost here
        pass
    began = time.monotonic()
    if tool == OURS:
        said, estimate, why = _ours(case, Limits(**{name: value}), priority)
    else:
        estimate, why = peers.TOOLS[tool](case, THREADS), ""
        met = estimate >= value if name == "min_speedup" else estimate <= value
        said = "passed" if met else "failed"
    return Run(tool, case, neighbour, name, value, right, said, estimate, time.monotonic() - began, why)


def _ours(case: str, limits: Limits, priority: str) -> tuple[str, float | None, str]:
    result = _measured(case, limits, priority)
    compared = result.comparison
    return result.outcome.value, compared.speedup.estimate if compared else None, result.reason


def _measured(case: str, limits: Limits, priority: str, **changed: float) -> Result:
    stage = Stage.prepare("current", None, None, Path.cwd(), print)
    wishes = {"priority": priority}
    settings = replace(resolve_settings(lambda option: wishes.get(option.name), {}), **changed)
    workload = resolve(f"{FILE}:{case}", {}, {}, None, Path.cwd())
    return measure(Asked(case, case, lambda _: workload, (THREADS, 1), limits, settings), stage, Silent())


def _print_tables(runs: Sequence[Run], quiet: Mapping[str, float]) -> None:
    print("| program | speed-up on the quiet machine |\n| --- | --- |")
    for case, speedup in quiet.items():
        print(f"| {case} | {speedup:.2f}x |")
    cells: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in (one for one in runs if one.steady):
        cells[run.tool, run.neighbour].append(run)
    print("\n| judged by | beside | verdicts | wrong | inconclusive | seconds each, median |\n" + "| --- " * 6 + "|")
    for (tool, neighbour), of_cell in cells.items():
        wrong, open_ = _wrong(of_cell), [one for one in of_cell if one.said == Outcome.INCONCLUSIVE.value]
        seconds = statistics.median(one.seconds for one in of_cell)
        print(f"| {tool} | {neighbour} | {len(of_cell)} | {len(wrong)} | {len(open_)} | {seconds:.1f} |")
    for one in _wrong([run for run in runs if run.tool == OURS and run.steady]):
        print(f"wrong: {one}", file=sys.stderr)


def _wrong(runs: Sequence[Run]) -> list[Run]:
    return [one for one in runs if one.said not in (one.right, Outcome.INCONCLUSIVE.value)]


if __name__ == "__main__":
    main()
