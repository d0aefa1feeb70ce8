"""pytest-benchmark beside this plugin: sessions with the version that is installed, and with an old one."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import pytest_multicore
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.provision import prepare
from pytest_multicore.errors import EnvironmentUnavailable
from tests.fixture_types import Benchmarks, Run

HEAD = """
import contextlib, os, time
from pathlib import Path
from typing import Any
import pytest

gated = pytest.mark.multicore(min_cores=0.5, threads=1)
compared = pytest.mark.multicore(max_speedup=1.6, threads=2)

def work(n=int(os.environ.get("SIZE", 20000))):
    return sum(i * i for i in range(n))

def note(what):
    with open(Path(__file__).with_name("diary"), "a") as diary:
        diary.write(what + " ")
"""


@pytest.fixture(autouse=True)
def beside_it() -> None:
    pytest.importorskip("pytest_benchmark", reason="pytest-benchmark (extra `benchmark`) is not installed")


@pytest.fixture
def bench(pytester: pytest.Pytester) -> Run:
    """Run one test module with the pytest-benchmark that is installed."""

    def bench(source: str, *options: str, **files: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=HEAD + source, **files)
        return pytester.runpytest_subprocess("-p", "no:randomly", *options)

    return bench


@pytest.fixture(params=["installed", pytest.param("4.0.0", marks=pytest.mark.exhaustive)])
def both(request: pytest.FixtureRequest, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, bench: Run) -> Run:
    """Run one test module, with each version."""
    if request.param == "installed":
        return bench
    pins = (f"pytest-benchmark=={request.param}", "pytest==8.4.2")  # with later ones its own fixture breaks
    needs = ("psutil", "numpy", "filelock", "platformdirs")
    try:
        python = prepare(Environment("benchmark-4", python=(sys.executable,), requires=(*pins, *needs))).python
    except EnvironmentUnavailable as error:
        pytest.skip(f"pytest-benchmark {request.param} cannot be had: {error}")
    # The package alone: the metadata beside it would register the plugin a second time.
    alone = pytester.mkdir("alone")
    (alone / "pytest_multicore").symlink_to(Path(pytest_multicore.__file__).parent)
    monkeypatch.setenv("PYTHONPATH", str(alone))

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=HEAD + source)
        return pytester.run(str(python), "-m", "pytest", "-p", "pytest_multicore.plugin", *options)

    return run


@pytest.fixture
def benchmarks(pytester: pytest.Pytester) -> Benchmarks:
    """What ``--benchmark-json=b.json`` wrote, by full name."""

    def benchmarks() -> dict[str, dict[str, Any]]:
        found = json.loads((pytester.path / "b.json").read_text())["benchmarks"]
        by_name = {one["fullname"]: one for one in found}
        assert len(by_name) == len(found), "a full name came twice"
        return by_name

    return benchmarks
