"""Which CPUs a side gets where the sides differ in cores: always the same, and distinct real cores first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.settings.world_at_start import WORLD

CPUS = Path("/sys/devices/system/cpu")


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


def in_order(cpus: Iterable[int], system: Path = CPUS) -> list[int]:
    """The order in which CPUs are given out: the first of each real core by number, then the second of each, and so on.

    Fewer cores are so always among more: what a baseline runs on the contender has, too. Where the system does not tell
    which CPUs share a real core, they come by number.

    Args:
        cpus: those that may be given out.
        system: the folder in which Linux describes CPUs.
    """
    given: dict[str, int] = {}
    places = []
    for cpu in sorted(cpus):
        core = siblings(cpu, system) or str(cpu)
        given[core] = given.get(core, 0) + 1
        places.append((given[core], cpu))
    return [cpu for _, cpu in sorted(places)]


def siblings(cpu: int, system: Path = CPUS) -> str | None:
    """The CPUs that share a CPU's real core, as the kernel lists them; None where it does not.

    Source: Documentation/admin-guide/cputopology.rst.
    """
    try:
        return (system / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text().strip()
    except OSError:
        return None
