"""The pages on pools of one's own and on cores: their programs run plainly as written, and measured on real cores."""

import json
from pathlib import Path

import pytest

from tests.fixture_types import Undecided

from .pages import code_blocks, text_of

PAGE = text_of("how-to/own-pools")


@pytest.fixture
def programs(pytester: pytest.Pytester) -> pytest.Pytester:
    for block in code_blocks(PAGE, "python"):
        name = block.partition("\n")[0].removeprefix("# ").removesuffix(".py")
        pytester.makepyfile(**{name: block})
    (block,) = code_blocks(text_of("how-to/cores"), "python")
    pytester.makepyfile(test_cores=block)
    return pytester


def test_they_run_plainly_with_what_the_side_in_question_would_have(programs: pytest.Pytester) -> None:
    programs.makepyfile(
        test_count="""
        import pytest

        @pytest.mark.multicore(threads=3, min_speedup=2)
        def test_a(multicore_threads):
            assert multicore_threads == 3

        @pytest.mark.multicore(vary="cores", threads="inherit")
        def test_b(multicore_threads, pytestconfig):
            from pytest_multicore.measurement.machine import this_machine
            assert multicore_threads == this_machine().threads_auto

        def test_without_a_marker(multicore_threads):
            assert multicore_threads == 5
        """
    )
    result = programs.runpytest_subprocess("--multicore-off", "--multicore-threads=5")
    result.assert_outcomes(passed=6, skipped=1)  # what the fixture multicore measures is skipped there


@pytest.mark.exhaustive
def test_they_meet_their_limits(programs: pytest.Pytester, undecided: Undecided) -> None:
    result = programs.runpytest_subprocess("--multicore-threads=2", "--multicore-json=report.json")
    told = json.loads(Path("report.json").read_text())["results"]
    if any(one["outcome"] == "inconclusive" for one in told):
        undecided(next(one["reason"] for one in told if one["reason"]))
    result.assert_outcomes(passed=4)
    assert [one["vary"] for one in told].count("cores") == 1
    (waiting,) = (one for one in told if one["threads"] == 8)
    assert waiting["cores"]["estimate"] < 0.2
    assert any("waits, not work" in note for note in waiting["notes"])
