"""The page on free-threaded Python: its workload works, and its tests run as written on this Python."""

import json
from pathlib import Path

import pytest

from tests.fixture_types import Undecided

from .pages import code_blocks, text_of

PAGE = text_of("how-to/free-threading")


@pytest.fixture
def programs(pytester: pytest.Pytester) -> pytest.Pytester:
    for block in code_blocks(PAGE, "python"):
        name = block.partition("\n")[0].removeprefix("# ").removesuffix(".py")
        pytester.makepyfile(**{name: block})
    return pytester


def test_its_workload_runs_with_any_number_of_threads(programs: pytest.Pytester) -> None:
    assert programs.runpython_c("import share_nothing as it; [it.work(count) for count in (1, 2)]").ret == 0


@pytest.mark.exhaustive
def test_one_of_its_tests_is_for_this_python_and_passes(programs: pytest.Pytester, undecided: Undecided) -> None:
    result = programs.runpytest_subprocess("--multicore-threads=2", "--multicore-json=report.json")
    (told,) = json.loads(Path("report.json").read_text())["results"]
    if told["outcome"] == "inconclusive":
        undecided(told["reason"])
    result.assert_outcomes(passed=1, skipped=1)
    assert (told["gil"], told["free_threaded"]) == (not told["free_threaded"], told["free_threaded"])
