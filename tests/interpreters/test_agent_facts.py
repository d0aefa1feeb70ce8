"""What the child tells of itself, above all which BLAS it has mapped, held against threadpoolctl's reading."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.interpreters.dialogue import Dialogue, on_every_interpreter

LINUX_ONLY = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are read from Linux's /proc")
DEBIAN = Path("/usr/lib") / str(sysconfig.get_config_var("MULTIARCH"))
DEBIANS = [
    ("blas", "reference", "sequential"),
    ("openblas-pthread", "openblas", "pthreads"),
    ("openblas-openmp", "openblas", "openmp"),
    ("openblas-serial", "openblas", "sequential"),
    ("blis-pthread", "blis", "pthreads"),
    ("blis-openmp", "blis", "openmp"),
    ("atlas", "atlas", None),
]
DEBIANS_INSTALLED = [case for case in DEBIANS if (DEBIAN / case[0] / "libblas.so.3").exists()]  # none: one skip
KINDS = {"openblas": "openblas", "mkl": "mkl", "blis": "blis", "openmp": "openmp"}


@on_every_interpreter
def test_facts_of_a_bare_interpreter(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path, MULTICORE_TEST="käse") as child:
        facts = child.ask("facts", variables=["MULTICORE_TEST", "NOT_SET_ANYWHERE"])
    assert facts["type"] == "facts"
    assert facts["python"] == ".".join(map(str, child.hello["python"]))
    assert facts["implementation"] == "CPython"
    assert facts["gil"] is True
    assert facts["free_threaded"] is False
    assert facts["variables"] == {"MULTICORE_TEST": "käse"}
    assert (facts["libraries"], facts["frameworks"], facts["theano"], facts["pytensor"]) == ([], {}, None, None)


@on_every_interpreter
def test_variables_are_read_as_they_are_now(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path, OMP_NUM_THREADS="3") as child:
        child.call("set_variable", name="OMP_NUM_THREADS", value="1")
        assert child.ask("facts", variables=["OMP_NUM_THREADS"])["variables"] == {"OMP_NUM_THREADS": "1"}


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity masks")
@on_every_interpreter
def test_a_narrowed_affinity_shows_beside_that_of_the_start(python: str, tmp_path: Path) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2 or cpus[0] > 63:
        pytest.skip(f"needs two CPUs to be pinned to one of them; the test may use {cpus}")
    with Dialogue(python, tmp_path) as child:
        assert child.call("pin", cpu=cpus[0])["type"] == "result"
        facts = child.ask("facts")
    assert (facts["affinity"], facts["affinity_at_start"]) == ([cpus[0]], cpus)


@LINUX_ONLY
def test_numpys_blas_is_named_with_version_and_threads(tmp_path: Path) -> None:
    with Dialogue(
        sys.executable, tmp_path, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1"
    ) as child:
        child.ask("open", target="builtin:dot_numpy", arguments={"size": 64})
        facts = child.ask("facts")
    blas = [entry for entry in facts["libraries"] if entry["kind"] != "openmp"]
    assert blas, "numpy is loaded, but no BLAS was recognised"
    assert blas[0]["threads"] == 1
    assert blas[0]["version"]
    assert os.path.exists(blas[0]["path"])
    assert (
        facts["frameworks"]["numpy"]
        == subprocess.check_output([sys.executable, "-c", "import numpy; print(numpy.__version__)"], text=True).strip()
    )


@LINUX_ONLY
def test_libraries_are_those_that_threadpoolctl_finds(tmp_path: Path) -> None:
    pytest.importorskip("threadpoolctl", reason="threadpoolctl is not installed beside numpy")
    with Dialogue(sys.executable, tmp_path, OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2") as child:
        child.ask("open", target="builtin:dot_numpy", arguments={"size": 64})
        ours = child.ask("facts")["libraries"]
        theirs = child.call("load_all_threadpools")["value"]
    assert theirs
    assert _comparable_ours(ours) == _comparable_theirs(theirs)


@LINUX_ONLY
@on_every_interpreter
@pytest.mark.parametrize(("folder", "kind", "layer"), DEBIANS_INSTALLED)
def test_debians_libblas_is_told_apart(python: str, tmp_path: Path, folder: str, kind: str, layer: str | None) -> None:
    library = DEBIAN / folder / "libblas.so.3"
    with Dialogue(python, tmp_path, LD_LIBRARY_PATH=str(library.parent), OMP_NUM_THREADS="1") as child:
        assert child.call("load_library", path=str(library))["type"] == "result"
        found = child.ask("facts")["libraries"]
        assert child.end() == 0
    blas = [entry for entry in found if entry["kind"] != "openmp"]
    assert [(entry["kind"], entry["layer"]) for entry in blas] == [(kind, layer)]
    if kind == "openblas":
        assert "libopenblas" in os.path.basename(blas[0]["path"])  # and not its front, libblas.so.3
        assert blas[0]["threads"] == 1


def _comparable_ours(libraries: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted(
        (os.path.realpath(entry["path"]), entry["kind"], entry["version"], entry["threads"])
        for entry in libraries
        if entry["kind"] in KINDS
    )


def _comparable_theirs(pools: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted(
        (os.path.realpath(pool["filepath"]), KINDS[pool["internal_api"]], pool["version"], pool["num_threads"])
        for pool in pools
        if pool["internal_api"] in KINDS
    )
