"""The page says of the programs what its benchmark measures, and its formulas hold in its own table."""

import sys
from pathlib import Path

import pytest

from pytest_multicore.reports.words import MIN_SHOWN_CORES, PARTS, split_line
from pytest_multicore.rounds import tolerances

from .pages import ROOT, rows_of, sections, text_of

sys.path.insert(0, str(Path(ROOT, "benchmarks")))

from cores_split import CASES, Case

PAGE = text_of("explanation/where-the-cores-went")
HEADS, *ROWS = rows_of(sections(PAGE)["Programs that are known for what they lose"])
#: Hundredths are rounded: those of six parts, and those of the factors of a product.
SUM_ERROR, PRODUCT_ERROR = 0.03, 0.011


def test_the_table_has_every_program_once() -> None:
    assert [row[0].strip("`") for row in ROWS] == [case.name for case in CASES]
    assert HEADS[1 : 1 + len(PARTS)] == list(PARTS.values())


@pytest.mark.parametrize(("case", "row"), zip(CASES, ROWS, strict=True), ids=lambda one: getattr(one, "name", ""))
def test_a_programs_row_adds_up_and_keeps_to_the_formulas(case: Case, row: list[str]) -> None:
    figures = [float(cell) for cell in row[1:]]
    parts = dict(zip(PARTS, figures[: len(PARTS)], strict=True))
    assert sum(parts.values()) == pytest.approx(2, abs=SUM_ERROR)
    balance, serialisation, parallel, scaling, total = figures[len(PARTS) :]
    assert balance * serialisation == pytest.approx(parallel, abs=PRODUCT_ERROR)
    assert parallel * scaling == pytest.approx(total, abs=PRODUCT_ERROR)
    assert total == pytest.approx(parts["useful"] / 2, abs=2 * PRODUCT_ERROR)
    if case.losses:
        del parts["useful"]
        assert max(parts, key=lambda name: parts[name]) in case.losses


def test_the_line_at_its_head_is_that_of_a_row() -> None:
    (row,) = [row for row in ROWS if row[0].strip("`") == "uneven_split:triangle OMP_WAIT_POLICY=ACTIVE"]
    parts = {name: {"estimate": float(cell)} for name, cell in zip(PARTS, row[1:], strict=False)}
    assert f"  split    {split_line({'cores_split': {'cores': 2, **parts}})}" in PAGE


def test_thresholds_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    assert f"Parts under {MIN_SHOWN_CORES:g} cores are left out" in text
    assert f"less than {tolerances.MIN_TEAM_CPU_SHARE:.0%} of the busiest".replace("%", " %") in text
    assert f"would be over {tolerances.MAX_LOSSES_RATIO:g}" in text


def test_figures_of_the_text_are_those_of_the_table() -> None:
    lost = {row[0].strip("`"): dict(zip(PARTS, row[1:], strict=False)) for row in ROWS}
    active, passive = (lost[f"uneven_split:triangle OMP_WAIT_POLICY={policy}"] for policy in ("ACTIVE", "PASSIVE"))
    upside_down = lost["uneven_split:main_thread_has_most OMP_WAIT_POLICY=PASSIVE"]["idle"]
    text = " ".join(PAGE.split())
    assert f"loses {active['extra_cpu']} cores to extra CPU with" in text
    assert f", and {passive['uneven']} to uneven load with" in text
    assert f"serial part: {upside_down} idle, and an interval of uneven load from 0 to {upside_down}" in text
