"""Where a library's thread count comes from: which variable, the affinity mask, or its own default.

The rules are the libraries' own: OpenBLAS's driver/others/memory.c, libgomp's env.c, oneMKL's developer guide, BLIS's
docs/Multithreading.md. What they predict is held against the count that the library gives. Where the two differ, that
is said: then code has set the count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_multicore.environments.threaded_libraries import variables_read

#: Of BLIS, which multiplies them: the threads of each of its loops. They win over its other variables.
BLIS_LOOPS = ("BLIS_JC_NT", "BLIS_IC_NT", "BLIS_JR_NT", "BLIS_IR_NT")
AFFINITY, DEFAULT, SEQUENTIAL = "affinity", "default", "always"
NUMBER = re.compile(r"\s*(\d+)")


@dataclass(frozen=True, slots=True)
class ThreadSource:
    """Where a count comes from.

    Attributes:
        source: a variable's name, "affinity", "default", "always" (the library never threads), or "code"; None where
            the library gives no count.
        text: in words.
    """

    source: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What libraries look at: the CPUs in the affinity mask, and the real cores among them (None: unknown)."""

    cpus: int
    cores_real: int | None = None


def thread_source(library: Mapping[str, Any], variables: Mapping[str, str], grant: Grant) -> ThreadSource:
    """Where the count of a mapped library comes from.

    Args:
        library: as the agent describes it (interpreters/agent/dialogue/libraries.py).
        variables: those that the process started with.
        grant: what it might use.
    """
    threads = library.get("threads")
    if threads is None:
        return ThreadSource(None, "gives no count")
    expected, source, text = _expected(library, variables, grant)
    if expected == threads or (source == AFFINITY and threads == _most_of_build(library, expected)):
        return ThreadSource(source, text)
    return ThreadSource("code", f"set by code: {text} would be {expected}")


def _expected(library: Mapping[str, Any], variables: Mapping[str, str], grant: Grant) -> tuple[int, str, str]:
    """The count by the library's rules, and where it comes from."""
    kind = library["kind"]
    if kind == "reference" or library.get("layer") == "sequential":
        return 1, SEQUENTIAL, "it never uses more" if kind == "reference" else "its threading layer is sequential"
    if kind == "blis" and any(name in variables for name in BLIS_LOOPS):
        return _product(variables), "BLIS_*_NT", " x ".join(_set(variables, BLIS_LOOPS))
    for name in variables_read(kind, library.get("layer"), library.get("version")):
        if count := number_of(variables.get(name, "")):
            return _clamped(kind, library.get("layer"), count, f"{name}={variables[name]}", name, grant)
    return _default(kind, grant)


def number_of(value: str) -> int:
    """A variable's count as libraries read it: ``4,2`` is 4; 0 where it is none, which they pass over."""
    match = NUMBER.match(value)
    return int(match.group(1)) if match else 0


def _clamped(kind: str, layer: str | None, count: int, text: str, name: str, grant: Grant) -> tuple[int, str, str]:
    """OpenBLAS's own pool takes no more threads than there are CPUs in the mask; OpenMP's do."""
    if kind == "openblas" and layer == "pthreads" and count > grant.cpus:
        return grant.cpus, name, f"{text}, of which it takes as many as CPUs in the affinity mask"
    return count, name, text


def _default(kind: str, grant: Grant) -> tuple[int, str, str]:
    if kind == "blis":
        return 1, DEFAULT, "its default: no variable is set"
    if kind == "mkl":
        return grant.cores_real or grant.cpus, AFFINITY, "the real cores in the affinity mask"
    return grant.cpus, AFFINITY, "the CPUs in the affinity mask"


def _most_of_build(library: Mapping[str, Any], expected: int) -> int | None:
    """OpenBLAS is built for so many threads at most: NumPy's wheels for 64."""
    threads: int | None = library.get("threads")
    return threads if library["kind"] == "openblas" and threads in (64, 128) and expected > threads else None


def _product(variables: Mapping[str, str]) -> int:
    count = 1
    for name in BLIS_LOOPS:
        count *= number_of(variables.get(name, "")) or 1
    return count


def _set(variables: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    return [f"{name}={variables[name]}" for name in names if name in variables]
