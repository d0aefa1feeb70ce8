"""A crash's dump: its beginning and the user's frames are kept, whatever stands around them."""

import os
import signal
from pathlib import Path

import pytest

from pytest_multicore.errors import InterpreterCrash
from pytest_multicore.interpreters.crash_dump import MAX_LINES, MAX_LINES_BEFORE, OWN_FOLDERS, last_lines
from tests.interpreters.living import Open, call

OURS = f'  File "{OWN_FOLDERS[0]}runner.py", line 9 in main'
PYTESTS = '  File "/site-packages/_pytest/runner.py", line 341 in from_call'
USERS = '  File "/home/me/test_it.py", line 7 in test_it'
HEAD = ["Fatal Python error: Segmentation fault", "", "Current thread 0x00007f (most recent call first):"]


def test_the_frames_of_all_tests_are_one_line() -> None:
    dump = [*HEAD, USERS, *[PYTESTS] * 30, *[OURS] * 30, "", "Extension modules: numpy (total: 1)"]
    told = last_lines("\n".join(["printed", *dump]), 30)
    assert told[:5] == ["printed", *HEAD, USERS]
    assert told[5:] == ["  (60 frames of pytest and pytest-multicore)", "", "Extension modules: numpy (total: 1)"]


def test_a_long_dump_keeps_its_beginning() -> None:
    told = last_lines("\n".join([*HEAD, *[USERS] * 400]), 30)
    assert told[:3] == HEAD
    assert len(told) == MAX_LINES + 1


def test_the_thread_that_crashed_comes_before_hundreds_of_others() -> None:
    others = ["Thread 0x00001 (most recent call first):", USERS, ""] * 300
    dump = [*HEAD[:2], *others, HEAD[2], PYTESTS, USERS, "", "Extension modules: numpy (total: 1)"]
    told = last_lines("\n".join(dump), 30)
    assert told[:5] == [*HEAD, "  (1 frames of pytest and pytest-multicore)", USERS]
    cut_at_the_front = last_lines("\n".join(dump[2:]), 30)
    assert told[2:5] == cut_at_the_front[MAX_LINES_BEFORE:][:3]


def test_an_output_without_a_dump_is_its_last_lines() -> None:
    assert last_lines("\n".join(map(str, range(100))), 3) == ["97", "98", "99"]


def test_a_real_crash_says_what_and_where(start: Open, workloads: Path) -> None:
    body = "def deep(n):\n    deep(n - 1) if n else os.kill(os.getpid(), signal.SIGSEGV)\nprint('printed')\ndeep(50)"
    with pytest.raises(InterpreterCrash, match=f"was ended by {signal.SIGSEGV.name}") as raised:
        call(start(), workloads, body)
    lines = raised.value.log_tail.splitlines()
    assert lines[:2] == ["printed", "Fatal Python error: Segmentation fault"]
    assert f'  File "{workloads}{os.sep}work.py", line 4 in deep' in lines
