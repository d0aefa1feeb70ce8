"""Profiles of real runs: Theano's own, with the shapes of its products, and what py-spy sees from outside."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pytest_multicore.diagnosis.profile import profile_of
from pytest_multicore.environments import shared_libraries as libraries
from pytest_multicore.errors import EnvironmentUnavailable, WorkloadError
from pytest_multicore.experiment.open_side import WorkloadProgram, open_variant
from pytest_multicore.experiment.request import MeasurementRequest, Variant
from pytest_multicore.interpreters import sampling_profile as sampling
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.native_stacks import native_stacks
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.theano_profile import theano_profile
from pytest_multicore.interpreters.workload import resolve
from pytest_multicore.settings.options import resolve_settings
from pytest_multicore.verdicts.limits import Limits

AtWork = Callable[[str], IsolatedInterpreter]
TIMEOUT_S = 300.0
SECONDS = 1

BUSY = """
def prepare():
    return spin

def spin():
    return sum(number * number for number in range(20000))
"""
HASHES = """
import hashlib

def prepare():
    block = bytes(3_000_000)
    return lambda: hashlib.sha256(block).digest()
"""
FAILS_LATER = """
calls = []

def prepare():
    return work

def work():
    calls.append(0)
    if len(calls) > 1:
        raise RuntimeError("the second call fails")
"""


@pytest.mark.skipif(not libraries.compiler(), reason="Theano needs a C++ compiler")
@pytest.mark.parametrize("environment", ["theano", "theano-2016"])
@pytest.mark.slow
def test_theanos_profile_of_fit_has_its_times_and_the_shapes_of_its_products(environment: str, tmp_path: Path) -> None:
    try:
        prepared = PreparedEnvironment.prepare(environment, None, None, tmp_path, print)
    except EnvironmentUnavailable as error:
        pytest.skip(str(error))
    arguments = {"samples": 84, "batch_size": 32, "features": 10, "hidden": 6}
    workload = resolve("fit", arguments, prepared.environment.frameworks, None, tmp_path)

    settings = resolve_settings(lambda _: None, {"priority": "off"})
    asked = MeasurementRequest("fit", "fit", lambda _: workload, (1,), Limits(), settings, WorkloadProgram())
    raw = theano_profile(lambda first: open_variant(asked, Variant(prepared, workload, 1), first), TIMEOUT_S)
    found = profile_of(raw, threshold=1000)

    assert found.calls == 3  # batches of 32, 32 and 20
    assert all(part > 0 for part in (found.products_s, found.elementwise_s, found.calling_s, found.outside_s))
    parts = found.products_s + found.elementwise_s + found.other_s + found.python_s
    assert parts == pytest.approx(found.wall_s, rel=0.01)
    shapes = {tuple(sorted((one.m, one.n, one.k))): one for one in found.products}
    assert (6, 10, 32) in shapes
    assert (6, 10, 20) in shapes
    assert shapes[6, 10, 32].calls == pytest.approx(2 * shapes[6, 10, 20].calls)
    assert shapes[6, 10, 32].under_threshold is False
    assert shapes[1, 6, 32].under_threshold is True
    assert sum(one.seconds for one in found.products) == pytest.approx(found.products_s)
    assert found.largest_elementwise == 32 * 6
    assert (found.openmp, found.openmp_minsize) == (False, 200_000)


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[AtWork]:
    """An interpreter with a workload opened, of the given source."""
    started: list[IsolatedInterpreter] = []

    def at_work(source: str) -> IsolatedInterpreter:
        file = tmp_path / "work.py"
        file.write_text(source)
        started.append(IsolatedInterpreter(Launch([sys.executable], dict(os.environ), Path.cwd())))
        started[0].ask("open", "ready", TIMEOUT_S, target=f"{file}:prepare", arguments={}, path=[])
        return started[0]

    yield at_work
    for interpreter in started:
        interpreter.close()


def pretended_py_spy(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program in py-spy's place, beside this interpreter."""
    program = folder / "py-spy"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))


def test_py_spy_finds_the_line_that_runs_and_who_holds_the_gil(at_work: AtWork) -> None:
    found = sampling.sampling_profile(at_work(BUSY), 0.001, TIMEOUT_S, seconds=SECONDS)
    if found.missing:
        pytest.skip(found.missing)
    assert found.frames[0].function.endswith("<genexpr>")
    assert found.frames[0].file.endswith("work.py")
    assert sum(frame.share for frame in found.frames) == pytest.approx(1)
    assert found.packages[0][0] == "work.py"
    assert found.gil_share is not None
    assert 0 < found.gil_share <= 1


def test_native_stacks_tell_the_library_that_runs_and_that_it_lets_go_of_the_gil(at_work: AtWork) -> None:
    interpreter = at_work(HASHES)

    def work() -> None:
        interpreter.ask("round", "done", TIMEOUT_S, repeat=20)

    found = native_stacks(interpreter.pid, work)
    if found.missing:
        pytest.skip(found.missing)
    assert sum(function.share for function in found.functions) > 0.8, found
    assert "sha" in " ".join(function.inner + function.library for function in found.functions).lower()
    assert found.gil_share is not None
    assert found.gil_share < 0.5


def test_the_interpreter_is_usable_afterwards(at_work: AtWork) -> None:
    interpreter = at_work(BUSY)
    sampling.sampling_profile(interpreter, 0.001, TIMEOUT_S, seconds=SECONDS)
    assert interpreter.ask("round", "done", TIMEOUT_S, repeat=1)["repeat"] == 1


def test_without_py_spy_it_says_how_to_get_it(at_work: AtWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter = at_work(BUSY)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = sampling.sampling_profile(interpreter, 0.001, TIMEOUT_S, seconds=SECONDS)
    assert found.missing == "py-spy is not installed; install pytest-multicore[profile]"
    assert (found.samples, found.gil_share, found.frames) == (0, None, ())


def test_what_py_spy_says_of_its_permissions_is_handed_on(
    at_work: AtWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter = at_work(BUSY)
    pretended_py_spy(tmp_path, monkeypatch, "echo 'Permission Denied: Try running again with sudo' >&2; exit 1")
    found = sampling.sampling_profile(interpreter, 0.001, TIMEOUT_S, seconds=SECONDS)
    assert "Permission Denied: Try running again with sudo" in found.missing
    assert found.samples == 0


def test_a_round_that_fails_ends_py_spy_too(at_work: AtWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter = at_work(FAILS_LATER)
    pretended_py_spy(tmp_path, monkeypatch, f"echo $$ > {tmp_path}/pid; exec sleep 600")
    with pytest.raises(WorkloadError, match="the second call fails"):
        sampling.sampling_profile(interpreter, 0.001, TIMEOUT_S, seconds=SECONDS)
    written = tmp_path / "pid"
    assert not written.exists() or not written.read_text() or not psutil.pid_exists(int(written.read_text()))


def test_a_py_spy_that_never_ends_is_ended(at_work: AtWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter = at_work(BUSY)
    monkeypatch.setattr(sampling, "MAX_LATE_S", 0)
    pretended_py_spy(tmp_path, monkeypatch, "exec sleep 600")
    found = sampling.sampling_profile(interpreter, 0.001, TIMEOUT_S, seconds=SECONDS)
    assert (found.samples, found.missing) == (0, "py-spy may not or cannot look into the child: it gave no reason")


def test_stacks_of_rounds_are_read_with_their_counts_and_the_innermost_frame_is_told() -> None:
    head = "<module> (runner.py:300);round (runner.py:150);measure (clocks.py:40);"
    text = (
        f"{head}main (a.py:1);run (keras/b.py:20) 3\n{head}main (a.py:2);run (keras/b.py:20) 1\n{head}main (a.py:3) 4\n"
    )
    between = "<module> (runner.py:300);receive (channel.py:54) 9\nnonsense\n"
    stacks = sampling.stacks_in(text + between)
    assert sorted(stacks.values()) == [1, 3, 4]
    assert [(one.function, one.file, one.line, one.share) for one in sampling.frames_of(stacks)] == [
        ("run", "keras/b.py", 20, 0.5),
        ("main", "a.py", 3, 0.5),
    ]
