"""The tutorial's own code, run as a reader runs it: the gate passes, and fails once the pool is limited."""

import re
from collections.abc import Callable
from typing import NoReturn

import psutil
import pytest

from .pages import code_blocks, text_of

BLOCKS = code_blocks(text_of("tutorial/first-gate"), "python")

pytestmark = pytest.mark.skipif(
    len(psutil.Process().cpu_affinity()) < 2, reason="min_speedup=1.3 is out of reach on one core: inconclusive at once"
)


def write(pytester: pytest.Pytester, *blocks: str) -> None:
    """Each block into the file that its first line names."""
    for block in blocks:
        name = re.match(r"# (\w+\.py)\n", block)
        assert name, block
        (pytester.path / name[1]).write_text(block)


def test_the_gate_passes(pytester: pytest.Pytester, undecided: Callable[[str], NoReturn]) -> None:
    function, look, gate, _limited = BLOCKS
    write(pytester, function, look, gate)
    result = pytester.runpytest_subprocess("-rs")
    if result.parseoutcomes().get("skipped"):
        undecided("the machine was too busy to compare two sides")
    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines_random(
        [r"test_square +current .*measured", r"test_square_is_threaded +current .*passed"]
    )


@pytest.mark.explained
def test_it_fails_once_the_pool_is_limited_and_says_why(
    pytester: pytest.Pytester, undecided: Callable[[str], NoReturn]
) -> None:
    _function, _look, gate, limited = BLOCKS
    write(pytester, gate, limited)
    result = pytester.runpytest_subprocess("-rs")
    if result.parseoutcomes().get("skipped"):
        undecided("the machine may have kept the gain from the program")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_square_is_threaded in environment current: min_speedup missed"])
    text = " ".join(line.removeprefix("E").strip() for line in result.outlines)
    assert "limited-at-runtime" in text
    if "limited-at-runtime, not proven" in text:
        undecided("the trial decided nothing")
    assert re.search(r"split +of \d+ cores: [01]\.\d useful, \d\.\d ", text)
    why = r"why +the pool of openblas has \d+ threads before the region, 1 in it: lowered at square\.py:6 in square "
    assert re.search(why + r"\[limited-at-runtime", text)
    assert re.search(r"proof +calls that lower a pool ignored: ", text)
