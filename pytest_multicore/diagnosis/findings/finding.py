"""A finding, and what findings are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """What could bite, and what to do about it.

    Attributes:
        key: for other programs: ``cpu-quota``.
        limits: whether programs here get fewer threads or cores than the machine has. Others only deserve a look.
        text: what was found, and what it does.
        remedy: what to do.
        environments: the environments that it was found in; empty: it is the machine's.
    """

    key: str
    limits: bool
    text: str
    remedy: str
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """This machine, as findings need it.

    Attributes:
        cores_online: CPUs that the system runs.
        cpus: CPUs in the affinity mask.
        cores_granted: the smallest of online, affinity and quota.
        quota: of the control group, in cores; None without one.
        shared_cores: the CPUs of each real core of which several hardware threads are granted.
        cores_real: real cores among the granted CPUs; None: unknown.
        nodes: NUMA nodes that hold granted CPUs.
        attained: the speed-up that the control attains with `cores` cores; None: unknown.
        cores: at work in the control.
        permitted: see interpreters/permissions.py.
        narrowed: that pytest was pinned since it started, in words; empty where it was not.
    """

    cores_online: int
    cpus: int
    cores_granted: float
    quota: float | None = None
    shared_cores: Sequence[Sequence[int]] = ()
    cores_real: int | None = None
    nodes: int = 1
    attained: float | None = None
    cores: int = 1
    permitted: Mapping[str, bool | None] = field(default_factory=dict)
    narrowed: str = ""


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """An environment's interpreter after it has loaded its libraries.

    Attributes:
        name: the environment's.
        started_with: its thread variables and those like them, at its start.
        now: the same after the imports.
        declared: the names among them that the environment's own declaration sets.
        since_start: the names among them that were set, or changed, in the process that runs pytest, after its start.
        libraries: as the agent describes them, each with its "source" (thread_sources.py).
        product_blas: the one of them that computes products of matrices; None where none is known.
        failed: packages and files that could not be loaded, with the reason.
    """

    name: str
    started_with: Mapping[str, str]
    now: Mapping[str, str]
    declared: frozenset[str] = frozenset()
    since_start: frozenset[str] = frozenset()
    libraries: Sequence[Mapping[str, Any]] = ()
    product_blas: Mapping[str, Any] | None = None
    failed: Mapping[str, str] = field(default_factory=dict)
