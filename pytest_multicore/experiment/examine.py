"""Look at an environment for ``--multicore-doctor``: what an interpreter of it loads, as the user's variables are."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_multicore.diagnosis.findings.finding import EnvironmentFacts
from pytest_multicore.diagnosis.thread_sources import Grant, thread_source
from pytest_multicore.environments.threads import REPORTED_VARIABLES
from pytest_multicore.errors import MulticoreError
from pytest_multicore.interpreters.blas_in_use import blas_files
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.measurement.topology import topology

#: Seconds of silence after which an interpreter counts as hung: Theano compiles its product for the first time.
TIMEOUT_S = 300.0
#: The matrices of the product: 1e9 multiply-adds, some tens of milliseconds.
PRODUCT_SIZE = 1000
#: Rounds of it at most, and the share of the cores with which no more are taken. Beside other busy processes the system
#: may keep both threads on one core for some tenths of a second.
MAX_PRODUCT_ROUNDS, ENOUGH_CORES_SHARE = 20, 0.9


@dataclass(frozen=True, slots=True)
class Examination:
    """An environment as its interpreter shows it.

    Attributes:
        facts: for the findings.
        python: the interpreter's version.
        frameworks: the packages that were imported, with their versions.
        product_cores: cores that a product of matrices keeps busy at most; None where there is none.
        product: what computed it, or why there is none.
    """

    facts: EnvironmentFacts
    python: str
    frameworks: Mapping[str, str | None]
    product_cores: float | None
    product: str


def examine(prepared: PreparedEnvironment, *, priority: str) -> Examination:
    """Open an interpreter of an environment without any thread variable of ours, and look.

    Args:
        prepared: the environment.
        priority: see PreparedEnvironment.open.

    Raises:
        MulticoreError: the interpreter does not start, or does not answer.
    """
    variables = prepared.variables(None, {}, {})
    with prepared.open(variables, priority=priority) as interpreter:
        target = "builtin:load_libraries"
        loaded = interpreter.ask("call", "result", TIMEOUT_S, target=target, arguments={}, path=[])["value"]
        facts = _facts(interpreter)
        product = f"builtin:dot_{prepared.environment.frameworks.get('dot', 'numpy')}"
        cores, text = _product(interpreter, product, len(facts["affinity"] or ()))
        if not product.endswith("_numpy"):
            facts = _facts(interpreter)  # what is compiled has linked a BLAS of its own
    environment = _environment_facts(prepared, variables.variables, facts, loaded)
    return Examination(environment, facts["python"], facts["frameworks"], cores, text)


def _facts(interpreter: IsolatedInterpreter) -> Mapping[str, Any]:
    return interpreter.ask("facts", "facts", TIMEOUT_S, variables=list(REPORTED_VARIABLES))


def _product(interpreter: IsolatedInterpreter, target: str, cpus: int) -> tuple[float | None, str]:
    """Cores busy in a product of matrices; and what it ran on, or why there is none.

    Other processes can only take from them, so the most of some rounds is the nearest to the truth.
    """
    arguments = {"size": PRODUCT_SIZE}
    try:
        interpreter.ask("open", "ready", TIMEOUT_S, target=target, arguments=arguments, path=[])
        cores = 0.0
        for _ in range(MAX_PRODUCT_ROUNDS):
            taken = interpreter.ask("round", "done", TIMEOUT_S, repeat=1)
            cores = max(cores, (taken["process_cpu_end_s"] - taken["process_cpu_start_s"]) / taken["wall_s"])
            if cores >= ENOUGH_CORES_SHARE * cpus > 0:
                break
    except MulticoreError as error:
        return None, str(error).partition("\n")[0]
    return cores, target.rpartition("_")[2]


def _environment_facts(
    prepared: PreparedEnvironment, started_with: Mapping[str, str], facts: Mapping[str, Any], loaded: Mapping[str, Any]
) -> EnvironmentFacts:
    variables = {name: value for name, value in started_with.items() if name in REPORTED_VARIABLES}
    cpus = facts["affinity"] or range(os.cpu_count() or 1)
    grant = Grant(len(cpus), len(topology(cpus).cores) or None)
    libraries = []
    for library in facts["libraries"]:
        source = thread_source(library, variables, grant)
        libraries.append({**library, "source": source.source, "source_text": source.text})
    own = {name for name in variables if prepared.environment.env.get(name) == variables[name]}
    target = f"builtin:dot_{prepared.environment.frameworks.get('dot', 'numpy')}"
    of_product = {library["path"] for library in blas_files(target, facts)}
    return EnvironmentFacts(
        name=prepared.name,
        started_with=variables,
        now=facts["variables"],
        declared=frozenset(own),
        since_start=changed_since_start(variables),
        libraries=libraries,
        product_blas=next((library for library in libraries if library["path"] in of_product), None),
        failed=loaded["failed"],
    )


def changed_since_start(
    variables: Mapping[str, str], read: Callable[[], bytes] = Path("/proc/self/environ").read_bytes
) -> frozenset[str]:
    """The names among these variables that this process did not start with, or with another value.

    Args:
        variables: inherited from this process by a child.
        read: gives the variables that this process was started with, as the kernel keeps them.
    """
    try:
        entries = [entry.partition(b"=") for entry in read().split(b"\0")]
    except OSError:  # not Linux
        return frozenset()
    at_start = {os.fsdecode(name): os.fsdecode(value) for name, _, value in entries}
    now = {name: value for name, value in variables.items() if os.environ.get(name) == value}
    return frozenset(name for name, value in now.items() if at_start.get(name) != value)
