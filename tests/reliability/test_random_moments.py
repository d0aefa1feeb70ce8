"""Each ending at random moments of a session, with pytest-xdist and without: nothing is left, the report is whole."""

import random
from pathlib import Path

import pytest

from tests.reliability.endings import ENDINGS, KINDS, end_at


@pytest.mark.exhaustive
@pytest.mark.parametrize("options", KINDS, ids=["alone", "xdist"])
@pytest.mark.parametrize("how", ENDINGS)
def test_an_ending_at_a_random_moment_leaves_nothing(tmp_path: Path, how: str, options: tuple[str, ...]) -> None:
    """``python -m tests.reliability.endings 20`` tries 20 moments of each."""
    end_at(tmp_path, how, random.uniform(0.2, 12.0), *options)
