"""The file of a child's output: written by the child, cut by its parent, and read at last."""

import os
from collections.abc import Iterator

import pytest

from pytest_multicore.interpreters import log
from pytest_multicore.interpreters.log import Log


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """One of at most 1000 bytes, the last 100 of which are kept."""
    monkeypatch.setattr(log, "MAX_LOG_BYTES", 1000)
    monkeypatch.setattr(log, "TAIL_BYTES", 100)
    made = Log()
    yield made
    made.close()


def write_lines(written: Log, numbers: range) -> None:
    """As a child does: it has the descriptor, and no place of its own in the file."""
    for number in numbers:
        os.write(written.fileno(), b"%03d\n" % number)


def test_a_log_that_was_cut_grows_from_nothing(small: Log) -> None:
    for start in range(0, 900, 300):
        write_lines(small, range(start, start + 300))
        assert os.fstat(small.fileno()).st_size == 1200
        small.truncate()
        assert os.fstat(small.fileno()).st_size == 0


def test_the_lines_after_a_cut_follow_those_before_it(small: Log) -> None:
    write_lines(small, range(300))
    small.truncate()
    write_lines(small, range(300, 310))
    assert small.tail(20).splitlines() == [f"{number:03d}" for number in range(290, 310)]
    write_lines(small, range(310, 400))
    assert small.tail(20).splitlines() == [f"{number:03d}" for number in range(380, 400)]


def test_a_log_within_its_limit_is_left_alone(small: Log) -> None:
    write_lines(small, range(200))
    small.truncate()
    assert os.fstat(small.fileno()).st_size == 800
