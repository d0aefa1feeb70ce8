"""Which CPUs a side gets where the sides differ in cores: always the same, and distinct real cores first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.settings.world_at_start import WORLD

from .topology import SYSTEM, topology


def cpus_for(count: int) -> tuple[int, ...]:
    """So many of the CPUs that this process may run on; see ``in_order``.

    Raises:
        EnvironmentUnavailable: fewer are granted.
    """
    granted = WORLD.child_affinity() or frozenset()
    if count > len(granted):
        raise EnvironmentUnavailable(
            f"{count} cores: this process may run on {len(granted)} CPUs; ask for no more, or widen its affinity"
        )
    return tuple(sorted(in_order(granted)[:count]))


def in_order(cpus: Iterable[int], system: Path = SYSTEM) -> list[int]:
    """The order in which CPUs are given out: the first of each real core by number, then the second of each, and so on.

    Fewer cores are so always among more: what a baseline runs on the contender has, too. Where the system does not tell
    which CPUs share a real core, they come by number.

    Args:
        cpus: those that may be given out.
        system: as for ``topology``.
    """
    granted = set(cpus)
    cores = topology(granted, system).cores or [(cpu,) for cpu in granted]
    return [cpu for _, cpu in sorted(place for core in cores for place in enumerate(core))]
