"""Live interpreters that end with their test."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pytest_multicore.interpreters import process
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
from tests.interpreters.living import Open


@pytest.fixture
def workloads(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(params=["guarded", "unguarded"])
def each_kind_of_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there are process groups, and as where there are none."""
    if request.param == "unguarded":
        monkeypatch.setattr(process, "HAS_PROCESS_GROUPS", False)


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
