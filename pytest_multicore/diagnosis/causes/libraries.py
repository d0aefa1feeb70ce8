"""Causes in the libraries that a program got: which BLAS, which threading layer, whether there is a compiler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial

#: The variable of a library that reads none of those that are set, by the module that is imported.
OWN_VARIABLE = {
    "blosc2": "BLOSC_NTHREADS",
    "blosc": "BLOSC_NTHREADS",
    "cv2": "OPENCV_FOR_THREADS_NUM",
    "numba": "NUMBA_NUM_THREADS",
    "numexpr": "NUMEXPR_NUM_THREADS",
    "polars": "POLARS_MAX_THREADS",
}
#: A BLAS to try in place of the reference one, best first.
OTHER_BLAS = ("openblas-pthread", "scipy", "mkl", "blis")


def sequential_layer(found: Evidence) -> Suspicion | None:
    """MKL was told to stay on one thread."""
    sequential = [one for one in found.kinds("mkl") if one.get("layer") == "sequential"]
    layer = found.started_with.get("MKL_THREADING_LAYER") or found.variables.get("MKL_THREADING_LAYER", "")
    if not (found.idle and sequential):
        return None
    named = f"MKL_THREADING_LAYER={layer}" if layer else "the library as it was linked"
    return Suspicion(
        "sequential-layer",
        0.95,
        f"MKL's threading layer is sequential, by {named}",
        "set MKL_THREADING_LAYER=GNU (or INTEL, where its runtime is installed), or link another threading layer",
        [
            Trial("MKL_THREADING_LAYER=GNU", Effect.MORE_CORES, Change(variables={"MKL_THREADING_LAYER": "GNU"})),
            Trial("MKL_THREADING_LAYER=INTEL", Effect.MORE_CORES, Change(variables={"MKL_THREADING_LAYER": "INTEL"})),
        ],
    )


def reference_blas(found: Evidence) -> Suspicion | None:
    """The BLAS in use knows no threads; where one that has some is mapped beside it, it may be in use."""
    alone = found.kinds("reference") and not found.kinds("openblas", "mkl", "blis", "accelerate")
    used = [one.strip() for one in (found.result.blas or "").split("+")]
    known = alone or (len(used) == 1 and used[0].startswith("reference BLAS"))
    if not (found.idle and (known or any(one.startswith("reference BLAS") for one in used))):
        return None
    path = found.kinds("reference")[0]["path"] if found.kinds("reference") else "its library"
    return Suspicion(
        "reference-blas",
        0.95 if known else 0.7,
        f"{path} is the reference BLAS: it has no threads" + ("" if known else " (another BLAS is mapped beside it)"),
        "install or link OpenBLAS, MKL or BLIS (Debian: libopenblas0-pthread), or set blas.ldflags or LD_LIBRARY_PATH",
        [Trial(f"BLAS {name}", Effect.MORE_CORES, Change(blas=name)) for name in OTHER_BLAS],
    )


def no_compiler(found: Evidence) -> Suspicion | None:
    """Theano or PyTensor without a C++ compiler runs Python code in place of its own."""
    for name in ("theano", "pytensor"):
        config: Mapping[str, Any] | None = found.facts.get(name)
        if found.idle and config is not None and config.get("cxx") == "":
            trials = [
                Trial(f"cxx={compiler}", Effect.MORE_CORES, Change(theano_flags={"cxx": compiler}))
                for compiler in found.compilers[:1]
            ]
            return Suspicion(
                "no-compiler",
                0.9,
                f"{name}.config.cxx is empty: what would be compiled runs in Python",
                "install g++ and its headers, or set cxx to where it is",
                trials,
            )
    return None


def ignores_setting(found: Evidence) -> Suspicion | None:
    """More threads at work than were asked for."""
    asked, seen = found.result.threads, found.result.measurement
    if asked is None or seen is None or seen.threads_seen.estimate <= asked:
        return None
    if not {"max_threads", "max_cores"} & set(found.missed):
        return None
    if found.sharing and len(found.sharing) <= asked:  # one more feeds them
        return None
    imported = [
        name
        for name, variable in OWN_VARIABLE.items()
        if name in found.facts.get("frameworks", {}) and found.started_with.get(variable) != str(asked)
    ]
    trials = [
        Trial(f"{OWN_VARIABLE[name]}={asked}", Effect.FEWER_THREADS, Change(variables={OWN_VARIABLE[name]: str(asked)}))
        for name in imported
    ]
    own = f"; {found.looked('python_threads'):.0f} are Python's" if found.looked("python_threads") > 1 else ""
    remedy = f"set {OWN_VARIABLE[imported[0]]}={asked}" if imported else "find its pool, and give it its count by name"
    return Suspicion(
        "ignores-setting",
        0.8,
        f"{seen.threads_seen.estimate:.0f} threads got CPU time where {asked} were asked for by every known variable"
        + own,
        remedy,
        trials,
    )


DETECTORS = (sequential_layer, reference_blas, no_compiler, ignores_setting)
