"""A page about a program and its base says of the loss what the terminal says, in the same unit."""

import re

from pytest_multicore.reports.against import against_line
from pytest_multicore.reports.html.page import html_report
from pytest_multicore.reports.json_report import report
from pytest_multicore.reports.words import loss
from pytest_multicore.verdicts.limits import Limits
from tests.rounds import sides, spaced

from .page_reports import MACHINE, held_against, read_back

LIMITS = Limits(max_loss=0.1, max_slowdown=0.6)
#: At two threads and at one: a serial program, then its parallel base.
ROWS = spaced([(*sides(0.1, 0.1, cores=1.0), *sides(0.05, 0.1))] * 20)


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_limits_on_a_base_are_told_in_percent() -> None:
    record = held_against(ROWS, LIMITS)
    page = words_of(html_report(read_back(report([record], MACHINE))))
    assert "lost by threading 50 [50, 50] %" in against_line(record)
    assert "lost by threading 50 [50, 50] %" in page
    assert "time of 2 threads 2.00× [2.00, 2.00]" in page
    assert "time of 1 thread 1.00× [1.00, 1.00]" in page
    assert "max_loss=0.1 50 [50, 50] %" in page
    assert "Closing in on max_loss ≤ 10%" in page
    assert "After 20 rows: 50.00% [50.00, 50.00]: failed." in page
    assert "% of the base's speed-up lost by threading" in page
    assert "share of" not in page


def test_a_gain_is_won_and_no_negative_loss() -> None:
    rows = spaced([(*sides(0.025, 0.1), *sides(0.05, 0.1))] * 20)
    record = held_against(rows, Limits(max_loss=0.1))
    told = "won by threading 100 [100, 100] %"
    assert told in against_line(record)
    assert told in words_of(html_report(read_back(report([record], MACHINE))))


def test_bounds_of_a_gain_keep_their_order_and_what_is_unknown() -> None:
    assert loss({"estimate": -0.5, "low": -0.75, "high": None}) == ("won", "50 [?, 75] %")
    assert loss({"estimate": -0.00001, "low": -0.25, "high": 0.125}) == ("won", "0 [-12, 25] %")
