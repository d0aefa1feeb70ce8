"""A flood of output is the test's own affair: it is captured, shortened, and no error of the dialogue."""

import pytest

from tests.fixture_types import Run

FLOOD = """
import os
@gated
def test_a():
    for stream in (1, 2):
        for _ in range(MEGABYTES): os.write(stream, b'x' * 999_999 + b'\\n')
        os.write(stream, b'the end of %d\\n' % stream)
    assert not 'what it came to'
def test_b(): pass
"""


def fails_with_both_ends(run: Run, megabytes: int) -> None:
    result = run(FLOOD.replace("MEGABYTES", str(megabytes)))
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*assert not 'what it came to'*", "*left out * characters*", "the end of [12]"])
    result.stdout.no_fnmatch_line("*the agent sent*")


def test_a_hundred_megabytes_in_the_first_call_are_captured_output(run: Run) -> None:
    fails_with_both_ends(run, 50)


@pytest.mark.exhaustive
def test_a_gigabyte_in_the_first_call_is_captured_output(run: Run) -> None:
    fails_with_both_ends(run, 512)
