"""The lines of ``--multicore-doctor``: what this machine and each environment provide."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_multicore.environments import cache
from pytest_multicore.environments.discovery import find_interpreter
from pytest_multicore.environments.environment import Environment
from pytest_multicore.measurement import counters
from pytest_multicore.measurement.control import control_runs
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.rounds.tolerances import MIN_ATTAINED_SHARE

from .record import Record
from .words import estimate, figure, threads


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether an environment can be measured in without building anything, and that in words."""

    is_ready: bool
    text: str


def machine_lines(machine: Machine, *, priority: bool) -> Iterator[str]:
    """What the machine provides, a line at a time.

    Args:
        machine: this one.
        priority: look at the cores at the CPU priority that measured children have.
    """
    yield f"machine: {machine.cpu}, {machine.os}"
    yield f"grants: {machine.why_granted()}"
    yield f"attains: {_attained(machine, priority=priority)}"
    yield f"counters: {_counters()}"
    yield f"environments are cached in {cache.root()}"


def readiness(environment: Environment) -> Readiness:
    """Whether the environment is built, or needs no building.

    Raises:
        MulticoreError: its interpreter cannot be found.
    """
    # Looking is quick; downloading an interpreter would not be.
    world = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    interpreter = find_interpreter(environment.python, environ=world)
    if environment.installs and not _is_built(cache.folder_of(cache.key_of(environment.installs, interpreter))):
        text = f"not built yet; Python {interpreter.dotted} is at hand, the first test that names it builds it"
        return Readiness(False, text)
    return Readiness(True, f"Python {interpreter.dotted}, ready")


def figures_line(record: Record) -> str:
    """The figures of one measurement, or why there are none."""
    if record["cores"] is None or record["reason"]:
        return f"{record['workload']}: {record['reason']}"
    return (
        f"{record['workload']} at {threads(record)} threads: {estimate(record['cores'])} cores busy, "
        f"{figure(record['speedup'], 'x')} as fast, {record['blas'] or 'no BLAS'}"
    )


def _attained(machine: Machine, *, priority: bool) -> str:
    cores = math.ceil(machine.cores_granted)
    attained = control_runs(machine, priority=priority).attained_speedup(cores)
    if attained is None:
        return "unknown: its cores were not to be had for a moment"
    text = f"a speed-up of {attained:.2f}x with {cores} core{'' if cores == 1 else 's'} at work, just now"
    if attained < MIN_ATTAINED_SHARE * cores:
        return f"{text}: no program can be expected to gain more; min_efficiency is held against what is attained"
    return text


def _counters() -> str:
    name = counters.for_this_system().name
    if name == "proc":
        return "/proc: CPU time and waits for a core in nanoseconds"
    return f"{name}: CPU time only; how long threads waited for a core is unknown here"


def _is_built(folder: Path) -> bool:
    return cache.record_in(folder) is not None
