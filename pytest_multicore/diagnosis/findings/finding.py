"""A finding, and what findings are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_multicore.rounds.tolerances import MIN_CONTROL_CPU_SHARE


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
        alone_share: CPU time that the control got of its core, on one alone; None where it did not run.
        least_share: the same of the core that gave the least, with all of them at work, or alone.
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
    alone_share: float | None = None
    least_share: float = 1.0
    cores: int = 1
    permitted: Mapping[str, bool | None] = field(default_factory=dict)
    narrowed: str = ""

    @property
    def why_little(self) -> str:
        """What keeps its cores from attaining their number, as far as the control tells."""
        if self.attained is None:
            return f"other processes or guests left {self.least_share:.0%} of a core's time to a compute loop"
        if self.least_share < MIN_CONTROL_CPU_SHARE:
            return f"other processes or guests took {1 - self.least_share:.0%} of a core's time"
        return "the control had its cores all the time, so they share real cores or a power limit, or guests use them"


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
