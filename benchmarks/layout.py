"""How far interpreters that do the same differ from each other: with hashes and addresses drawn for each, and fixed.

    python benchmarks/layout.py [--interpreters 10] [--looks 20]

Interpreters of both kinds run the same work on one core, in turns whose order is drawn. Each look is held against the
median of the seven around it in its turn, so that a machine whose speed changes does not matter. Prints how much longer
the slowest interpreter's median is than the fastest's. Keep the machine to yourself.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
from contextlib import nullcontext

from pytest_multicore.environments.variables import HASH_SEED
from pytest_multicore.interpreters.address_layout import fixed_addresses

#: What each interpreter runs: a name, what it sets up, what it repeats.
WORK = {
    "a loop in Python": ("", "sum(number * number for number in range(400_000))"),
    "a dict of 2000 strings": (
        "names = {f'k{number}': number for number in range(2000)}",
        "[sum(names[name] for name in list(names)) for _ in range(60)]",
    ),
    "4000 small products of NumPy": (
        "import numpy\na, w = numpy.ones((32, 100)), numpy.ones((100, 20))",
        "[numpy.maximum(a @ w, 0) for _ in range(4000)]",
    ),
}
PROGRAM = """
import statistics, sys, time
{setup}
def look():
    began = time.perf_counter()
    {work}
    return time.perf_counter() - began
for _ in sys.stdin:
    print(statistics.median(look() for _ in range(3)), flush=True)
"""
#: Looks on either side that a look is held against.
AROUND = 3


class Interpreter:
    """One that does the work when it is told to."""

    def __init__(self, name: str, *, fixed: bool) -> None:
        self.fixed, self.relative = fixed, list[float]()
        setup, work = WORK[name]
        variables = {**os.environ, "OMP_NUM_THREADS": "1", **(HASH_SEED if fixed else {"PYTHONHASHSEED": "random"})}
        with fixed_addresses() if fixed else nullcontext(False):
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM.format(setup=setup, work=work)],
                env=variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        os.sched_setaffinity(self.process.pid, {min(os.sched_getaffinity(0))})

    def look(self) -> float:
        """Seconds that the work takes."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print("look", file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def end(self) -> None:
        """Let it end."""
        self.process.communicate()


def spread(interpreters: list[Interpreter], looks: int) -> dict[bool, float]:
    """How much longer the slowest takes than the fastest, as a factor, of those with a fixed layout and of others."""
    draw = random.Random(0)
    for one in interpreters:
        one.look()
    for _ in range(looks):
        order = draw.sample(interpreters, len(interpreters))
        took_s = [one.look() for one in order]
        for place, one in enumerate(order):
            one.relative.append(took_s[place] / statistics.median(took_s[max(0, place - AROUND) : place + AROUND + 1]))
    medians = {
        fixed: [statistics.median(one.relative) for one in interpreters if one.fixed is fixed]
        for fixed in (False, True)
    }
    return {fixed: max(found) / min(found) for fixed, found in medians.items()}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interpreters", type=int, default=10, help="of each kind")
    parser.add_argument("--looks", type=int, default=20, help="at each interpreter")
    asked = parser.parse_args()
    with fixed_addresses() as permitted:
        print(f"this system {'permits' if permitted else 'does not permit'} fixed addresses\n")
    print("| work | slowest over fastest, drawn | fixed |\n| --- | --- | --- |")
    for name in WORK:
        interpreters = [Interpreter(name, fixed=fixed) for fixed in (False, True) for _ in range(asked.interpreters)]
        found = spread(interpreters, asked.looks)
        for one in interpreters:
            one.end()
        print(f"| {name} | {found[False]:.3f} | {found[True]:.3f} |", flush=True)


if __name__ == "__main__":
    main()
