"""A cache folder of its own for every test here, and packages that install without a network."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from pytest_multicore.environments.provision import Installation

REPOSITORY = Path(__file__).parents[2]


def pytest_configure(config):
    config.addinivalue_line("markers", "environments: builds a shipped environment; needs a package index")


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("PYTEST_MULTICORE_CACHE", str(folder))
    return folder


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """No index, and no cache of anything downloaded before."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def write_wheel(folder: Path, name: str = "tiny", content: str = "ANSWER = 42\n") -> Path:
    """Write a wheel by hand: one module, nothing to fetch, nothing to compile."""
    wheel = folder / f"{name}-1.0-py2.py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    tags = "Tag: py2-none-any\nTag: py3-none-any\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}.py", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n{tags}")
        archive.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name}-say = {name}:say\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def tiny(tmp_path):
    """A requirement that installs at once: a module with a console script."""
    wheel = write_wheel(tmp_path, content="ANSWER = 42\ndef say():\n    print(ANSWER)\n")
    return f"tiny @ {wheel.as_uri()}"


@pytest.fixture
def slow(tmp_path):
    """A requirement whose installation waits for a file: ``slow.started`` appears, ``slow.go`` is awaited."""
    return SlowPackage(tmp_path / "slow")


class SlowPackage:
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.requirement = f"slow @ {folder.as_uri()}"
        self.started = folder.with_suffix(".started")
        self.go = folder.with_suffix(".go")
        (folder / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "slow"\nversion = "1.0"\n'
        )
        (folder / "backend.py").write_text(
            "from __future__ import annotations\nimport time, zipfile\nfrom pathlib import Path\n"
            + inspect.getsource(write_wheel)
            + textwrap.dedent(f"""
                def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
                    Path({str(self.started)!r}).touch()
                    deadline = time.monotonic() + 60
                    while not Path({str(self.go)!r}).exists():
                        assert time.monotonic() < deadline, "nobody said go"
                        time.sleep(0.02)
                    return write_wheel(Path(wheel_directory), "slow").name
            """)
        )


@pytest.fixture
def provisioned(tmp_path):
    """A built environment, as far as what only looks at its folders can tell."""
    folder = tmp_path / "environment"
    site_packages = folder / "lib/python3.9/site-packages"
    site_packages.mkdir(parents=True)
    return Installation(folder / "bin/python", site_packages, (3, 9, 18), folder, "key-of-the-environment")


@pytest.fixture
def preparing():
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
def kill_tree():
    """Give the function that ends a process and all that it started, with SIGKILL."""
    return _kill_tree


def _kill_tree(process: subprocess.Popen[str]) -> None:
    import psutil

    if process.poll() is not None:
        return
    family = [*psutil.Process(process.pid).children(recursive=True)]
    process.kill()
    for one in family:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=10)
    process.wait(timeout=10)
