"""``bisect NODEID numpy 1.26.4..2.4.6``: find the release, or the commit, that lost or won the cores."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_multicore.environments import scratch
from pytest_multicore.environments.overlay import GIT_PREFIX
from pytest_multicore.environments.releases import commits, releases
from pytest_multicore.errors import EnvironmentUnavailable, UsageError
from pytest_multicore.interpreters.pytest_session import run_pytest
from pytest_multicore.reports.words import loss
from pytest_multicore.rounds.tolerances import MAX_COMPARISON_TRIES
from pytest_multicore.settings import clocks
from pytest_multicore.verdicts.bisection import Answer, Neighbours, find_neighbours, last_answer

from .say import refusal, say
from .subparsers import Subparsers

#: Searches that end with neighbours which do not differ from each other: then one of the answers was wrong.
MAX_SEARCHES = 2


def add(commands: Subparsers) -> None:
    """Add the command and its arguments."""
    bisect = commands.add_parser(
        "bisect",
        help="find the release, or the commit, that lost or won the cores",
        description="Compare releases of a package, or commits of the project under test, by a test of yours, until "
        "two neighbours are left of which one lost cores against the other.",
    )
    bisect.add_argument("test", metavar="NODEID", help="a marked test, or one that measures by a fixture")
    bisect.add_argument("what", metavar="WHAT", help="a package, or git:GOOD..BAD")
    bisect.add_argument(
        "range", nargs="?", metavar="FIRST..LAST", help="of a package: two releases, or a list with commas"
    )
    bisect.add_argument("--python-version", metavar="X.Y", help="of the environment that wheels must fit (this one's)")
    bisect.add_argument(
        "--pytest",
        action="append",
        default=[],
        metavar="OPTION",
        help="an option for pytest, as --pytest=--multicore-threads=2; may be repeated",
    )
    bisect.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Return 0 if the neighbours were found, 1 if there is nothing to be found or it is not sure.

    Raises:
        UsageError: there are no such releases or commits, or the test cannot be asked.
    """
    if options.python_version is not None and not re.fullmatch(r"\d+\.\d+(\.\d+)?", options.python_version):
        raise UsageError(f"--python-version {options.python_version}: expected a version such as 3.13")
    try:
        if options.what.startswith(GIT_PREFIX):
            line = commits(options.what, Path.cwd())
        elif options.range:
            line = releases(options.what, options.range, options.python_version)
        else:
            raise UsageError(f"bisect {options.what}: expected git:GOOD..BAD, or a package and FIRST..LAST")
    except EnvironmentUnavailable as error:
        raise refusal(str(error)) from None
    return _search(ComparisonRunner(options.test, options.pytest), line)


def _search(runner: ComparisonRunner, line: Sequence[str]) -> int:
    say(f"{len(line)} from {line[0]} to {line[-1]}")
    changed = _what_changed(runner, line)
    if changed is None:
        return 1
    # Cores that were lost: the first has them. Cores that were won: the last has them, and is the reference.
    path = line if changed == "lost" else line[::-1]
    for attempt in range(MAX_SEARCHES):
        found = find_neighbours(len(path), lambda place: runner.ask(path[place], path[0]))
        answer = runner.ask_on(path[found.first_different], path[found.last_alike])
        if answer is Answer.DIFFERENT or attempt + 1 == MAX_SEARCHES:
            break
        say("that the two differ is not shown when they are compared: the search begins anew")
    return _conclude(runner, path, found, changed, answer)


def _what_changed(runner: ComparisonRunner, line: Sequence[str]) -> str | None:
    """``lost`` or ``won`` between the ends; None, with the reason printed, where neither is shown."""
    undecided = ""
    for program, base, word in ((line[-1], line[0], "lost"), (line[0], line[-1], "won")):
        answer = runner.ask_on(program, base)
        if answer is Answer.DIFFERENT:
            return word
        if answer is Answer.MISSING:
            say(f"nothing can be compared with one of the ends: {runner.why}")
            return None
        if answer is Answer.UNDECIDED:
            undecided = undecided or f"whether cores were {word} between the ends is undecided: {runner.why}"
    say(undecided or "no cores were lost or won between the ends, as far as this test and this machine tell")
    return None


def _conclude(runner: ComparisonRunner, path: Sequence[str], found: Neighbours, changed: str, answer: Answer) -> int:
    """Print the answer, and how sure it is."""
    with_cores, without = path[found.last_alike], path[found.first_different]
    # What was said is of the one without against the one with: of what was won it would read as a loss.
    told = f"{without} lost cores that {with_cores} has ({runner.last})"
    if changed == "won":
        told = f"{with_cores} won cores that {without} lacks ({_short(without)} against it: {runner.last})"
    say()
    say(told)
    for place in found.stepped_over:
        say(f"  stepped over: {path[place]}; it may be this one, too")
    if answer is Answer.DIFFERENT:
        say("sure: the two differ when compared with each other, too.")
        verdicts = found.verdicts + 2
        say(f"{verdicts} verdicts, each at the confidence of a verdict (0.99 unless --multicore-confidence is set)")
        return 0
    if answer is Answer.ALIKE:
        say("not sure: compared with each other, the two do not differ by more than max_loss. The loss may have come")
        say("in several steps, and a smaller max_loss tells them apart")
    else:
        say(f"not sure: whether the two differ from each other is undecided: {runner.why}")
    return 1


@dataclass
class ComparisonRunner:
    """Asks a test for comparisons, and prints each.

    Attributes:
        test: its node id.
        options: further ones for pytest.
        why: why the last one gave no answer.
        last: what the last one said.
    """

    test: str
    options: Sequence[str]
    why: str = field(default="", init=False)
    last: str = field(default="", init=False)

    def ask(self, program: str, base: str) -> Answer:
        """Whether a program lost cores against a base: then it differs.

        Raises:
            UsageError: pytest refuses what it is asked, or the test has a base of its own.
        """
        began = clocks.monotonic()
        with scratch.folder() as folder:
            report = folder / "report.json"
            own = [f"--multicore-overlay={program}", f"--multicore-against={base}", f"--multicore-json={report}"]
            status, printed = run_pytest([self.test, *own, "--multicore-explain=never", *self.options])
            results = json.loads(report.read_text(encoding="utf-8"))["results"] if report.exists() else []
        if status > 1 and not results:
            raise refusal(f"pytest ended with {status}:\n{printed.strip()[-2000:]}")
        answer = self._answer(results, base, printed)
        self.last = _told(results, self.why if answer is Answer.UNDECIDED else "") or self.why
        say(f"{_short(program)} against {_short(base)}: {self.last} ({clocks.monotonic() - began:.0f} s)")
        return answer

    def ask_on(self, program: str, base: str) -> Answer:
        """The same, asked again where it is undecided."""
        return last_answer(self.ask(program, base) for _ in range(MAX_COMPARISON_TRIES))

    def _answer(self, results: Sequence[Mapping[str, Any]], base: str, printed: str) -> Answer:
        compared = [result for result in results if result["against"]]
        reasons = [_first_line(result["reason"]) for result in results if result["reason"]]
        self.why = reasons[0] if reasons else f"the test does not run: {_last_error(printed)}"
        for result in compared:
            if result["against"]["base"] != base:
                raise UsageError(
                    f"{result['nodeid']} names a base of its own, {result['against']['base']}: leave against= out"
                )
        if not compared:
            return Answer.MISSING
        changes = [result["against"]["change"] for result in compared]
        if "threading regression" in changes:
            return Answer.DIFFERENT
        return Answer.UNDECIDED if "undecided" in changes else Answer.ALIKE


def _told(results: Sequence[Mapping[str, Any]], why: str) -> str:
    """What the comparisons said: the change, what was lost, and why that decides nothing; empty without any."""
    told = "; ".join(
        f"{against['change']}, {' '.join(loss(against['measured_loss']))}"
        for against in (result["against"] for result in results)
        if against
    )
    return f"{told}: {why}" if why else told


def _short(name: str) -> str:
    """A commit's name as git shortens it."""
    return name[: len(GIT_PREFIX) + 12] if name.startswith(GIT_PREFIX) else name


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _last_error(printed: str) -> str:
    """The last error that pytest shows, or else its last line."""
    # A line of progress may begin with the letter that marks an error's lines.
    lines = [line for line in printed.splitlines() if line.strip() and not line.endswith("%]")] or [
        "it printed nothing"
    ]
    errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E  ")]
    # An interpreter's own error is shown as its traceback, whose last line has no mark.
    raised = [line.strip() for line in lines if re.match(r"[\w.]*(Error|Exception|Failure)\b.*:", line)]
    summed_up = [line for line in lines if line.startswith(("ERROR ", "FAILED "))]
    return (errors or raised or summed_up or lines)[-1]
