"""The changes that a trial can ask for: each holds for what user code does afterwards, and without it things differ."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.interpreters.dialogue import Dialogue, interpreters, on_every_interpreter

WATCHED = Path(__file__).parent / "watched_code.py"
ON_NUMPY = Path(__file__).parent / "watched_numpy.py"
THREADS = Path(__file__).parent / "watched_threads.py"
CPUS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
TWO_CPUS = pytest.mark.skipif(
    not sys.platform.startswith("linux") or len(CPUS) < 2 or CPUS[0] > 63, reason="needs two CPUs to be pinned to one"
)
ON_PYTHON_3 = pytest.mark.parametrize("version", [version for version in interpreters() if version != "2.7"])
WITH_INITIALIZERS = pytest.mark.parametrize(  # of pools, new in 3.7
    "version", [version for version in interpreters() if version not in ("2.7", "3.6")]
)


def changed(child: Dialogue, *names: str, threads: int | None = None) -> Any:
    """Ask for changes; returns those that were made."""
    watching = child.ask("watch", observe=False, changes=list(names), threads=threads)
    assert watching["type"] == "watching", watching
    return watching["changes"]


def value(child: Dialogue, function: str, file: Path = WATCHED, **arguments: Any) -> Any:
    result = child.ask("call", target=f"{file}:{function}", arguments=arguments)
    assert result["type"] == "result", result
    return result["value"]


# -- restore-affinity --------------------------------------------------------------------------------------------------
@TWO_CPUS
@ON_PYTHON_3
def test_the_process_cannot_narrow_its_affinity_by_os(version: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        assert changed(child, "restore-affinity") == ["restore-affinity"]
        assert value(child, "pin_by_os", cpu=CPUS[0]) == CPUS
    with Dialogue(interpreters()[version], tmp_path) as child:
        assert value(child, "pin_by_os", cpu=CPUS[0]) == [CPUS[0]]


@TWO_CPUS
@ON_PYTHON_3
def test_another_process_can_be_pinned_still(version: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        changed(child, "restore-affinity")
        assert value(child, "pin_another", cpu=CPUS[0]) == [CPUS[0]]


@TWO_CPUS
@on_every_interpreter
@pytest.mark.parametrize("changes", [[], ["restore-affinity"]], ids=["as-it-is", "restored"])
def test_what_an_import_narrows_is_restored_after_it(python: str, tmp_path: Path, changes: list[str]) -> None:
    (tmp_path / "narrowing.py").write_text(
        "import ctypes\n"
        f"mask = ctypes.c_ulong(1 << {CPUS[0] if CPUS else 0})\n"
        "ctypes.CDLL(None).sched_setaffinity(0, ctypes.sizeof(mask), ctypes.byref(mask))\n"
    )
    with Dialogue(python, tmp_path) as child:
        changed(child, *changes)
        value(child, "import_module", name="narrowing", folder=str(tmp_path))
        assert child.ask("facts")["affinity"] == (CPUS if changes else [CPUS[0]])


@TWO_CPUS
@on_every_interpreter
def test_all_threads_get_the_starts_cpus_before_each_region(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        changed(child, "restore-affinity")
        child.ask("open", target=f"{WATCHED}:affinities_of_threads", arguments={"path": str(tmp_path / "seen")})
        value(child, "pin_by_libc", cpu=CPUS[0])
        assert value(child, "start_a_thread") is None  # it inherits the narrow mask
        assert child.ask("round", repeat=1)["type"] == "done"
    assert len((tmp_path / "seen").read_text().splitlines()) >= 2
    assert len(set((tmp_path / "seen").read_text().splitlines())) == 1


# -- keep-limits -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("changes", "threads"), [([], 1), (["keep-limits"], 2)], ids=["as-it-is", "kept"])
def test_threadpoolctl_limits_nothing_where_limits_are_kept(tmp_path: Path, changes: list[str], threads: int) -> None:
    pytest.importorskip("threadpoolctl")
    variables = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "2")
    with Dialogue(sys.executable, tmp_path, **variables) as child:
        assert changed(child, *changes) == changes
        within = value(child, "threads_within_limits", file=ON_NUMPY)
    assert within
    assert set(within) == {threads}


@pytest.mark.parametrize(("changes", "threads"), [([], 1), (["keep-limits"], 2)], ids=["as-it-is", "kept"])
def test_numexprs_setter_does_nothing_where_limits_are_kept(tmp_path: Path, changes: list[str], threads: int) -> None:
    pytest.importorskip("numexpr")
    with Dialogue(sys.executable, tmp_path, NUMEXPR_NUM_THREADS="2", NUMEXPR_MAX_THREADS="2") as child:
        changed(child, *changes)
        child.ask("call", target="numexpr:set_num_threads", arguments={"nthreads": 1})
        assert child.ask("call", target="numexpr:get_num_threads")["value"] == threads


@ON_PYTHON_3
def test_setters_of_modules_do_nothing_once_those_are_loaded(version: str, tmp_path: Path) -> None:
    setters = {
        "torch": "set_num_threads",
        "mkl": "domain_set_num_threads",
        "numba": "set_num_threads",
        "cv2": "setNumThreads",
        "pyarrow": "set_cpu_count",
        "faiss": "omp_set_num_threads",
    }
    for name, setter in setters.items():
        (tmp_path / f"{name}.py").write_text(
            f"threads = 2\ndef {setter}(n):\n    global threads\n    threads = n\n{setter}(3)\n"
            "def get(): return threads\n"
        )
    with Dialogue(interpreters()[version], tmp_path) as child:
        changed(child, "keep-limits")
        for name, setter in setters.items():
            path = [str(tmp_path)]
            assert child.ask("call", target=f"{name}:{setter}", arguments={"n": 1}, path=path)["type"] == "result"
            assert child.ask("call", target=f"{name}:get", path=path)["value"] == 3  # what its own import set stays


# -- keep-variable -----------------------------------------------------------------------------------------------------
@on_every_interpreter
def test_a_kept_variable_alone_is_left_where_the_environment_is_cleared(python: str, tmp_path: Path) -> None:
    """As unittest.mock.patch.dict clears it at its end."""
    with Dialogue(python, tmp_path, OMP_NUM_THREADS="2") as child:
        changed(child, "keep-variable OMP_NUM_THREADS")
        assert value(child, "left_when_cleared") == {"OMP_NUM_THREADS": "2"}
        assert child.ask("facts")["changed"] == {"keep-variable OMP_NUM_THREADS": 1}


# -- spawn and processes -----------------------------------------------------------------------------------------------
@ON_PYTHON_3
def test_fork_means_spawn_by_default_and_by_name(version: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        assert changed(child, "spawn") == ["spawn"]
        assert value(child, "start_methods") == ["spawn", "spawn"]
        assert value(child, "pids_of_process_pool", path=str(WATCHED.parent)) != []
    with Dialogue(interpreters()[version], tmp_path) as child:
        assert value(child, "start_methods") == ["fork", "fork"]


@pytest.mark.skipif("2.7" not in interpreters(), reason="no Python 2.7 on this machine")
def test_python_2_7_cannot_spawn_and_says_so(tmp_path: Path) -> None:
    with Dialogue(interpreters()["2.7"], tmp_path) as child:
        assert changed(child, "spawn", "no-sleep") == ["no-sleep"]


@ON_PYTHON_3
def test_a_pool_of_threads_becomes_one_of_processes_of_as_many(version: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        changed(child, "processes", threads=2)
        processes = value(child, "pids_of_executor")
        assert child.process.pid not in processes
        assert 1 <= len(processes) <= 2
    with Dialogue(interpreters()[version], tmp_path) as child:
        assert value(child, "pids_of_executor") == [child.process.pid]


@on_every_interpreter
def test_multiprocessings_pool_of_threads_becomes_one_of_processes(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        changed(child, "processes")
        processes = value(child, "pids_of_thread_pool")
        assert child.process.pid not in processes
        assert 1 <= len(processes) <= 2
    with Dialogue(python, tmp_path) as child:
        assert value(child, "pids_of_thread_pool") == [child.process.pid]


@WITH_INITIALIZERS
def test_an_initializer_by_position_reaches_the_processes(version: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        changed(child, "processes", threads=1)
        assert value(child, "initialized_by_executor") == ["x", "x"]


@ON_PYTHON_3
def test_a_task_that_cannot_be_sent_to_a_process_runs_in_a_thread(version: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        changed(child, "processes", threads=2)
        with_pool, of_lambda, plain = value(child, "pool_of_tasks_that_cannot_be_sent")
        assert (with_pool, of_lambda) == (child.process.pid, child.process.pid)
        assert plain != child.process.pid


@ON_PYTHON_3
def test_a_pool_of_one_runs_its_tasks_on_the_main_thread(version: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        changed(child, "main-thread")
        assert value(child, "threads_of_executor", workers=1) == ["MainThread", "ValueError"]
        name, failure = value(child, "threads_of_executor", workers=2)
        assert (name == "MainThread", failure) == (False, "ValueError")
        assert child.ask("facts")["changed"] == {"main-thread": 2}


@WITH_INITIALIZERS
def test_what_prepares_the_thread_of_a_pool_of_one_prepares_the_main_thread(version: str, tmp_path: Path) -> None:
    """It may set the thread's own limit: without it the trial would undo that limit, and prove the main thread."""
    with Dialogue(interpreters()[version], tmp_path) as child:
        changed(child, "main-thread")
        assert value(child, "initialized_by_executor", workers=1) == ["x", "x"]


@ON_PYTHON_3
def test_tasks_for_processes_run_in_the_caller(version: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        changed(child, "in-caller")
        assert value(child, "processes_of_tasks", chunk=1) == [1, True, "ValueError"]
        assert value(child, "processes_of_tasks", chunk=2) == [1, True, "ValueError"]
        assert child.ask("facts")["changed"] == {"in-caller": 5 + 3}


@WITH_INITIALIZERS
def test_what_prepares_a_process_prepares_the_caller(version: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        changed(child, "in-caller")
        assert value(child, "initialized_by_processes", value="x") == [3, ["x"]]


@WITH_INITIALIZERS
def test_a_task_waits_for_the_preparation_that_another_threads_task_has_begun(version: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        changed(child, "in-caller")
        assert value(child, "tasks_beside_the_preparation_of_their_pool", file=THREADS) == [[True], [True]]


# -- no-sleep ----------------------------------------------------------------------------------------------------------
@on_every_interpreter
def test_sleep_returns_at_once(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        changed(child, "no-sleep")
        assert value(child, "seconds_of_sleep", seconds=15) < 10


@on_every_interpreter
def test_sleep_that_is_left_out_is_none_that_was_slept(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        child.ask("watch", observe=True, changes=["no-sleep"])
        child.ask("open", target=f"{WATCHED}:sleeping", arguments={"seconds": 5})
        assert child.ask("round", repeat=1)["wall_s"] < 5
        assert child.ask("facts")["observed"]["slept_s"] < 5
