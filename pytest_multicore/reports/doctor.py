"""``--multicore-doctor``: what this machine and each environment can give."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_multicore.environments import cache, catalogue
from pytest_multicore.environments.discovery import find_interpreter
from pytest_multicore.errors import MulticoreError
from pytest_multicore.measurement import counters
from pytest_multicore.measurement.control import control_runs
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.rounds.tolerances import MIN_ATTAINED_SHARE

from .record import record
from .words import estimate, figure, threads

if TYPE_CHECKING:
    from pytest_multicore.verdicts.result import Result

#: Gives the result of the dot product in one environment that is ready.
Tried = Callable[[str], "Result"]


def examine(
    machine: Machine, environments: dict[str, catalogue.Environment], tried: Tried, *, priority: bool
) -> Iterator[str]:
    """The examination, a line at a time.

    Args:
        machine: this one.
        environments: all that can be named here.
        tried: measures the dot product in an environment that is ready.
        priority: look at the cores at the CPU priority that measured children have.
    """
    yield f"machine: {machine.cpu}, {machine.os}"
    yield f"grants: {machine.why_granted()}"
    yield f"attains: {_attained(machine, priority=priority)}"
    yield f"counters: {_counters()}"
    yield f"environments are cached in {cache.root()}"
    for environment in environments.values():
        yield f"environment {environment.name}: {_examined(environment, tried)}"


def _attained(machine: Machine, *, priority: bool) -> str:
    cores = math.ceil(machine.cores_granted)
    attained = control_runs(machine, priority=priority).attained_speedup(cores)
    if attained is None:
        return "unknown: its cores were not to be had for a moment"
    told = f"a speed-up of {attained:.2f}x with {cores} core{'' if cores == 1 else 's'} at work, just now"
    if attained < MIN_ATTAINED_SHARE * cores:
        return f"{told}: no program can be expected to gain more; min_efficiency is held against what is attained"
    return told


def _counters() -> str:
    name = counters.for_this_system().name
    if name == "proc":
        return "/proc: CPU time and waits for a core in nanoseconds"
    return f"{name}: CPU time only; how long threads waited for a core is unknown here"


def _examined(environment: catalogue.Environment, tried: Tried) -> str:
    try:
        # Looking is quick; downloading an interpreter would not be.
        world = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
        interpreter = find_interpreter(environment.python, environ=world)
        if environment.installs and not _built(cache.folder_of(cache.key_of(environment.installs, interpreter))):
            return f"not built yet; Python {interpreter.dotted} is at hand, the first test that names it builds it"
        return f"Python {interpreter.dotted}, ready; {_figures(tried(environment.name))}"
    except MulticoreError as error:
        return f"cannot be had: {error}"


def _built(folder: Path) -> bool:
    return cache.record_in(folder) is not None


def _figures(result: Result) -> str:
    told = record(result)
    if told["cores"] is None or result.reason:
        return f"{told['workload']}: {result.reason}"
    return (
        f"{told['workload']} at {threads(told)} threads: {estimate(told['cores'])} cores busy, "
        f"{figure(told['speedup'], 'x')} as fast, {told['blas'] or 'no BLAS'}"
    )
