"""Live interpreters that end with their test."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
from tests.interpreters.living import Open


@pytest.fixture
def workloads(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def start() -> Iterator[Open]:
    opened: list[IsolatedInterpreter] = []

    def start(priority: str = "auto", **variables: str) -> IsolatedInterpreter:
        launch = Launch([sys.executable], {**os.environ, **variables}, Path.cwd(), priority=priority)
        opened.append(IsolatedInterpreter(launch))
        return opened[-1]

    yield start
    for interpreter in opened:
        interpreter.close()
        assert not psutil.pid_exists(interpreter.pid)
