"""A cache folder of its own for every test here, and packages that install without a network."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_multicore.environments.provision import Installation
from tests.fixture_types import KillTree, Preparing

from .packages import SlowPackage, write_wheel

REPOSITORY = Path(__file__).parents[2]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "environments: builds a shipped environment; needs a package index")


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("PYTEST_MULTICORE_CACHE", str(folder))
    return folder


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No index, and no cache of anything downloaded before."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    """A requirement that installs at once: a module with a console script."""
    wheel = write_wheel(tmp_path, content="ANSWER = 42\ndef say():\n    print(ANSWER)\n")
    return f"tiny @ {wheel.as_uri()}"


@pytest.fixture
def slow(tmp_path: Path) -> SlowPackage:
    """A requirement whose installation waits for a file: ``slow.started`` appears, ``slow.go`` is awaited."""
    return SlowPackage(tmp_path / "slow")


@pytest.fixture
def provisioned(tmp_path: Path) -> Installation:
    """A built environment, as far as what only looks at its folders can tell."""
    folder = tmp_path / "environment"
    site_packages = folder / "lib/python3.9/site-packages"
    site_packages.mkdir(parents=True)
    return Installation(folder / "bin/python", site_packages, (3, 9, 18), folder, "key-of-the-environment")


@pytest.fixture
def preparing() -> Iterator[Preparing]:
    """Start ``prepare`` in a process of its own; ended with the test, and whatever it started."""
    started = []

    def start(requirement: str) -> subprocess.Popen[str]:
        code = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from pytest_multicore.environments.environment import Environment\n"
            "from pytest_multicore.environments.provision import prepare\n"
            "tell = lambda line: print(line, flush=True)\n"
            "print(prepare(Environment('own', requires=(sys.argv[2],)), progress=tell).folder)"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(REPOSITORY), requirement],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        _kill_tree(process)


@pytest.fixture
def kill_tree() -> KillTree:
    """Give the function that ends a process and all that it started, with SIGKILL."""
    return _kill_tree


def _kill_tree(process: subprocess.Popen[str]) -> None:
    """All of them at once: one that lives for a moment longer would remove what the others leave."""
    import psutil

    if process.poll() is not None:
        return
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for signal_number in (signal.SIGSTOP, signal.SIGKILL):
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(signal_number)
    process.wait(timeout=10)
    psutil.wait_procs(family, timeout=10)
