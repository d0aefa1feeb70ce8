"""The lines of ``--multicore-doctor``, from its record (doctor_record.py); they fit 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from pytest_multicore.diagnosis.findings.libraries import short_path, source_of
from pytest_multicore.interpreters.blas_in_use import LIBRARY_NAMES
from pytest_multicore.measurement.topology import cpu_list
from pytest_multicore.rounds.tolerances import MIN_ATTAINED_SHARE

Record = Mapping[str, Any]

WIDTH = 80
INDENT = "    "
#: What the words of permissions are, in order.
PERMISSION_WORDS = {
    "nice": "nice -20",
    "real_time": "the real-time class",
    "fixed_addresses": "fixed addresses",
    "ptrace": "ptrace",
    "perf": "perf",
}
COUNTERS = {"proc": "/proc: CPU time and waits for a core in nanoseconds"}


def machine_lines(machine: Record) -> Iterator[str]:
    """What the machine provides.

    Args:
        machine: of the record.
    """
    yield from _wrapped("machine", f"{machine['cpu']}, {machine['os']}")
    yield from _wrapped("grants", machine["why_granted"])
    yield from _wrapped("lie on", _places(machine))
    yield from _wrapped("attains", _attained(machine))
    yield from _wrapped("permits", _permitted(machine["permitted"]))
    name = machine["counters"]
    coarse = f"{name}: CPU time only; how long threads waited for a core is unknown here"
    yield from _wrapped("counters", COUNTERS.get(name, coarse))
    yield from _wrapped("environments are cached in", machine["cache"])


def environment_lines(environment: Record) -> Iterator[str]:
    """What one environment loads.

    Args:
        environment: of the record's ``environments``.
    """
    name = f"environment {environment['name']}"
    if environment["state"] != "examined":
        yield from _wrapped(name, environment["text"])
        return
    packages = ", ".join(f"{name} {version or ''}".strip() for name, version in environment["packages"].items())
    yield from _wrapped(name, f"Python {environment['python']}, ready; {packages or 'no package with a BLAS'}")
    for library in environment["libraries"]:
        yield from _below(_library(library))
    yield from _below(_product(environment))
    yield from _below(_variables(environment["variables"]))


def aside_lines(names: Sequence[str]) -> Iterator[str]:
    """The environments that ship with the plugin and that nobody has had built: their names alone."""
    if names:
        yield ""
        yield from _wrapped(
            "environments that ship, not built yet",
            f"{', '.join(names)}. --multicore-environment=NAME has the doctor say what one takes, and a test build it",
        )


def finding_lines(findings: Sequence[Record]) -> Iterator[str]:
    """What could bite, with remedies; those that limit threads first."""
    if not findings:
        yield from _wrapped("what could bite", "nothing was found")
        return
    limiting = sum(finding["limits"] for finding in findings)
    yield from _wrapped("what could bite", f"{len(findings)} found, {limiting} of them cost threads or cores")
    for finding in findings:
        where = f" (environment {', '.join(finding['environments'])})" if finding["environments"] else ""
        sign = "!" if finding["limits"] else "-"
        yield from _below(f"{finding['text']}{where} [{finding['key']}]", f"  {sign} ")
        yield from _below(f"remedy: {finding['remedy']}")


def _wrapped(label: str, text: str) -> list[str]:
    return _filled(f"{label}: {text}", "")


def _below(text: str, begin: str = INDENT) -> list[str]:
    return _filled(text, begin, INDENT if begin != INDENT else INDENT * 2)


def _filled(text: str, begin: str, rest: str = INDENT) -> list[str]:
    """Lines of at most WIDTH; a path that is longer stands alone."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=begin, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _places(machine: Record) -> str:
    shared, nodes = machine["shared_cores"], machine["nodes"]
    if machine["cores_real"] is None:
        real = "real cores unknown"
    elif shared:
        threads = " ".join(cpu_list(core) for core in shared)
        real = f"{_count(machine['cores_real'], 'real core')}, hardware threads of the same one: {threads}"
    else:
        real = f"{_count(machine['cores_real'], 'real core')}, each with one hardware thread as the system tells it"
    return f"{real}; {_count(len(nodes), 'NUMA node') if nodes else 'NUMA nodes unknown'}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _attained(machine: Record) -> str:
    attained, cores = machine["attained"], machine["attained_cores"]
    if machine["alone_cpu_share"] is None:
        return "unknown: its cores were not to be had for a moment"
    if attained is None:
        return (
            "unknown: the machine is too busy to tell just now. "
            f"A compute loop got {machine['alone_cpu_share']:.0%} of a core's time alone, and with "
            f"{_count(cores, 'core')} at work at least {machine['least_cpu_share']:.0%} of each"
        )
    text = f"a speed-up of {attained:.2f}x with {_count(cores, 'core')} at work, just now"
    if attained < MIN_ATTAINED_SHARE * cores:
        return f"{text}: no program can be expected to gain more; min_efficiency is held against what is attained"
    return text


def _permitted(permitted: Mapping[str, bool | None]) -> str:
    given = [words for name, words in PERMISSION_WORDS.items() if permitted.get(name)]
    denied = [words for name, words in PERMISSION_WORDS.items() if permitted.get(name) is False]
    absent = [words for name, words in PERMISSION_WORDS.items() if permitted.get(name) is None]
    parts = [", ".join(given) or "nothing"]
    parts += [f"forbids {', '.join(denied)}"] if denied else []
    parts += [f"unknown: {', '.join(absent)}"] if absent else []
    return "; ".join(parts)


def _library(library: Record) -> str:
    """``OpenBLAS 0.3.30 pthreads, 2 threads: the CPUs in the affinity mask (numpy.libs/libscipy_openblas64_.so)``."""
    names = {**LIBRARY_NAMES, "openmp": "OpenMP"}
    words = [names[library["kind"]], library["version"], library["layer"]]
    path = short_path(library["path"])
    shown = path if len(path) < WIDTH - len(INDENT * 2) - 2 else PurePath(path).name
    return f"{' '.join(word for word in words if word)}, {source_of(library)} ({shown})"


def _product(environment: Record) -> str:
    if environment["product_cores"] is None:
        return f"no product was computed: {environment['product']}"
    cores, threads = environment["product_cores"], environment["product_threads"]
    text = f"a product of matrices on {environment['product']}: {cores:.2f} cores busy"
    if threads is None:
        return text
    waited = ", which had to wait for cores: the machine is too busy, or a quota too small, to show more"
    return f"{text} by {_count(threads, 'thread')}{waited if cores < MIN_ATTAINED_SHARE * threads else ''}"


def _variables(variables: Mapping[str, str]) -> str:
    if not variables:
        return "thread variables: none is set"
    return f"variables: {' '.join(f'{name}={value}' for name, value in variables.items())}"
