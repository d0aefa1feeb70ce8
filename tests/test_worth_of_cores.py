"""Busy cores of a pool that no setting reaches: they are wasted or useful on both sides, and one core tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_multicore.environments import shared_libraries
from tests.fixture_types import Undecided

PROGRAM = Path(__file__).parent / "causes" / "programs" / "busy_waiting.py"

TEST = f"""
import pytest

@pytest.mark.multicore(min_cores=1.6, threads=2, budget=20)
@pytest.mark.parametrize("steps", [5_000, 2_000_000])
def test_it(multicore, steps):
    multicore.run("{PROGRAM}:no_setting_reaches", steps=steps)
"""


@pytest.mark.exhaustive
@pytest.mark.settled
def test_a_pool_that_spins_on_both_sides_is_warned_of_and_one_that_works_is_not(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, undecided: Undecided
) -> None:
    if shared_libraries.compiler() is None:
        pytest.skip("no C compiler")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    pytester.makepyfile(TEST)
    session = pytester.runpytest_subprocess("-p", "no:randomly", "--multicore-json=report.json")
    spins, works = json.loads((pytester.path / "report.json").read_text())["results"]
    if "inconclusive" in (spins["outcome"], works["outcome"]):
        undecided(f"{spins['reason']}; {works['reason']}")

    assert [spins["outcome"], works["outcome"]] == ["passed", "passed"], session.stdout.str()
    assert "as fast as on 1 core: the second core is wasted" in " ".join(spins["warnings"]), spins["warnings"]
    assert works["warnings"] == []
