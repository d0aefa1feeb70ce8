"""A fixture that replaces functions of the standard library in pytest's own process reaches no measurement."""

import builtins
import json
import os
from pathlib import Path

import pytest

from pytest_multicore.measurement.lock_wait import LockFile
from tests.fixture_types import Run

fcntl = pytest.importorskip("fcntl")

REPLACES = """
import builtins, os, pytest, socket, subprocess
def refuse(*args, **kwargs): raise RuntimeError("not in these tests")
@pytest.fixture(autouse=True, scope="session")
def replaced():
    with pytest.MonkeyPatch.context() as patches:
        for name in {names}:
            patches.setattr({module}, name, refuse)
        yield
"""
SOURCE = """
import builtins, socket, subprocess
def made(): return work
def test_plain(): pass
@pytest.mark.multicore(min_cores=0.02, threads=1)
def test_marked(): work()
def test_fixture(multicore): multicore.run(made, threads=1)
def test_interpreter(isolated_interpreter): isolated_interpreter(threads=1).call("platform:system")
def test_still_replaced():
    with pytest.raises(RuntimeError): {module}.{name}()
"""


@pytest.mark.parametrize(
    ("module", "names"),
    [("subprocess", ("Popen", "run", "check_output")), ("builtins", ("open",)), ("socket", ("socket",))],
)
def test_a_session_fixture_that_refuses_what_measuring_needs_refuses_nothing_of_it(
    run: Run, pytester: pytest.Pytester, module: str, names: tuple[str, ...]
) -> None:
    """A plain test before the measured ones has the fixture set up in pytest's own process."""
    source, conftest = SOURCE.format(module=module, name=names[0]), REPLACES.format(module=module, names=names)
    session = run(source, "--multicore-budget=3", "--multicore-json=report.json", conftest=conftest)
    session.assert_outcomes(passed=5)
    assert len(json.loads((pytester.path / "report.json").read_text())["results"]) == 2


def test_pytest_socket(run: Run) -> None:
    pytest.importorskip("pytest_socket")
    source = "@pytest.mark.multicore(min_cores=0.02, threads=1)\ndef test_1(): work()\n"
    run(source, "-p", "pytest_socket", "--disable-socket", "--multicore-budget=3").assert_outcomes(passed=1)


def test_a_holder_of_the_lock_that_cannot_be_described_has_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is outside of any test: an error there would end the session."""
    monkeypatch.setattr(builtins, "open", None)
    path = tmp_path / "lock"
    lock = LockFile(os.open(path, os.O_CREAT | os.O_RDWR), path)
    assert lock.descriptor is not None
    fcntl.flock(lock.descriptor, fcntl.LOCK_EX)
    assert lock.holders_in_words() == [f"process {pid}" for pid in lock.holders]
    lock.close()
