"""Rounds that real hosts took, held against limits off what is known of the programs (recorded/README.md)."""

import json
import statistics
import sys
from functools import cache
from pathlib import Path

import pytest

from pytest_multicore.reports.replay import Row, rows_of
from pytest_multicore.verdicts.limits import Outcome
from pytest_multicore.verdicts.rules import Rule

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import recorded  # noqa: E402

HOSTS = sorted({recorded.words_of(file) for file in recorded.files()})
#: By who was beside, and the priority: the share of limits 20 % off that may stay undecided, on speed-up and on cores.
UNDECIDED = {
    "alone-raised": (0.02, 0.02),
    "alone-ordinary": (0.07, 0.15),
    "loop-raised": (0.07, 0.07),
    "gusts-raised": (0.07, 0.07),
    "gusts-ordinary": (0.15, 0.20),
    "loop-ordinary": (0.50, 0.50),
}


@cache
def table() -> recorded.Table:
    return recorded.table()


def test_hosts_are_recorded_and_their_files_named_by_who_was_beside() -> None:
    assert HOSTS, f"no file in {recorded.FOLDER}"
    assert set(HOSTS) <= set(UNDECIDED)


@pytest.mark.parametrize("host", HOSTS)
def test_no_verdict_is_wrong(host: str) -> None:
    cells = {cell: tally for cell, tally in table().items() if cell[0] == host}
    assert {figure for _, figure, _ in cells} == set(recorded.LIMITS_ON)
    assert {off for *_, off in cells} == set(recorded.OFF)
    assert {cell: tally.wrong for cell, tally in cells.items() if tally.wrong} == {}


@pytest.mark.parametrize("host", HOSTS)
def test_few_limits_stay_undecided(host: str) -> None:
    for figure, most in zip(("speedup", "cores"), UNDECIDED[host], strict=True):
        tally = table()[host, figure, 0.2]
        assert len(tally.undecided) <= most * tally.asked, tally.undecided


@pytest.mark.parametrize("host", [host for host in HOSTS if host.startswith("alone")])
def test_a_limit_that_is_met_takes_few_rows_where_nobody_is_beside(host: str) -> None:
    for figure in recorded.LIMITS_ON:
        assert statistics.median(table()[host, figure, 0.2].rows) < 15


def test_without_the_control_these_hosts_would_make_wrong_verdicts() -> None:
    """Two threads beside an endless loop on two cores: what they lack of a core is no miss."""
    rows, asked = program("loop-ordinary", "scales")
    with_it, without = recorded.answers(rows, asked), recorded.answers(rows, asked, frozenset({Rule.CONTROL}))
    assert not [question for question in asked if is_wrong(question, with_it)]
    assert [question for question in asked if is_wrong(question, without)]


def program(host: str, name: str) -> tuple[list[Row], list[recorded.Question]]:
    """Its rows, and limits on its speed-up."""
    (file, *_) = [one for one in recorded.files() if recorded.words_of(one) == host]
    (told,) = [one for one in recorded.results(file) if one["nodeid"] == name]
    labels = json.loads((recorded.FOLDER / "labels.json").read_text())["programs"]
    return rows_of(told), list(recorded.questions(name, {"speedup": labels[host.partition("-")[2]][name]}))


def is_wrong(question: recorded.Question, said: dict[recorded.Question, tuple[Outcome, int]]) -> bool:
    return said[question][0] not in (question.right, Outcome.INCONCLUSIVE)
