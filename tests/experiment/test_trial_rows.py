"""The rows of a trial: they end when they are enough, or the time is up, and one that counts is among them."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_multicore.experiment import trial_rows
from pytest_multicore.experiment.request import MeasuredProgram, Variant
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.row_sets import Rows
from tests.rounds import made

ORDINARY, REAL_TIME = made(), replace(made(), real_time=True)
ROW = (ORDINARY, ORDINARY)
#: What counts for nothing: a row of a trial of the real-time class, and one whose sides are of both classes.
EMPTY: tuple[Round, ...] = ()
MIXED = (ORDINARY, REAL_TIME)


@pytest.mark.parametrize(
    ("rows", "rounds_s", "taken"),
    [
        ([ROW, ROW, ROW, ROW], 60.0, [ROW] * 3),
        ([ROW, ROW], -1.0, [ROW]),
        ([EMPTY, MIXED, ROW, ROW], -1.0, [ROW]),
    ],
    ids=["enough", "the time is up", "none counted until then"],
)
def test_rows_end_with_one_that_counts(
    rows: list[tuple[Round, ...]], rounds_s: float, taken: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    interpreter = SimpleNamespace(ask=lambda *_words, **_named: {"threads": 2})
    subject = SimpleNamespace(pause=lambda: None, interpreter=interpreter)
    monkeypatch.setattr(trial_rows, "open_variant", lambda *_: nullcontext(subject))
    monkeypatch.setattr(trial_rows, "row_taker", lambda *_, **_named: SimpleNamespace(rows=lambda: iter(rows)))

    def is_enough(so_far: Rows) -> bool:
        asked.append(len(so_far))
        return len(so_far) == 3

    program = cast("MeasuredProgram", SimpleNamespace(request=None, workload=None))
    sides = cast("list[Variant]", [None, None])
    found: Any = trial_rows.take_rows(program, sides, rounds_s, is_enough)
    assert found.rows == taken
    assert found.facts == {"threads": 2}
    assert asked == [*range(1, len(taken) + 1)], "no rows are never judged"
