"""What the libraries of an environment could do to a program's threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from pytest_multicore.diagnosis.thread_sources import DEFAULT, SEQUENTIAL
from pytest_multicore.interpreters.blas_in_use import LIBRARY_NAMES

from .finding import EnvironmentFacts, Finding, MachineFacts

INSTALL = "pip install numpy (its wheels bring OpenBLAS), or apt-get install libopenblas0"


def library_findings(environment: EnvironmentFacts, machine: MachineFacts) -> Iterator[Finding]:
    """What its libraries do, those that limit threads first."""
    for name, reason in environment.failed.items():
        yield _finding(environment, "broken-package", True, f"{name} cannot be loaded: {reason}", "install it again")
    yield from _blas(environment, machine)
    yield from _set_by_code(environment)
    yield from _runtimes(environment)


def _finding(environment: EnvironmentFacts, key: str, limits: bool, text: str, remedy: str) -> Finding:
    return Finding(key, limits, text, remedy, (environment.name,))


def _blas(environment: EnvironmentFacts, machine: MachineFacts) -> Iterator[Finding]:
    """The BLAS of products, where it has one thread by itself; a variable that limits it is a finding of its own."""
    blas = environment.product_blas
    if blas is None or machine.cores_granted <= 1 or blas.get("threads") != 1:
        return
    name = LIBRARY_NAMES[blas["kind"]]
    if blas["kind"] == "reference":
        text, remedy = f"products of matrices use the {name}, which has one thread and is many times slower", INSTALL
        yield _finding(environment, "reference-blas", True, text, remedy)
    elif blas["source"] == SEQUENTIAL:
        text = f"{name} has no threads here ({short_path(blas['path'])})"
        yield _finding(environment, "sequential-layer", True, text, f"a threaded build: {INSTALL}")
    elif blas["source"] == DEFAULT:
        text = f"{name} uses one thread unless a variable asks for more"
        remedy = f"{blas['kind'].upper()}_NUM_THREADS={int(machine.cores_granted)}"
        yield _finding(environment, "thread-limit", True, text, remedy)


def _set_by_code(environment: EnvironmentFacts) -> Iterator[Finding]:
    for library in environment.libraries:
        if library["source"] == "code":
            text = f"{short_path(library['path'])} has {library['threads']} threads, {library['source_text']}"
            remedy = "look for threadpool_limits, set_num_threads or a sitecustomize.py; or for a build's own limit"
            yield _finding(environment, "limited-at-runtime", True, text, remedy)


def _runtimes(environment: EnvironmentFacts) -> Iterator[Finding]:
    """Each OpenMP runtime has a pool of its own; threadpoolctl's multiple_openmp.md tells of hangs with some pairs."""
    runtimes = [library for library in environment.libraries if library["kind"] == "openmp"]
    if len(runtimes) < 2:
        return
    files = ", ".join(short_path(library["path"]) for library in runtimes)
    mixed = {library["layer"] for library in runtimes} >= {"intel", "llvm"}
    worse = ". Intel's and LLVM's together are known to crash or hang" if mixed else ""
    text = f"{len(runtimes)} OpenMP runtimes: {files}. A program that loads several has a pool of each{worse}"
    remedy = "packages of one source (conda-forge shares one runtime); pools limited where they nest (threadpoolctl)"
    yield _finding(environment, "several-openmp", False, text, remedy)


def short_path(path: str) -> str:
    """A library's file with the folder that tells whose it is: ``numpy.libs/libscipy_openblas64_.so``."""
    parts = PurePath(path).parts
    for place, part in enumerate(parts):
        if part in ("site-packages", "dist-packages"):
            return "/".join(parts[place + 1 :])
    return path


def source_of(library: Mapping[str, Any]) -> str:
    """``2 threads: the CPUs in the affinity mask``; the library's count and where it comes from."""
    threads = library.get("threads")
    if threads is None:
        return "gives no thread count"
    return f"{threads} thread{'' if threads == 1 else 's'}: {library['source_text']}"
