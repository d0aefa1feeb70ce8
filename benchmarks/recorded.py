"""Recorded rounds of real hosts, held against limits off what the programs are known to come to.

    python benchmarks/recorded.py [FOLDER]

Each file is a report of ``--multicore-json`` with the programs of verdict_cases.py, 2 threads against 1; its name says
who was beside and at which CPU priority. ``labels.json`` and ``cores.json`` hold, by priority and program, the range of
the speed-up and of the busy cores on a machine that is left alone. A limit 10, 20 or 30 % under a range must be met,
one so far over it must be missed. Prints a Markdown table by file, figure and distance.
"""

from __future__ import annotations

import argparse
import json
import lzma
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_multicore.reports.replay import rows_of
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.figures import comparison
from pytest_multicore.verdicts.judge import judge_comparison
from pytest_multicore.verdicts.limits import Limits, Outcome, claims_regression
from pytest_multicore.verdicts.rules import NO_RULES, Rule
from pytest_multicore.verdicts.statistics import fewest_values
from pytest_multicore.verdicts.stopping import StoppingRule

FOLDER = Path(__file__).parent.parent / "tests" / "verdicts" / "recorded"
CONFIDENCE, SETTLE_S, BUDGET_S, OFF = 0.99, 4.0, 60.0, (0.1, 0.2, 0.3)
#: Rows after which not each one is looked at: an interval holds at any look.
EACH_ROW, THEN_EVERY = 60, 5
#: By figure: the limits that are put off its range.
LIMITS_ON = {
    "speedup": ("min_speedup", "max_speedup", "min_efficiency"),
    "cores": ("min_cores", "max_cores"),
}


@dataclass(frozen=True)
class Question:
    """One limit on one program.

    Attributes:
        program, quantity, off: what is asked, and how far off the range the limit lies.
        limits: as they are judged.
        right: the outcome that the range gives.
    """

    program: str
    quantity: str
    off: float
    limits: Limits
    right: Outcome

    @property
    def is_met_at_once(self) -> bool:
        """Whether it is decided by the figure's low end, and has not to last."""
        return self.right is Outcome.PASSED and self.quantity.startswith("min_")


@dataclass
class Tally:
    """What was said of some questions."""

    right: int = 0
    wrong: list[Question] = field(default_factory=list)
    undecided: list[Question] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """How many questions there were."""
        return self.right + len(self.wrong) + len(self.undecided)

    def add(self, question: Question, said: Outcome, rows: int) -> None:
        """Count an answer."""
        if said is Outcome.INCONCLUSIVE:
            self.undecided.append(question)
        elif said is not question.right:
            self.wrong.append(question)
        else:
            self.right += 1
            if question.is_met_at_once:
                self.rows.append(rows)


#: By the words of a file's name (who was beside, priority), figure and distance.
Table = dict[tuple[str, str, float], Tally]


def files(folder: Path = FOLDER) -> list[Path]:
    """The recorded files."""
    return sorted(folder.glob("*.json.xz"))


def words_of(file: Path) -> str:
    """``loop-raised``: who was beside, and the priority."""
    return "-".join(file.name.removesuffix(".json.xz").split("-")[-2:])


def results(file: Path) -> list[Mapping[str, Any]]:
    """A file's results, one a program."""
    with lzma.open(file) as told:
        return list(json.load(told)["results"])


def questions(program: str, ranges: Mapping[str, Sequence[float]]) -> Iterator[Question]:
    """The limits off a program's ranges, by figure."""
    for figure, (low, high) in ranges.items():
        for quantity in LIMITS_ON[figure]:
            scale = 0.5 if quantity == "min_efficiency" else 1.0
            for off in OFF:
                for limit, over in (((1 - off) * low, False), ((1 + off) * high, True)):
                    met = over is quantity.startswith("max_")
                    right = Outcome.PASSED if met else Outcome.FAILED
                    held_to: dict[str, Any] = {quantity: scale * limit}
                    yield Question(program, quantity, off, Limits(**held_to), right)


def answers(
    rows: Sequence[tuple[Round, ...]], asked: Sequence[Question], without: frozenset[Rule] = NO_RULES
) -> dict[Question, tuple[Outcome, int]]:
    """What the rows say, looked at one after the other: the verdict on each question, and after how many rows."""
    left, found = list(asked), dict[Question, tuple[Outcome, int]]()
    for count in range(fewest_values(CONFIDENCE), len(rows) + 1):
        if count > EACH_ROW and count % THEN_EVERY and count < len(rows):
            continue
        brief = rows[count - 1][0].began_s < SETTLE_S and Rule.SETTLE not in without
        compared = comparison(rows[:count], CONFIDENCE, without)
        for question in list(left):
            verdict = judge_comparison(question.limits, compared, without)[0]
            if claims_regression(verdict):
                rule = StoppingRule(question.limits, CONFIDENCE, BUDGET_S, SETTLE_S, without=without)
                verdict = rule.judge(rows[:count]).verdicts[0]
            if verdict.outcome is not Outcome.INCONCLUSIVE and not (brief and claims_regression(verdict)):
                found[question] = verdict.outcome, count
                left.remove(question)
        if not left:
            break
    return found | dict.fromkeys(left, (Outcome.INCONCLUSIVE, len(rows)))


def table(folder: Path = FOLDER, without: frozenset[Rule] = NO_RULES) -> Table:
    """All files against all limits."""
    told: Table = {}
    ranges = {
        figure: json.loads((folder / name).read_text())["programs"]
        for figure, name in (("speedup", "labels.json"), ("cores", "cores.json"))
        if (folder / name).exists()
    }
    for file in files(folder):
        words = words_of(file)
        for result in results(file):
            program = result["nodeid"]
            of_program = {figure: found[words.split("-")[1]][program] for figure, found in ranges.items()}
            for question, (said, rows) in answers(
                rows_of(result), list(questions(program, of_program)), without
            ).items():
                figure = next(name for name, quantities in LIMITS_ON.items() if question.quantity in quantities)
                told.setdefault((words, figure, question.off), Tally()).add(question, said, rows)
    return told


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    asked = parser.parse_args()
    print("| recorded | limits on | off | right | undecided | wrong | rows for a limit that is met |")
    print("| --- " * 7 + "|")
    for (words, figure, off), tally in table(asked.folder).items():
        rows = f"{statistics.median(tally.rows):g}" if tally.rows else "-"
        counts = f"{tally.right} | {len(tally.undecided)} | {len(tally.wrong)}"
        print(f"| {words} | {figure} | {off:.0%} | {counts} | {rows} |")


if __name__ == "__main__":
    main()
