"""Real programs that are known for what they lose their cores to: each sends them to the right part."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.reports.words import PARTS, split_line
from tests.fixture_types import Undecided

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from cores_split import CASES, Case, result_of

LOSSES = [name for name in PARTS if name != "useful"]
#: Cores that others may have had, and the program is still to blame.
MOST_OF_OTHERS = 0.2
#: One of each part that a machine alone can show runs in every run of the suite. What others take is told of recorded
#: rounds (verdicts/test_recorded_splits.py): beside two neighbours that a test starts, a third leaves it undecided.
TYPICAL = (
    "elementwise_serial:suffers",
    "uneven_split:suffers",
    "busy_waiting:openmp_suffers OMP_WAIT_POLICY=ACTIVE",
)

pytestmark = pytest.mark.usefixtures("two_cores")


def params() -> list[Any]:
    typical = [case for case in CASES if case.name in TYPICAL]
    assert len(typical) == len(TYPICAL)
    return [pytest.param(case, marks=[] if case in typical else pytest.mark.exhaustive, id=case.name) for case in CASES]


@pytest.mark.parametrize("case", params())
def test_a_program_loses_its_cores_to_what_it_is_known_for(case: Case, tmp_path: Path, undecided: Undecided) -> None:
    if case.needs_compiler and not shutil.which("cc"):
        pytest.skip("no C compiler")
    result = result_of(case, tmp_path)
    split = result["cores_split"]
    assert split["cores"] == 2, result
    estimates = {name: split[name]["estimate"] for name in PARTS}
    assert sum(estimates.values()) == pytest.approx(2)
    assert min(estimates.values()) >= 0

    largest = max(LOSSES, key=lambda name: estimates[name])
    if largest not in case.losses and estimates["waited"] + estimates["not_given"] > MOST_OF_OTHERS:
        undecided(f"others had the cores: {split_line(result)}")
    if case.losses:
        assert largest in case.losses, split_line(result)
        assert estimates[largest] > 0.25, split_line(result)
    else:
        assert estimates["useful"] > 1.5, split_line(result)
