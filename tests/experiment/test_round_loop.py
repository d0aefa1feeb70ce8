"""How often the rows so far are judged: what a row costs does not grow with their number."""

import time

from pytest_multicore.experiment.round_loop import is_judging_due
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.judge import judgement
from pytest_multicore.verdicts.limits import Limits
from tests.rounds import rows


def judged_at(last: int) -> list[int]:
    """The numbers of rows that are judged, up to a last one."""
    judged = [0]
    for count in range(1, last + 1):
        if is_judging_due(count, judged[-1]):
            judged.append(count)
    return judged[1:]


def test_at_first_every_row_is_judged() -> None:
    assert judged_at(40) == [*range(1, 41)]


def test_row_400_costs_no_more_than_row_40() -> None:
    """In rows that are looked at, for each that is taken: to judge is to look at all of them."""
    assert 30 < sum(count for count in judged_at(410) if count > 390) / 20 <= 40


def test_to_judge_ten_times_the_rows_takes_about_ten_times_as_long() -> None:
    """CPU time, and the least of some ratios: no machine's own speed enters. It is 9."""
    few, many, limits = rows(40, 1.8), rows(400, 1.8), Limits(min_speedup=1.5, min_efficiency=0.7)

    def cost_s(taken: list[tuple[Round, Round]]) -> float:
        began_s = time.process_time()
        for _ in range(5):
            judgement(limits, taken, 0.99)
        return time.process_time() - began_s

    assert min(cost_s(many) / cost_s(few) for _ in range(5)) < 15
