"""Look at an environment for ``--multicore-doctor``: what an interpreter of it loads, as the user's variables are."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_multicore.diagnosis.findings.examination import Examination, Product
from pytest_multicore.diagnosis.findings.finding import EnvironmentFacts
from pytest_multicore.diagnosis.thread_sources import Grant, thread_source
from pytest_multicore.environments.threads import REPORTED_VARIABLES
from pytest_multicore.errors import MulticoreError
from pytest_multicore.interpreters.blas_in_use import blas_files
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.measurement.counters import for_this_system
from pytest_multicore.measurement.topology import topology
from pytest_multicore.measurement.usage import OwnClock, usage
from pytest_multicore.rounds.tolerances import MIN_TEAM_CPU_SHARE

#: Seconds of silence after which an interpreter counts as hung: Theano compiles its product for the first time.
TIMEOUT_S = 300.0
#: The matrices of the product: 1e9 multiply-adds, some tens of milliseconds.
PRODUCT_SIZE = 1000
#: Rounds of it at most, and the share of the cores that its library may use with which no more are taken. Beside other
#: busy processes the system may keep both threads on one core for some tenths of a second.
MAX_PRODUCT_ROUNDS, ENOUGH_CORES_SHARE = 20, 0.9


def examine(prepared: PreparedEnvironment, *, priority: str) -> Examination:
    """Open an interpreter of an environment without any thread variable of ours, and look.

    Args:
        prepared: the environment.
        priority: see PreparedEnvironment.open.

    Raises:
        MulticoreError: the interpreter does not start, or does not answer.
    """
    variables = prepared.variables(None, {}, {})
    target = f"builtin:dot_{prepared.environment.frameworks.get('dot', 'numpy')}"
    with prepared.open(variables, priority=priority) as interpreter:
        # First: the pools of other libraries would spin beside it for a while.
        product = _product(interpreter, target)
        load = "builtin:load_libraries"
        loaded = interpreter.ask("call", "result", TIMEOUT_S, target=load, arguments={}, path=[])["value"]
        facts = _facts(interpreter)
    environment = _environment_facts(prepared, variables.variables, facts, loaded["failed"])
    of_product = {library["path"] for library in blas_files(target, facts)}
    blas = next((library for library in environment.libraries if library["path"] in of_product), None)
    environment = replace(environment, product_blas=blas)
    return Examination(environment, facts["python"], facts["frameworks"], product)


def usable_threads(target: str, facts: Mapping[str, Any]) -> int:
    """Threads that can work on a product at once: those of its library, where that is known, on the CPUs of the mask.

    Args:
        target: the product's workload.
        facts: of the interpreter that has prepared it.
    """
    cpus = len(facts["affinity"] or range(os.cpu_count() or 1))
    told = [library["threads"] or cpus for library in blas_files(target, facts)]
    return min(max(told, default=cpus), cpus)


def _facts(interpreter: IsolatedInterpreter) -> Mapping[str, Any]:
    return interpreter.ask("facts", "facts", TIMEOUT_S, variables=list(REPORTED_VARIABLES))


def _product(interpreter: IsolatedInterpreter, target: str) -> Product:
    """What the threads of a library make of a product of matrices.

    Other processes can only take from them, so the most of some rounds is the nearest to the truth. Once all of them
    have worked in one round, others would show nothing but what other processes leave.
    """
    counters = for_this_system()
    cores, at_work = 0.0, 0
    try:
        interpreter.ask("open", "ready", TIMEOUT_S, target=target, arguments={"size": PRODUCT_SIZE}, path=[])
        threads = usable_threads(target, _facts(interpreter))
        for _ in range(MAX_PRODUCT_ROUNDS):
            before = counters.tree(interpreter.pid)
            taken = interpreter.ask("round", "done", TIMEOUT_S, repeat=1)
            cpu_s = taken["process_cpu_end_s"] - taken["process_cpu_start_s"]
            own = OwnClock(cpu_s, taken["children_cpu_s"])
            used = usage(interpreter.pid, before, counters.tree(interpreter.pid, before), own).threads
            cores = max(cores, cpu_s / taken["wall_s"])
            at_work = max(at_work, sum(one.cpu_s >= MIN_TEAM_CPU_SHARE * used[0].cpu_s for one in used))
            if at_work >= threads or cores >= ENOUGH_CORES_SHARE * threads:
                break
    except MulticoreError as error:
        return Product(str(error).partition("\n")[0])
    return Product(target.rpartition("_")[2], cores, at_work or None)


def _environment_facts(
    prepared: PreparedEnvironment, started_with: Mapping[str, str], facts: Mapping[str, Any], failed: Mapping[str, str]
) -> EnvironmentFacts:
    variables = {name: value for name, value in started_with.items() if name in REPORTED_VARIABLES}
    cpus = facts["affinity"] or range(os.cpu_count() or 1)
    grant = Grant(len(cpus), len(topology(cpus).cores) or None)
    libraries = []
    for library in facts["libraries"]:
        source = thread_source(library, variables, grant)
        libraries.append({**library, "source": source.source, "source_text": source.text})
    own = {name for name in variables if prepared.environment.env.get(name) == variables[name]}
    return EnvironmentFacts(
        name=prepared.name,
        started_with=variables,
        now=facts["variables"],
        declared=frozenset(own),
        since_start=changed_since_start(variables),
        libraries=libraries,
        failed=failed,
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
