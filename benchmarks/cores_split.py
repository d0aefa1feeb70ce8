"""Where the cores of labelled programs went: each is known for what it loses them to.

    python benchmarks/cores_split.py [PROGRAM ...]

Each program of CASES is measured in a pytest session of its own, 2 threads against 1, some beside a neighbour. Prints a
Markdown table of the parts, in cores. docs/explanation/where-the-cores-went.md shows it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neighbours import neighbours

from pytest_multicore.environments.threads import REPORTED_VARIABLES
from pytest_multicore.reports.words import PARTS

PROGRAMS = Path(__file__).parent.parent / "tests" / "causes" / "programs"

TEST = """
import pytest

@pytest.mark.multicore(threads=2)
def test_it(multicore):
    multicore.speedup({workload!r})
"""


@dataclass(frozen=True)
class Case:
    """A program that loses its cores to what it is known for.

    Attributes:
        workload: "file:function" of tests/causes/programs.
        losses: the parts of which one takes the most of the cores that are not useful; empty where few are lost.
        variables: of the world that it runs in.
        beside: its neighbours (neighbours.py); with some it runs at ordinary priority.
        needs_compiler: whether a C compiler must be there.
    """

    workload: str
    losses: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    beside: str = "none"
    needs_compiler: bool = False

    @property
    def name(self) -> str:
        """The program, with what it runs in."""
        words = [self.workload, *map("=".join, self.variables.items())]
        return " ".join(words if self.beside == "none" else [*words, f"beside {self.beside}"])


PASSIVE, ACTIVE = {"OMP_WAIT_POLICY": "PASSIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}
CASES = (
    Case("uneven_split:healthy"),
    Case("elementwise_serial:suffers", ("idle",)),
    Case("serial_fraction:suffers", ("idle",)),
    Case("interpreter_bound:suffers", ("idle",)),
    Case("waiting:suffers", ("idle",)),
    Case("waiting:one_lock", ("idle",)),
    Case("affinity_narrowed:suffers", ("idle",)),
    Case("uneven_split:suffers", ("uneven",)),
    Case("uneven_split:triangle", ("uneven",), PASSIVE, needs_compiler=True),
    Case("uneven_split:triangle", ("extra_cpu",), ACTIVE, needs_compiler=True),
    Case("uneven_split:main_thread_has_most", ("idle",), PASSIVE, needs_compiler=True),
    Case("uneven_split:changes_hands", ("idle", "uneven")),
    Case("busy_waiting:suffers", ("extra_cpu",)),
    Case("busy_waiting:openmp_suffers", ("extra_cpu",), ACTIVE, needs_compiler=True),
    Case("busy_waiting:openmp_suffers", ("idle",), PASSIVE, needs_compiler=True),
    Case("memory_bound:suffers", ("extra_cpu", "not_given")),
    Case("uneven_split:healthy", ("waited",), beside="one"),
    Case("uneven_split:healthy", ("waited",), beside="two"),
    Case("elementwise_serial:suffers", ("idle",), beside="one"),
)


def result_of(case: Case, folder: Path) -> dict[str, Any]:
    """The program's entry in the JSON report of a session in this folder."""
    (folder / "test_it.py").write_text(TEST.format(workload=f"{PROGRAMS / case.workload}".replace(":", ".py:")))
    (folder / "pytest.ini").write_text("[pytest]\n")
    world = {name: value for name, value in os.environ.items() if name not in REPORTED_VARIABLES or "LIBRARY" in name}
    priority = "auto" if case.beside == "none" else "off"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--multicore-priority={priority}"]
    with neighbours(case.beside):
        session = subprocess.run(
            [*command, "--multicore-json=report.json"],
            cwd=folder,
            env={**world, **case.variables},
            capture_output=True,
            text=True,
            check=False,
        )
    if not (folder / "report.json").exists():
        raise RuntimeError(f"{case.name}: the session ended with {session.returncode}:\n{session.stdout}")
    result: dict[str, Any] = json.loads((folder / "report.json").read_text())["results"][-1]
    return result


def row(case: Case, result: Mapping[str, Any]) -> str:
    """A row of the table: the parts of N cores, and POP's efficiencies."""
    split, pop = result["cores_split"], result["pop"]
    parts = [f"{split[name]['estimate']:.2f}" for name in PARTS]
    efficiencies = [f"{pop[name]['estimate']:.2f}" for name in pop]
    return f"| {' | '.join([f'`{case.name}`', *parts, *efficiencies])} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", help="those whose name begins so; all if none is named")
    asked = parser.parse_args().programs
    heads = ["program", *(PARTS[name] for name in PARTS), "LB", "SerE", "PE", "CompS", "GE"]
    print(f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|", sep="\n")
    for case in CASES:
        if not asked or case.workload.startswith(tuple(asked)):
            with tempfile.TemporaryDirectory() as folder:
                print(row(case, result_of(case, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
