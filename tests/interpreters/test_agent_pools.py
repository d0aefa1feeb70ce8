"""Pools as the child tells them, held against threadpoolctl, NumExpr and Numba; asking starts and sets nothing."""

import ctypes.util
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.interpreters.dialogue import Dialogue, on_every_interpreter

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are read from Linux's /proc")
ON_NUMPY = Path(__file__).parent / "watched_numpy.py"
WATCHED = Path(__file__).parent / "watched_code.py"
GOMP = ctypes.util.find_library("gomp")
DEBIAN = Path("/usr/lib") / str(sysconfig.get_config_var("MULTIARCH"))
FLAVOURS = [
    ("openblas-pthread", {("openblas", "pthreads")}),
    ("openblas-openmp", {("openblas", "openmp"), ("openmp", "gnu")}),
]


def pools(child: Dialogue, when: str = "after") -> Any:
    return child.ask("facts")["observed"]["pools"][when]


@on_every_interpreter
def test_a_bare_interpreter_has_none(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        child.ask("watch", observe=True)
        assert child.ask("facts")["observed"]["pools"] == {"start": [], "opened": [], "region": [], "after": []}


@pytest.mark.parametrize("threads", ["1", "2"])
def test_numpys_pool_is_as_threadpoolctl_says(tmp_path: Path, threads: str) -> None:
    pytest.importorskip("threadpoolctl")
    variables = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    with Dialogue(sys.executable, tmp_path, **variables) as child:
        child.ask("watch", observe=True)
        child.ask("call", target=f"{ON_NUMPY}:product_once")
        ours = pools(child)
        theirs = child.call("load_all_threadpools")["value"]
    assert theirs
    assert sorted((os.path.realpath(pool["path"]), pool["api"], pool["threads"]) for pool in ours) == sorted(
        (os.path.realpath(pool["filepath"]), pool["internal_api"], pool["num_threads"]) for pool in theirs
    )


@on_every_interpreter
@pytest.mark.parametrize(("folder", "expected"), FLAVOURS)
def test_debians_openblas_is_asked_by_its_plain_names(
    python: str, tmp_path: Path, folder: str, expected: set[tuple[str, str]]
) -> None:
    library = DEBIAN / folder / "libblas.so.3"
    if not library.exists():
        pytest.skip(f"{library} is not installed")
    with Dialogue(python, tmp_path, LD_LIBRARY_PATH=str(library.parent), OMP_NUM_THREADS="2") as child:
        child.ask("watch", observe=True)
        assert child.call("load_library", path=str(library))["type"] == "result"
        found = pools(child)
        assert child.end() == 0
    assert {(pool["api"], pool["layer"]) for pool in found} == expected
    assert {pool["threads"] for pool in found} == {2}


@pytest.mark.skipif(GOMP is None, reason="GNU's OpenMP is not installed")
@on_every_interpreter
def test_openmp_tells_what_holds_it_back(python: str, tmp_path: Path) -> None:
    variables = {"OMP_NUM_THREADS": "3", "OMP_DYNAMIC": "TRUE", "OMP_THREAD_LIMIT": "5"}
    with Dialogue(python, tmp_path, **variables) as child:
        child.ask("watch", observe=True)
        child.call("load_library", path=GOMP)
        found = pools(child)
    assert [(pool["api"], pool["threads"], pool["dynamic"], pool["limit"]) for pool in found] == [
        ("openmp", 3, True, 5)
    ]


@pytest.mark.skipif(GOMP is None, reason="GNU's OpenMP is not installed")
@on_every_interpreter
def test_openmp_is_asked_in_the_thread_that_runs_the_region(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path, OMP_NUM_THREADS="3") as child:
        child.ask("watch", observe=True)
        child.ask("open", target=f"{WATCHED}:limits_of_openmp", arguments={"path": GOMP})
        for _ in range(20):
            child.ask("round", repeat=1)
            if child.ask("facts")["observed"]["samples"] >= 20:
                break
        assert [pool["threads"] for pool in pools(child, "opened")] == [3]
        assert [pool["threads"] for pool in pools(child, "region")] == [1]
        assert [pool["threads"] for pool in pools(child, "after")] == [3]


def test_numexprs_pool_is_told(tmp_path: Path) -> None:
    pytest.importorskip("numexpr")
    with Dialogue(sys.executable, tmp_path, NUMEXPR_NUM_THREADS="2", NUMEXPR_MAX_THREADS="4") as child:
        child.ask("watch", observe=True)
        assert child.ask("call", target="numexpr:set_num_threads", arguments={"nthreads": 1})["type"] == "result"
        assert [pool["threads"] for pool in pools(child) if pool["api"] == "numexpr"] == [1]


@on_every_interpreter
def test_a_modules_own_size_and_who_set_it_are_told(python: str, tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text(
        "size = [2]\ndef getNumThreads(): return size[0]\ndef setNumThreads(n): size[0] = max(1, n)\n"
    )
    with Dialogue(python, tmp_path) as child:
        child.ask("watch", observe=True)
        path = [str(tmp_path)]
        assert child.ask("call", target="cv2:getNumThreads", path=path)["value"] == 2
        assert [(pool["api"], pool["threads"]) for pool in pools(child)] == [("cv2", 2)]
        child.ask("call", target="cv2:setNumThreads", arguments={"n": 0}, path=path)
        assert [(pool["api"], pool["threads"]) for pool in pools(child)] == [("cv2", 1)]
        setters = child.ask("facts")["observed"]["setters"]
        assert [(one["what"], one["setter"], one["value"]) for one in setters] == [("pool cv2", "cv2.setNumThreads", 0)]


def test_numbas_threads_are_told_and_not_started(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    with Dialogue(sys.executable, tmp_path, 60, NUMBA_NUM_THREADS="2") as child:
        child.ask("watch", observe=True)
        assert child.ask("call", target=f"{ON_NUMPY}:load_numba")["value"] is False
        for _ in range(2):
            assert [(pool["threads"], pool["layer"]) for pool in pools(child) if pool["api"] == "numba"] == [(2, None)]
        assert child.ask("call", target=f"{ON_NUMPY}:load_numba")["value"] is False
        child.ask("call", target=f"{ON_NUMPY}:limit_numba", arguments={"threads": 1})
        (told,) = [pool for pool in pools(child) if pool["api"] == "numba"]
    assert told["threads"] == 1
    assert told["layer"] in ("tbb", "omp", "workqueue")


def test_torchs_threads_are_told(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    with Dialogue(sys.executable, tmp_path, 60, OMP_NUM_THREADS="2") as child:
        child.ask("watch", observe=True)
        assert child.ask("call", target="torch:get_num_threads")["value"] == 2
        (told,) = [pool for pool in pools(child) if pool["api"] == "torch"]
    assert (told["threads"], told["layer"]) == (2, "openmp")


def test_asking_sets_no_variable(tmp_path: Path) -> None:
    names = ["KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"]  # threadpoolctl's import sets them
    with Dialogue(sys.executable, tmp_path) as child:
        child.ask("watch", observe=True)
        child.ask("call", target=f"{ON_NUMPY}:product_once")
        assert child.ask("facts", variables=names)["variables"] == {
            name: os.environ[name] for name in names if name in os.environ
        }
