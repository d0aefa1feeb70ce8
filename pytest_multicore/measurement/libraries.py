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
        facts: the child's (agent/facts.py).
    """
    mapped = [one for one in facts.get("libraries", ()) if one["kind"] in NAMES]
    chosen = _linked_by_theano(target, facts, mapped) or _numpys(target, mapped) or mapped
    return " + ".join(dict.fromkeys(map(in_words, chosen))) or None


def in_words(library: Library) -> str:
    """One library: its name, version, threading layer and thread count, as far as it tells."""
    words = [NAMES[library["kind"]], library.get("version"), library.get("layer")]
    name = " ".join(str(word) for word in words if word)
    threads = library.get("threads")
    return name if threads is None else f"{name}, {threads} thread{'' if threads == 1 else 's'}"


def _linked_by_theano(target: str, facts: Mapping[str, Any], mapped: Sequence[Library]) -> list[Library]:
    framework = "pytensor" if target.endswith("pytensor") else "theano"
    if target.endswith("numpy") or not facts.get(framework):
        return []
    flags = str(facts[framework].get("blas.ldflags") or "").split()
    folders = [flag[2:] for flag in flags if flag.startswith("-L")]
    names = [flag[2:].lstrip(":") for flag in flags if flag.startswith("-l")]
    in_folder = [one for one in mapped if any(PurePath(one["path"]).is_relative_to(folder) for folder in folders)]
    by_name = [one for one in mapped if any(name.partition(".so")[0] in PurePath(one["path"]).name for name in names)]
    return in_folder or by_name


def _numpys(target: str, mapped: Sequence[Library]) -> list[Library]:
    if not target.endswith("numpy"):
        return []
    return [
        one for one in mapped if any(part in ("numpy.libs", "numpy", ".dylibs") for part in PurePath(one["path"]).parts)
    ]
