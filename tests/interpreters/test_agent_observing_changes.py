"""What an observed child tells of what changed: by an import, in its pools, by a fork; and how long it slept."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.interpreters.dialogue import Dialogue, interpreters, on_every_interpreter
from tests.interpreters.observing import LINUX_ONLY, NUMPY, ON_NUMPY, THREADS, TWO_CPUS, WATCHED, observed, source_file


@TWO_CPUS
@pytest.mark.parametrize("version", [version for version in interpreters() if version != "2.7"])
def test_an_import_that_narrows_the_affinity_is_named_and_not_its_importer(version: str, tmp_path: Path) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    source_file(tmp_path, "outer/__init__.py", "from . import inner")
    source_file(tmp_path, "outer/inner.py", "import os", f"os.sched_setaffinity(0, {{{cpus[0]}}})")
    with Dialogue(interpreters()[version], tmp_path) as child:
        seen = observed(child, "import_module", name="outer", folder=str(tmp_path))
    affinity = [entry for entry in seen["imports"] if entry["what"] == "affinity"]
    where = {"module": "outer.inner", "step": "first call"}
    assert affinity == [{**where, "what": "affinity", "path": None, "before": cpus, "after": [cpus[0]]}]
    assert seen["inherited_affinity"] == [cpus[0]]


@on_every_interpreter
def test_an_import_that_sets_a_thread_variable_is_named(python: str, tmp_path: Path) -> None:
    source_file(
        tmp_path,
        "first.py",
        "import os",
        "os.environ['OMP_NUM_THREADS'] = '7'",
        "import second",
        "os.environ['A_SECRET'] = 'x'",
    )
    source_file(tmp_path, "second.py", "import os", "del os.environ['MKL_NUM_THREADS']")
    with Dialogue(python, tmp_path, OMP_NUM_THREADS="2", MKL_NUM_THREADS="3") as child:
        seen = observed(child, "import_module", name="first", folder=str(tmp_path))
    assert [(entry["module"], entry["what"], entry["before"], entry["after"]) for entry in seen["imports"]] == [
        ("first", "variable OMP_NUM_THREADS", "2", "7"),
        ("second", "variable MKL_NUM_THREADS", "3", None),
    ]


@on_every_interpreter
def test_a_module_that_fails_to_load_is_named_too(python: str, tmp_path: Path) -> None:
    source_file(tmp_path, "failing.py", "import os", "os.environ['OMP_DYNAMIC'] = 'TRUE'", "raise ImportError('no')")
    source_file(tmp_path, "careful.py", "try:", "    import failing", "except ImportError: pass")
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "import_module", name="careful", folder=str(tmp_path))
    assert [(entry["module"], entry["what"]) for entry in seen["imports"]] == [("failing", "variable OMP_DYNAMIC")]


@LINUX_ONLY
def test_the_module_that_brings_a_blas_and_the_one_that_limits_it_are_named(tmp_path: Path) -> None:
    pytest.importorskip("threadpoolctl")
    source_file(tmp_path, "limiting.py", "import threadpoolctl", "threadpoolctl.threadpool_limits(1)")
    source_file(tmp_path, "program.py", "import numpy", "import limiting")
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        seen = observed(child, "import_module", name="program", folder=str(tmp_path))
    pools = [entry for entry in seen["imports"] if entry["what"] == "pool openblas"]
    if not pools:
        pytest.skip("NumPy is not linked to OpenBLAS here")
    assert pools[0]["module"].startswith("numpy.")
    assert (pools[0]["before"], pools[0]["after"]) == (None, 2)
    assert (pools[-1]["module"], pools[-1]["before"], pools[-1]["after"]) == ("limiting", 2, 1)
    assert os.path.exists(pools[0]["path"])


@LINUX_ONLY
def test_a_limit_within_the_region_shows_in_the_region_only(tmp_path: Path) -> None:
    pytest.importorskip("threadpoolctl")
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        seen = observed(child, "limited_product", file=ON_NUMPY, repeat=4, samples=20)
    sizes = {
        when: [pool["threads"] for pool in pools if pool["api"] == "openblas"] for when, pools in seen["pools"].items()
    }
    if not sizes["opened"]:
        pytest.skip("NumPy is not linked to OpenBLAS here")
    assert sizes == {"start": [], "opened": [2], "region": [1], "after": [2]}


@on_every_interpreter
def test_forks_are_counted(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "forking", rounds=2)
        assert child.end() == 0
    where = {fork["in_region"]: fork["count"] for fork in seen["forks"]}
    assert where == {False: 1, True: 2}  # the warm-up, and two rounds
    assert {fork["how"] for fork in seen["forks"]} == {"fork"}
    if sys.platform.startswith("linux"):
        assert {fork["after_pool"] for fork in seen["forks"]} == {False}


@on_every_interpreter
def test_a_fork_has_no_round_looked_at_whose_steps_are_counted(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        observed(child, "sleeping_and_forking", rounds=3)
        before = child.ask("facts", count_steps=True)["observed"]
        child.ask("round", repeat=1)
        time.sleep(0.1)
        after = child.ask("facts")["observed"]
    assert after["steps"]["count"] == 1
    assert after["samples"] == before["samples"] > 0


@LINUX_ONLY
def test_a_fork_after_a_blas_has_started_its_threads_says_so(tmp_path: Path) -> None:
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        child.ask("watch", observe=True)
        child.ask("call", target=f"{ON_NUMPY}:product_once")
        child.ask("open", target=f"{WATCHED}:forking")
        seen = child.ask("facts")["observed"]
    if not any(pool["threads"] > 1 for pool in seen["pools"]["after"]):
        pytest.skip("NumPy's BLAS uses no threads here")
    assert [fork["after_pool"] for fork in seen["forks"]] == [True]


@pytest.mark.parametrize("version", [version for version in ("3.12", "3.13") if version in interpreters()])
@pytest.mark.parametrize("how", ["fork", "forkpty"])
def test_a_fork_is_beside_no_thread_of_ours(version: str, how: str, tmp_path: Path) -> None:
    with Dialogue(interpreters()[version], tmp_path) as child:
        seen = observed(child, "forking_where_warnings_are_shown", rounds=30, how=how)
        assert child.end() == 0
    assert sum(fork["count"] for fork in seen["forks"]) == 31  # and the warm-up
    assert "multi-threaded" not in child.log()


@on_every_interpreter
def test_threads_that_fork_at_once_wait_for_no_thread_of_ours(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path, 60) as child:
        seen = observed(child, "forking_from_threads", file=THREADS)
        assert "Unhandled exception" not in child.log()
    assert sum(fork["count"] for fork in seen["forks"]) == 2 * 3 * 50  # the warm-up, and a round


@LINUX_ONLY
@on_every_interpreter
def test_a_fork_where_no_thread_can_be_started_is_a_fork_still(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "forking_where_no_thread_starts", file=THREADS, rounds=2)
    assert sum(fork["count"] for fork in seen["forks"]) == 3  # the warm-up, and two rounds


@on_every_interpreter
def test_a_forked_child_that_forks_waits_for_no_thread_of_its_parent(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path, 60) as child:
        seen = observed(child, "forking_twice_from_threads", file=THREADS)
    assert sum(fork["count"] for fork in seen["forks"]) == 2 * 3 * 30  # the warm-up, and a round


@on_every_interpreter
def test_threads_that_set_the_same_variable_at_once_meet_no_error_of_ours(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path, 60) as child:
        seen = observed(child, "setting_from_threads", file=THREADS, rounds=2)
    (outside, inside) = seen["setters"]
    assert (outside["in_region"], inside["in_region"]) == (False, True)
    assert outside["what"] == inside["what"] == "variable OMP_NUM_THREADS"
    assert (outside["count"], inside["count"]) == (4 * 1000, 2 * 4 * 1000)


@on_every_interpreter
def test_sleep_within_rounds_is_added_up(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "sleeping", rounds=2, repeat=2, seconds=0.02)
    assert 0.079 <= seen["slept_s"] <= seen["wall_s"]  # and not the warm-up's, nor ours
