"""How the granted CPUs lie: which share a real core, and which memory is near to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/sys/devices/system")


@dataclass(frozen=True, slots=True)
class Topology:
    """The granted CPUs.

    Attributes:
        cores: the CPUs of each real core, the hardware threads that share it; empty where the system does not say of
            each CPU.
        nodes: the CPUs of each NUMA node, by the node's number; empty where the system does not say.
    """

    cores: tuple[tuple[int, ...], ...]
    nodes: dict[int, tuple[int, ...]]

    @property
    def shared_cores(self) -> tuple[tuple[int, ...], ...]:
        """Real cores of which more than one hardware thread is granted."""
        return tuple(core for core in self.cores if len(core) > 1)


def topology(cpus: Iterable[int], system: Path = SYSTEM) -> Topology:
    """Where these CPUs lie.

    Args:
        cpus: those granted.
        system: the folder in which Linux describes them (Documentation/admin-guide/cputopology.rst,
            Documentation/admin-guide/mm/numaperf.rst).
    """
    granted = set(cpus)
    siblings = {_cpus_in(system / "cpu" / f"cpu{cpu}" / "topology" / "thread_siblings_list") for cpu in granted}
    nodes = {int(folder.name[4:]): _cpus_in(folder / "cpulist") for folder in (system / "node").glob("node[0-9]*")}
    cores = sorted(tuple(sorted(core & granted)) for core in siblings) if all(siblings) else []
    near = {node: tuple(sorted(of_node & granted)) for node, of_node in sorted(nodes.items())}
    return Topology(tuple(cores), {node: of_node for node, of_node in near.items() if of_node})


def cpu_list(cpus: Iterable[int]) -> str:
    """CPUs as Linux writes them: ``0-3,8``."""
    spans: list[list[int]] = []
    for cpu in sorted(cpus):
        if spans and cpu == spans[-1][-1] + 1:
            spans[-1].append(cpu)
        else:
            spans.append([cpu])
    return ",".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)


def _cpus_in(file: Path) -> frozenset[int]:
    """The CPUs of such a list; empty where there is no such file."""
    try:
        parts = file.read_text(encoding="utf-8").strip().split(",")
        bounds = [[int(end) for end in part.split("-")] for part in parts if part]
    except (OSError, ValueError):
        return frozenset()
    return frozenset(cpu for bound in bounds for cpu in range(bound[0], bound[-1] + 1))
