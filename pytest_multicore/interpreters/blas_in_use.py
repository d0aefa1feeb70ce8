"""Which of the BLAS libraries that a child has mapped does the work, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

NAMES = {
    "openblas": "OpenBLAS",
    "mkl": "MKL",
    "blis": "BLIS",
    "reference": "reference BLAS",
    "atlas": "ATLAS",
    "accelerate": "Accelerate",
}

Library = Mapping[str, Any]


def blas_in_use(target: str, facts: Mapping[str, Any]) -> str | None:
    """The BLAS behind a workload, as ``OpenBLAS 0.3.29 pthreads, 2 threads``; None when none is mapped.

    One process may hold several: NumPy's wheel brings one, SciPy's another, Theano links a third. A workload on Theano
    or PyTensor uses the one that blas.ldflags names, one on NumPy NumPy's own; else all are named.

    Args:
        target: the workload's target.
        facts: the child's (agent/dialogue/facts.py).
    """
    return " + ".join(dict.fromkeys(map(in_words, blas_files(target, facts)))) or None


def blas_files(target: str, facts: Mapping[str, Any]) -> Sequence[Library]:
    """The mapped BLAS libraries that the workload may use; see ``blas_in_use``."""
    mapped = [one for one in facts.get("libraries", ()) if one["kind"] in NAMES]
    return _numpys(target, mapped) or (_linked(target, facts, mapped) if links_its_own(target) else []) or mapped


def in_words(library: Library) -> str:
    """One library: its name, version, threading layer and thread count, as far as it tells."""
    words = [NAMES[library["kind"]], library.get("version"), library.get("layer")]
    name = " ".join(str(word) for word in words if word)
    threads = library.get("threads")
    return name if threads is None else f"{name}, {threads} thread{'' if threads == 1 else 's'}"


def links_its_own(target: str) -> bool:
    """Whether a workload compiles code that links a BLAS of its own choice, whatever NumPy carries."""
    return target.startswith("builtin:") and not target.endswith("_numpy")


def _linked(target: str, facts: Mapping[str, Any], mapped: Sequence[Library]) -> list[Library]:
    """What the flags of Theano or PyTensor name: a file, a library in a folder, or one that the linker knows."""
    framework = "pytensor" if target.endswith("pytensor") else "theano"
    if not facts.get(framework):
        return []
    flags = str(facts[framework].get("blas.ldflags") or "").split()
    folders = {flag[2:] for flag in flags if flag.startswith("-L")}
    if in_folder := [one for one in mapped if str(PurePath(one["path"]).parent) in folders]:
        return in_folder
    # With -lblas alone the system's loader chooses; a front library is mapped under another name. No flags at all:
    # PyTensor compiles with Numba, which calls SciPy's BLAS.
    return _outside_of_packages(mapped) if flags else _carried_by("scipy", mapped)


def _numpys(target: str, mapped: Sequence[Library]) -> list[Library]:
    return _carried_by("numpy", mapped) if target.endswith("_numpy") else []


def _carried_by(package: str, mapped: Sequence[Library]) -> list[Library]:
    return [one for one in mapped if {package, f"{package}.libs"} & set(PurePath(one["path"]).parts)]


def _outside_of_packages(mapped: Sequence[Library]) -> list[Library]:
    return [one for one in mapped if "site-packages" not in PurePath(one["path"]).parts]
