"""Who is right on a crowded machine: labelled programs, real neighbours, this plugin and its peers.

    python benchmarks/verdicts.py --file verdicts.jsonl [--times 10] [--peers 3] [--priority off] [--beside one two]

First each program's speed-up on the quiet machine is measured (2 threads against 1, five long measurements; keep the
machine to yourself); where it is the host's affair it is looked at again before each run. Then each is held, beside
each kind of neighbour, to a limit 20 % under these values and one 20 % over them; a limit that no program can reach on
this machine is put as its counterpart, ``max_speedup`` 20 % under. The file takes a line a run: start again
with the same file to go on where it stopped. At the end, and with ``--table``, prints Markdown tables of the runs in
it: wrong and inconclusive verdicts, and seconds.
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
from typing import Any

import neighbours
import peers
import verdict_cases

from pytest_multicore.experiment.measure import measure
from pytest_multicore.experiment.open_side import WorkloadProgram
from pytest_multicore.experiment.request import MeasurementRequest
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import resolve
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.settings.options import resolve_settings
from pytest_multicore.verdicts.limits import Limits, Outcome
from pytest_multicore.verdicts.result import Result

#: Options of ours, by name.
Wishes = Mapping[str, str]

THREADS = 2
OURS = "pytest-multicore"
FILE = Path(verdict_cases.__file__)
QUIET_TIMES = 5
#: What two threads gain where they wait for memory is the host's affair: on the virtual machine that this was written
#: on 1.1x at one time and 1.7x at another, with nobody else there. Such a program is looked at again and again, among
#: the same neighbours, who stand still meanwhile.
OF_THE_HOST = ("memory_bound",)
#: Limits are put so far off the quiet value; a range that has grown since may come nearer, by so much at most.
OFF, LEAST_OFF = 0.2, 0.15
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
        attained: the speed-up that the machine attained meanwhile; None where nobody looked.
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
    attained: float | None = None


@dataclass(frozen=True)
class Quiet:
    """What a program came to on the quiet machine."""

    case: str
    speedup: float


class Silent:
    """A voice that says nothing."""

    def step(self, text: str) -> None:
        """See request.Progress."""

    def live(self, text: str) -> None:
        """See request.Progress."""


def main() -> None:
    """Go on where the file stopped, then print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, required=True, help="the runs, a line each; made when it is not there")
    parser.add_argument("--times", type=int, default=10, help="verdicts of ours in each cell and on each limit")
    parser.add_argument("--peers", type=int, default=0, metavar="TIMES", help="verdicts of each peer likewise")
    parser.add_argument("--priority", choices=["auto", "off", "realtime"], default="auto")
    parser.add_argument("--budget", help="of a verdict of ours, in seconds; else the plugin's own")
    parser.add_argument("--beside", nargs="+", choices=neighbours.NAMES, default=neighbours.NAMES, metavar="WHOM")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--table", action="store_true", help="print the tables of the runs so far, and run nothing")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended; start again with the same file to go on"))
    lines = [json.loads(line) for line in asked.file.read_text().splitlines()] if asked.file.exists() else []
    quiet = defaultdict[str, list[float]](list)
    for line in lines:
        if "tool" not in line:
            quiet[line["case"]].append(line["speedup"])
    runs = [Run(**line) for line in lines if "tool" in line]
    if not asked.table:
        ends = time.monotonic() + asked.seconds
        with asked.file.open("a") as file:
            for one in _missing(runs, quiet, asked, ends):
                if isinstance(one, Run):
                    runs.append(one)
                else:
                    quiet[one.case].append(one.speedup)
                print(json.dumps(asdict(one)), file=file, flush=True)
    _print_tables(runs, quiet)


def _late(case: str, wishes: Wishes) -> float:
    """The speed-up of the last rounds of a long measurement: a program that starts serial is what it comes to."""
    result = _measured(case, Limits(), {**wishes, "budget": "60"}, confidence=LONG)
    assert result.comparison is not None
    sides = zip(result.comparison.contender.rounds, result.comparison.baseline.rounds, strict=True)
    return statistics.median(other.wall_s / one.wall_s for one, other in list(sides)[-LATE:])


def _missing(
    runs: Sequence[Run], quiet: Mapping[str, Sequence[float]], asked: argparse.Namespace, ends: float
) -> Iterator[Run | Quiet]:
    """Take what is not there yet: the quiet values, then all cells once before any is taken twice."""
    cases = [case.__name__ for case in verdict_cases.CASES]
    wishes = {"priority": asked.priority, **({"budget": asked.budget} if asked.budget else {})}
    for case in cases:
        if not quiet[case]:
            # All of them: at ordinary priority a scheduler may keep a program's threads on one core, and not the next.
            yield from [Quiet(case, _late(case, wishes)) for _ in range(QUIET_TIMES)]
    wanted = {OURS: asked.times, **dict.fromkeys(peers.TOOLS, asked.peers)}
    for number in range(max(wanted.values())):
        for neighbour in asked.beside:
            done = Counter((one.tool, one.case, one.neighbour, one.right) for one in _that_count(runs, quiet))
            todo = {
                case: [
                    (tool, right)
                    for right in RIGHT
                    for tool, times in wanted.items()
                    if number < times and done[tool, case, neighbour, right] <= number
                ]
                for case in cases
            }
            if time.monotonic() > ends:
                return
            if any(todo.values()):
                yield from _beside(neighbour, todo, quiet, wishes)


def _beside(
    neighbour: str,
    todo: Mapping[str, Sequence[tuple[str, str]]],
    quiet: Mapping[str, Sequence[float]],
    wishes: Wishes,
) -> Iterator[Run | Quiet]:
    """Runs beside one neighbour, who stands still while a quiet value is looked at again."""
    with neighbours.neighbours(neighbour) as company:
        time.sleep(1)
        for case, each in todo.items():
            if each and case in OF_THE_HOST:
                with company.held():
                    value = _late(case, wishes)
                yield Quiet(case, value)
            for tool, right in each:
                yield _run(tool, case, neighbour, right, _limits(quiet[case])[right], wishes)


def _limits(quiet: Sequence[float]) -> dict[str, tuple[str, float]]:
    """Name and value of a limit 20 % under the quiet values and of one 20 % over them, by the verdict that is right."""
    under, over = ("min_speedup", (1 - OFF) * min(quiet)), ("min_speedup", (1 + OFF) * max(quiet))
    if over[1] > THREADS:
        over = ("max_speedup", under[1])
    return dict(zip(RIGHT, (under, over), strict=True))


def _that_count(runs: Sequence[Run], quiet: Mapping[str, Sequence[float]]) -> list[Run]:
    """Those whose limit is off all quiet values, the later ones too: it has a right answer."""

    def counts(run: Run) -> bool:
        low, high = min(quiet[run.case]), max(quiet[run.case])
        is_over = run.limit == "min_speedup" and run.right == Outcome.FAILED.value
        return run.value >= (1 + LEAST_OFF) * high if is_over else run.value <= (1 - LEAST_OFF) * low

    return [run for run in runs if counts(run)]


def _run(tool: str, case: str, neighbour: str, right: str, limit: tuple[str, float], wishes: Wishes) -> Run:
    name, value = limit
    limits: dict[str, Any] = {name: value}
    with host_lock().exclusive(print):  # somebody else's measurement is nobody's cost here
        pass
    began = time.monotonic()
    if tool == OURS:
        said, estimate, why, attained = _ours(case, Limits(**limits), wishes)
    else:
        estimate, why, attained = peers.TOOLS[tool](case, THREADS), "", None
        met = estimate >= value if name == "min_speedup" else estimate <= value
        said = "passed" if met else "failed"
    return Run(tool, case, neighbour, name, value, right, said, estimate, time.monotonic() - began, why, attained)


def _ours(case: str, limits: Limits, wishes: Wishes) -> tuple[str, float | None, str, float | None]:
    result = _measured(case, limits, wishes)
    compared = result.comparison
    attained = compared.attained.estimate if compared and compared.attained else None
    return result.outcome.value, compared.ratio.estimate if compared else None, result.reason, attained


def _measured(case: str, limits: Limits, wishes: Wishes, **changed: Any) -> Result:
    prepared = PreparedEnvironment.prepare("current", None, None, Path.cwd(), print)
    settings = replace(resolve_settings(lambda option: wishes.get(option.name), {}), **changed)
    workload = resolve(f"{FILE}:{case}", {}, {}, None, Path.cwd())
    sides = (THREADS, 1)
    request = MeasurementRequest(case, case, lambda _: workload, sides, limits, settings, WorkloadProgram())
    return measure(request, prepared, Silent())


def _print_tables(runs: Sequence[Run], quiet: Mapping[str, Sequence[float]]) -> None:
    print("| program | speed-up on the quiet machine |\n| --- | --- |")
    for case, values in quiet.items():
        print(f"| {case} | {' to '.join(f'{value:.2f}x' for value in sorted({min(values), max(values)}))} |")
    counted, cells = _that_count(runs, quiet), defaultdict[tuple[str, str], list[Run]](list)
    for run in counted:
        cells[run.tool, run.neighbour].append(run)
    headings = ("judged by", "neighbour", "verdicts", "wrong", "inconclusive", "seconds: met, missed", "attained")
    print(f"\n| {' | '.join(headings)} |\n" + "| --- " * len(headings) + "|")
    for (tool, neighbour), of_cell in cells.items():
        wrong, open_ = _wrong(of_cell), [one for one in of_cell if one.said == Outcome.INCONCLUSIVE.value]
        counts = f"{len(of_cell)} | {len(wrong)} | {len(open_)}"
        print(f"| {tool} | {neighbour} | {counts} | {_seconds(of_cell)} | {_attained(of_cell)} |")
    print(f"\n{len(runs) - len(counted)} more had no right answer: a quiet value seen later was too near their limit.")
    for one in _wrong([run for run in counted if run.tool == OURS]):
        print(f"wrong: {one}", file=sys.stderr)


def _seconds(runs: Sequence[Run]) -> str:
    """Of limits that are met and of those that are missed, the median."""
    each = ([one.seconds for one in runs if one.said == right] for right in RIGHT)
    return ", ".join(f"{statistics.median(found):.1f}" if found else "-" for found in each)


def _attained(runs: Sequence[Run]) -> str:
    """What the host attained, lowest tenth, median and highest tenth."""
    found = sorted(one.attained for one in runs if one.attained is not None)
    if not found:
        return "-"
    return f"{found[len(found) // 10]:.2f}x, {statistics.median(found):.2f}x, {found[-1 - len(found) // 10]:.2f}x"


def _wrong(runs: Sequence[Run]) -> list[Run]:
    return [one for one in runs if one.said not in (one.right, Outcome.INCONCLUSIVE.value)]


if __name__ == "__main__":
    main()
