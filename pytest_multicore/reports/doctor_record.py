"""The record of ``--multicore-doctor``: what its lines show, and its JSON report holds (doctor.schema.json)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from pytest_multicore.diagnosis.findings.examination import Examination
from pytest_multicore.diagnosis.findings.finding import Finding, MachineFacts
from pytest_multicore.environments import cache as environment_cache
from pytest_multicore.environments.discovery import find_interpreter
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.probe import Interpreter
from pytest_multicore.measurement import counters
from pytest_multicore.measurement.attained_speedup import AttainedSpeedup
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.measurement.topology import Topology

from .origin import Origin

SCHEMA = 1
SCHEMA_FILE = Path(__file__).with_name("doctor.schema.json")


def machine_record(
    machine: Machine, lie: Topology, attained: AttainedSpeedup | None, permitted: dict[str, bool | None]
) -> dict[str, Any]:
    """The machine.

    Args:
        machine: this one.
        lie: where its granted CPUs lie.
        attained: what its granted cores attain; None: the control's workers have ended.
        permitted: see interpreters/permissions.py.
    """
    return {
        **asdict(machine),
        "cores_granted": machine.cores_granted,
        "why_granted": machine.why_granted(),
        "shared_cores": [list(core) for core in lie.shared_cores],
        "nodes": {str(node): list(cpus) for node, cpus in lie.nodes.items()},
        "attained": attained.speedup if attained else None,
        "alone_cpu_share": attained.alone_share if attained else None,
        "least_cpu_share": attained.least_share if attained else None,
        "attained_cores": machine.threads_auto,
        "permitted": permitted,
        "counters": counters.for_this_system().name,
        "cache": str(environment_cache.root()),
    }


def machine_facts(machine: Machine, lie: Topology, record: dict[str, Any]) -> MachineFacts:
    """The same for the findings."""
    return MachineFacts(
        cores_online=machine.cores_online,
        cpus=machine.cores_in_reach,
        cores_granted=machine.cores_granted,
        quota=machine.quota,
        shared_cores=lie.shared_cores,
        cores_real=machine.cores_real,
        nodes=len(lie.nodes),
        attained=record["attained"],
        alone_share=record["alone_cpu_share"],
        least_share=min(record["least_cpu_share"] or 0.0, record["alone_cpu_share"] or 0.0),
        cores=machine.threads_auto,
        permitted=record["permitted"],
        narrowed=machine.narrowed,
    )


def examined(examination: Examination) -> dict[str, Any]:
    """An environment that an interpreter was opened in."""
    facts = examination.facts
    kept = ("path", "kind", "version", "layer", "threads", "source", "source_text")
    return {
        "name": facts.name,
        "state": "examined",
        "text": "",
        "python": examination.python,
        "packages": dict(examination.frameworks),
        "libraries": [{name: library[name] for name in kept} for library in facts.libraries],
        "variables": dict(facts.started_with),
        "product_cores": examination.product.cores,
        "product_threads": examination.product.threads,
        "product": examination.product.text,
        "failed": dict(facts.failed),
    }


def unexamined(name: str, state: str, text: str) -> dict[str, Any]:
    """An environment that no interpreter was opened in.

    Args:
        name: the environment's.
        state: "not built" or "unavailable".
        text: why, and what to do.
    """
    no_product = {"product_cores": None, "product_threads": None, "product": ""}
    nothing: dict[str, Any] = {"python": None, "packages": {}, "libraries": [], "variables": {}, "failed": {}}
    return {"name": name, "state": state, "text": text, **nothing, **no_product}


def built_with(environment: Environment) -> tuple[str, ...] | None:
    """What an environment that is built has in addition to its packages; None where it has yet to be built.

    Workloads run in one with its own packages, marked tests in one that has pytest too. Either shows what it loads.

    Raises:
        MulticoreError: its interpreter cannot be found.
    """
    if not environment.installs:
        return ()
    interpreter = interpreter_of(environment.python)
    for extra in ((), ("pytest",)):
        key = environment_cache.key_of((*environment.installs, *extra), interpreter)
        if environment_cache.record_in(environment_cache.folder_of(key)) is not None:
            return extra
    return None


@cache
def interpreter_of(python: tuple[str, ...]) -> Interpreter:
    """Many environments name the same ones. Looking is quick; downloading an interpreter would not be."""
    return find_interpreter(python, environ={**os.environ, "UV_PYTHON_DOWNLOADS": "never"})


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, with all of the environments that it was found in; those that limit threads first."""
    whole: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        known = whole.get((finding.key, finding.text))
        environments = (*(known.environments if known else ()), *finding.environments)
        whole[finding.key, finding.text] = replace(finding, environments=environments)
    return sorted(whole.values(), key=lambda finding: not finding.limits)


def report(
    machine: dict[str, Any], environments: list[dict[str, Any]], findings: list[Finding], origin: Origin
) -> dict[str, Any]:
    """The whole report as data."""
    return {
        "schema": SCHEMA,
        "date": origin.date,
        "version": origin.version,
        "machine": machine,
        "environments": environments,
        "findings": [{**asdict(finding), "environments": list(finding.environments)} for finding in findings],
    }
