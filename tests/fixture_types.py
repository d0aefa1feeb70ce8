"""What the fixtures of these tests give, as types: a test says by them what it asks for."""

import subprocess
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

#: Runs one test module: its source, pytest's options, and further files by keyword.
Run = Callable[..., pytest.RunResult]
#: Skips a test to whose question the machine gave no answer, for the reason given.
Undecided = Callable[[str], NoReturn]
#: A session that has a verdict on each of its tests; else it skips the test, as above.
Decided = Callable[[pytest.RunResult], pytest.RunResult]
#: What pytest-benchmark wrote, by full name.
Benchmarks = Callable[[], dict[str, dict[str, Any]]]
#: Starts ``prepare`` for a requirement in a process of its own.
Preparing = Callable[[str], subprocess.Popen[str]]
#: Ends a process and all that it started.
KillTree = Callable[[subprocess.Popen[str]], None]
