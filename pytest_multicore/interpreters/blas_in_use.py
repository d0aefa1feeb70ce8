"""Which of the mapped BLAS libraries does a child's work, and its description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

LIBRARY_NAMES = {
    "openblas": "OpenBLAS",
    "mkl": "MKL",
    "blis": "BLIS",
    "reference": "reference BLAS",
    "atlas": "ATLAS",
    "accelerate": "Accelerate",
}

Library = Mapping[str, Any]


#: Imported modules that multiply by code of their own; their import maps a BLAS of NumPy's or SciPy's all the same.
OWN_PRODUCTS = ("jax", "tensorflow", "torch", "polars")


def blas_in_use(target: str, facts: Mapping[str, Any], *, called: bool | None = None) -> str | None:
    """The BLAS of a workload, as ``OpenBLAS 0.3.29 pthreads, 2 threads``; None where none is mapped, or none is used.

    One process may hold several: NumPy's wheel carries one, SciPy's another, Theano links a third. A workload on Theano
    or PyTensor uses the BLAS that blas.ldflags names, a workload on NumPy uses NumPy's; otherwise all are described.

    Args:
        target: the workload's target.
        facts: the child's (agent/dialogue/facts.py).
        called: whether a BLAS was seen to be called; None: unknown. Then NumPy's and SciPy's own are not named
            beside a framework with products of its own.
    """
    if called is False:
        return None
    files = blas_files(target, facts)
    if called is None and not target.startswith("builtin:") and set(OWN_PRODUCTS) & set(facts.get("frameworks", {})):
        files = [
            library for library in files if not (_in_package("numpy", [library]) or _in_package("scipy", [library]))
        ]
    return " + ".join(dict.fromkeys(map(describe, files))) or None


def blas_files(target: str, facts: Mapping[str, Any]) -> Sequence[Library]:
    """The mapped BLAS libraries that the workload may use; see ``blas_in_use``."""
    mapped = [library for library in facts.get("libraries", ()) if library["kind"] in LIBRARY_NAMES]
    linked = _linked_by_flags(target, facts, mapped) if links_own_blas(target) else []
    return _numpy_blas(target, mapped) or linked or mapped


def describe(library: Library) -> str:
    """One library: its name, version, threading layer and thread count, as far as they are known."""
    words = [LIBRARY_NAMES[library["kind"]], library.get("version"), library.get("layer")]
    name = " ".join(str(word) for word in words if word)
    threads = library.get("threads")
    return name if threads is None else f"{name}, {threads} thread{'' if threads == 1 else 's'}"


def links_own_blas(target: str) -> bool:
    """Whether a workload compiles code that links a BLAS of its own, independent of NumPy's."""
    return target.startswith("builtin:") and not target.endswith("_numpy")


def _linked_by_flags(target: str, facts: Mapping[str, Any], mapped: Sequence[Library]) -> list[Library]:
    """The libraries that Theano's or PyTensor's flags name: a file, a library in a folder, or one that ld finds."""
    framework = "pytensor" if target.endswith("pytensor") else "theano"
    if not facts.get(framework):
        return []
    flags = str(facts[framework].get("blas.ldflags") or "").split()
    folders = {flag[2:] for flag in flags if flag.startswith("-L")}
    if in_folder := [library for library in mapped if str(PurePath(library["path"]).parent) in folders]:
        return in_folder
    # With -lblas alone the system's loader chooses, and may map the library under another name. Without any flags
    # PyTensor compiles with Numba, which calls SciPy's BLAS.
    return _outside_packages(mapped) if flags else _in_package("scipy", mapped)


def _numpy_blas(target: str, mapped: Sequence[Library]) -> list[Library]:
    is_built_in = target.startswith("builtin:") and target.endswith("_numpy")
    return _in_package("numpy", mapped) if is_built_in else []


def _in_package(package: str, mapped: Sequence[Library]) -> list[Library]:
    return [library for library in mapped if {package, f"{package}.libs"} & set(PurePath(library["path"]).parts)]


def _outside_packages(mapped: Sequence[Library]) -> list[Library]:
    return [library for library in mapped if "site-packages" not in PurePath(library["path"]).parts]
