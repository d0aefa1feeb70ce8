"""How many cores a library's program keeps busy under given settings, in the product's own interpreters."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from unittest import mock

from pytest_multicore.environments import blas, provision
from pytest_multicore.environments.threads import REPORTED_VARIABLES
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.counters import for_this_system
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.measurement.subject import OpenedWorkload
from pytest_multicore.measurement.usage import usage

from .cases import PROGRAMS, Case, Claim

TIMEOUT_S, ROUND_S, MOST_ROUNDS, ENOUGH_ROUNDS, MOST_REPEATS = 180.0, 0.2, 16, 4, 400
MOST_TRIES = 3
#: A round of less run-queue delay than this, in cores, met no neighbour: its figures are the library's own.
MAX_DELAY_CORES = 0.15
#: A program on one core may keep a little more than one busy, for its other threads wake up; one on two may have
#: serial parts.
MAX_OF_ONE, MIN_OF_TWO = 1.2, 1.4


@dataclass(frozen=True, slots=True)
class Figures:
    """The busiest of the rounds that met no neighbour, in busy cores; None where all met one.

    A round with two cores busy counts in any case: a neighbour can only take of them.
    """

    busy: float | None

    @property
    def cores(self) -> int | None:
        """1 or 2; None where the machine, or the figure, does not tell."""
        if self.busy is None or MAX_OF_ONE < self.busy < MIN_OF_TWO:
            return None
        return 1 if self.busy <= MAX_OF_ONE else 2


@cache
def prepared(case: Case) -> PreparedEnvironment:
    """The case's environment, built by the product's own provisioning; see provision.prepare for the errors."""
    installation = provision.prepare(case.environment)
    return PreparedEnvironment(case.environment, installation, blas.select(case.blas, installation))


def installed(case: Case) -> dict[str, str]:
    """The version of each required package, and of Python."""
    where = prepared(case)
    names = [requirement.partition("==")[0] for requirement in case.requires]
    packages = {name.replace("_", "-"): version for name, version in where.packages().items()}
    return {"python": ".".join(map(str, where.installation.version))} | {name: packages[name.lower()] for name in names}


def measure(case: Case, claims: Mapping[str, Claim]) -> dict[str, Figures]:
    """Measure each claim in an interpreter of its own, alone on the host; once more where the machine was not free."""
    prepared(case)
    figures = dict.fromkeys(claims, Figures(None))
    for _ in range(MOST_TRIES):
        left = [name for name, figure in figures.items() if figure.cores is None]
        if not left:
            break
        with host_lock().exclusive(lambda _line: None):
            for name in left:
                with _opened(case, claims[name]) as subject:
                    figures[name] = _figures(subject, alone=claims[name].one_cpu)
    return figures


@contextmanager
def _opened(case: Case, claim: Claim) -> Iterator[OpenedWorkload]:
    where = prepared(case)
    with mock.patch.dict(os.environ):
        for name in REPORTED_VARIABLES:
            os.environ.pop(name, None)
        variables = where.variables(claim.threads, {}, claim.env)
    cpus = tuple(sorted(os.sched_getaffinity(0)))[: 1 if claim.one_cpu else 2]
    with where.open(variables, priority="auto", cpus=cpus) as interpreter:
        subject = OpenedWorkload(interpreter, claim.threads, TIMEOUT_S)
        target = f"{PROGRAMS / case.program}.py:prepare"
        subject.set_up(Workload(case.name, target, {"setting": claim.setting}), [])
        subject.wait_until_ready(TIMEOUT_S)
        yield subject


def _figures(subject: OpenedWorkload, alone: bool) -> Figures:
    """Take rounds; ``alone``: its own threads share a CPU, and so wait for each other."""
    repeat, clean = 1, list[float]()
    for _ in range(MOST_ROUNDS):
        busy, delay, wall_s = _round(subject, repeat)
        if wall_s < 0.7 * ROUND_S and repeat < MOST_REPEATS:
            repeat = min(MOST_REPEATS, max(repeat + 1, int(repeat * ROUND_S / wall_s)))
        elif alone or delay <= MAX_DELAY_CORES or busy >= MIN_OF_TWO:
            clean.append(busy)
            if busy >= MIN_OF_TWO or len(clean) == ENOUGH_ROUNDS:
                break
    return Figures(max(clean, default=None))


def _round(subject: OpenedWorkload, repeat: int) -> tuple[float, float, float]:
    """Busy cores, run-queue delay in cores, and wall seconds."""
    counters = for_this_system()
    time.sleep(0.02)
    before = counters.tree(subject.pid, adopter=subject.adopter)
    timing = subject.take(repeat)
    used = usage(subject.pid, before, counters.tree(subject.pid, before, subject.adopter), timing.own)
    return used.cpu_s / timing.wall_s, (used.delay_s or 0.0) / timing.wall_s, timing.wall_s
