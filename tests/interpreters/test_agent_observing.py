"""What an observed child tells of itself: imports that changed something, where its threads stood, forks, sleep."""

import math
import os
import sys
from pathlib import Path

import pytest

from tests.interpreters.dialogue import Dialogue, interpreters, on_every_interpreter

WATCHED = Path(__file__).parent / "watched_code.py"
ON_NUMPY = Path(__file__).parent / "watched_numpy.py"
LINUX_ONLY = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="told by Linux's /proc and libraries")
TWO_CPUS = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two CPUs to be pinned to one",
)
NUMPY = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}


def observed(child, target, rounds=1, repeat=1, samples=0, file=WATCHED, **arguments):
    """Watch, open, take rounds, and more until there are so many samples; facts' `observed`, and the rounds' wall_s."""
    assert child.ask("watch", observe=True, changes=[], threads=2) == {
        "protocol": 1,
        "type": "watching",
        "changes": [],
    }
    ready = child.ask("open", target=f"{file}:{target}", arguments=arguments)
    assert ready["type"] == "ready", ready
    wall_s = 0.0
    for number in range(1, 1000):
        done = child.ask("round", repeat=repeat)
        assert done["type"] == "done", done
        wall_s += done["wall_s"]
        if number >= rounds:
            facts = child.ask("facts")
            assert facts["type"] == "facts", facts
            if facts["observed"]["samples"] >= samples:
                break
    return dict(facts["observed"], wall_s=wall_s)


def source_file(folder, name, *lines):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n")


# -- the message -------------------------------------------------------------------------------------------------------
@on_every_interpreter
def test_nothing_is_loaded_and_nothing_told_without_the_message(python, tmp_path):
    with Dialogue(python, tmp_path) as child:
        before = child.ask("call", target=f"{WATCHED}:count_modules")["value"]
        child.ask("open", target=f"{WATCHED}:two_lines", arguments={"seconds": 0.01})
        child.ask("round", repeat=1)
        assert child.ask("facts")["observed"] is None
        assert child.ask("call", target=f"{WATCHED}:count_modules")["value"] == before


@on_every_interpreter
def test_changes_alone_observe_nothing(python, tmp_path):
    with Dialogue(python, tmp_path) as child:
        assert child.ask("watch", observe=False)["type"] == "watching"
        assert child.ask("facts")["observed"] is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"observe": 1}, "a boolean"),
        ({"observe": True, "threads": 0}, "an integer >= 1 or null"),
        ({"observe": True, "changes": ["no-gravity"]}, "no change 'no-gravity'"),
    ],
)
def test_a_wrong_message_is_refused(tmp_path, fields, why):
    with Dialogue(sys.executable, tmp_path) as child:
        error = child.ask("watch", **fields)
    assert (error["type"], error["kind"]) == ("error", "protocol")
    assert why in error["message"]


def test_it_comes_before_open_and_once(tmp_path):
    with Dialogue(sys.executable, tmp_path) as child:
        assert child.ask("watch", observe=True)["type"] == "watching"
        assert child.ask("watch", observe=True)["kind"] == "protocol"
    with Dialogue(sys.executable, tmp_path) as child:
        child.ask("open", target=f"{WATCHED}:sleeping", arguments={"seconds": 0})
        assert "before open" in child.ask("watch", observe=True)["message"]


# -- imports -----------------------------------------------------------------------------------------------------------
@TWO_CPUS
@pytest.mark.parametrize("version", [version for version in interpreters() if version != "2.7"])
def test_an_import_that_narrows_the_affinity_is_named_and_not_its_importer(version, tmp_path):
    cpus = sorted(os.sched_getaffinity(0))
    source_file(tmp_path, "outer/__init__.py", "from . import inner")
    source_file(tmp_path, "outer/inner.py", "import os", f"os.sched_setaffinity(0, {{{cpus[0]}}})")
    with Dialogue(interpreters()[version], tmp_path) as child:
        seen = observed(child, "import_module", name="outer", folder=str(tmp_path))
    affinity = [entry for entry in seen["imports"] if entry["what"] == "affinity"]
    assert affinity == [{"module": "outer.inner", "what": "affinity", "path": None, "before": cpus, "after": [cpus[0]]}]
    assert seen["inherited_affinity"] == [cpus[0]]


@on_every_interpreter
def test_an_import_that_sets_a_thread_variable_is_named(python, tmp_path):
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
def test_a_module_that_fails_to_load_is_named_too(python, tmp_path):
    source_file(tmp_path, "failing.py", "import os", "os.environ['OMP_DYNAMIC'] = 'TRUE'", "raise ImportError('no')")
    source_file(tmp_path, "careful.py", "try:", "    import failing", "except ImportError: pass")
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "import_module", name="careful", folder=str(tmp_path))
    assert [(entry["module"], entry["what"]) for entry in seen["imports"]] == [("failing", "variable OMP_DYNAMIC")]


@LINUX_ONLY
def test_the_module_that_brings_a_blas_and_the_one_that_limits_it_are_named(tmp_path):
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


# -- lines -------------------------------------------------------------------------------------------------------------
@on_every_interpreter
def test_the_lines_of_the_region_are_told_with_their_source_and_share(python, tmp_path):
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "two_lines", rounds=2, samples=100, seconds=0.05)
    lines = [line for line in seen["lines"] if line["file"] == str(WATCHED)]
    assert {line["thread"] for line in lines} == {"MainThread"}
    source = WATCHED.read_text().splitlines()
    assert all(source[line["line"] - 1].strip() == line["source"] for line in lines)
    shares = {True: 0.0, False: 0.0}
    first = next(number for number, text in enumerate(source, 1) if "3 * seconds" in text)
    for line in lines:
        assert (line["function"], line["called_from"]) == ("region", None)
        shares[line["line"] < first] += line["share"]
    assert 0 < shares[True] < shares[False]
    assert {line["operation"] for line in lines} == {None}
    assert sum(shares.values()) <= 1.001


@on_every_interpreter
def test_lines_of_other_threads_are_told_apart(python, tmp_path):
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "threads_that_run", rounds=2, samples=20, seconds=0.3, count=2)
    waiting = [line for line in seen["lines"] if line["called_from"] and "join" in line["called_from"]["source"]]
    running = [line for line in seen["lines"] if line["function"] == "burn"]
    assert sum(line["share"] for line in running) > 0.5
    assert {line["thread"] for line in waiting} == {"MainThread"}
    assert len({line["thread"] for line in running}) == 1  # their numbers are left out
    assert running[0]["thread"].startswith("Thread-#")
    if tuple(child.hello["python"]) >= (3, 8) and sys.platform.startswith("linux"):
        assert seen["python_threads"] == 2


@on_every_interpreter
def test_lines_before_the_first_round_are_not_told(python, tmp_path):
    with Dialogue(python, tmp_path) as child:
        child.ask("watch", observe=True)
        child.ask("open", target=f"{WATCHED}:two_lines", arguments={"seconds": 0.02})
        seen = child.ask("facts")["observed"]
    assert (seen["samples"], seen["lines"]) == (0, [])


@LINUX_ONLY
@pytest.mark.parametrize("dtype", ["int64", "float16", "longdouble"])
def test_a_product_is_told_with_its_operands(tmp_path, dtype):
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        seen = observed(child, "product", file=ON_NUMPY, repeat=40, samples=20, dtype=dtype)
    line = seen["lines"][0]
    assert (line["operation"], line["function_called"], line["subscripts"]) == ("matmul", "matmul", None)
    assert line["source"] == "return left @ layer.weights.T"
    left, right = line["operands"]
    size = left["itemsize"]
    assert left == {
        "name": "left",
        "type": "numpy.ndarray",
        "dtype": {"longdouble": "float128"}.get(dtype, dtype),
        "shape": [150, 150],
        "strides": [150 * size, size],
        "itemsize": size,
        "contiguous": "C",
    }
    assert (right["name"], right["dtype"], right["shape"]) == ("layer.weights.T", left["dtype"], [150, 150])
    assert (right["strides"], right["contiguous"]) == ([size, 2 * 150 * size], None)


@pytest.mark.parametrize("form", ["function", "lambda"])
def test_a_product_that_never_lets_go_of_the_lock_is_told_too(tmp_path, form):
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        # The first rounds, in which it cannot be told yet, shall not weigh much.
        seen = observed(child, "product_of_objects", file=ON_NUMPY, rounds=20, repeat=5, samples=5, form=form)
    line = seen["lines"][0]
    assert line["share"] > 0.5
    assert (line["function_called"], [entry["dtype"] for entry in line["operands"]]) == ("matmul", ["object"] * 2)


def test_no_property_is_called_to_find_operands(tmp_path):
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        seen = observed(child, "through_a_property", file=ON_NUMPY, samples=20)
    line = next(line for line in seen["lines"] if line["operation"])
    assert (line["operation"], line["function_called"]) == ("matmul", "dot")
    assert [entry["name"] for entry in line["operands"]] == ["layer.weights"]


@pytest.mark.parametrize(
    ("name", "size"), [("einsum", 300), ("sort", 700), ("elementwise", 1500), ("reduction", 3000), ("linalg", 250)]
)
def test_named_functions_are_operations(tmp_path, name, size):
    with Dialogue(sys.executable, tmp_path, OPENBLAS_NUM_THREADS="1") as child:
        seen = observed(child, "named_function", file=ON_NUMPY, repeat=4, samples=20, name=name, size=size)
    of_region = [line for line in seen["lines"] if "lambda a:" in (line["called_from"] or line)["source"]]
    assert sum(line["share"] for line in of_region) > 0.5
    assert {line["operation"] for line in of_region if line["share"] > 0.2} == {name}
    assert {math.prod(entry["shape"]) for entry in of_region[0]["operands"]} == {size * size}
    assert of_region[0]["subscripts"] == ("ij,jk->ik" if name == "einsum" else None)


# -- pools, forks and sleep --------------------------------------------------------------------------------------------
@LINUX_ONLY
def test_a_limit_within_the_region_shows_in_the_region_only(tmp_path):
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
def test_forks_are_counted(python, tmp_path):
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "forking", rounds=2)
        assert child.end() == 0
    where = {fork["in_region"]: fork["count"] for fork in seen["forks"]}
    assert where == {False: 1, True: 2}  # the warm-up, and two rounds
    assert {fork["how"] for fork in seen["forks"]} == {"fork"}
    if sys.platform.startswith("linux"):
        assert {fork["after_pool"] for fork in seen["forks"]} == {False}


@LINUX_ONLY
def test_a_fork_after_a_blas_has_started_its_threads_says_so(tmp_path):
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        child.ask("watch", observe=True)
        child.ask("call", target=f"{ON_NUMPY}:product_once")
        child.ask("open", target=f"{WATCHED}:forking")
        seen = child.ask("facts")["observed"]
    if not any(pool["threads"] > 1 for pool in seen["pools"]["after"]):
        pytest.skip("NumPy's BLAS uses no threads here")
    assert [fork["after_pool"] for fork in seen["forks"]] == [True]


@pytest.mark.parametrize("version", [version for version in ("3.12", "3.13") if version in interpreters()])
def test_a_fork_is_beside_no_thread_of_ours(version, tmp_path):
    with Dialogue(interpreters()[version], tmp_path) as child:
        observed(child, "forking_where_warnings_are_errors", rounds=3)


@on_every_interpreter
def test_sleep_within_rounds_is_added_up(python, tmp_path):
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "sleeping", rounds=2, repeat=2, seconds=0.02)
    assert 0.079 <= seen["slept_s"] <= seen["wall_s"]  # and not the warm-up's, nor ours


# -- a test as the workload --------------------------------------------------------------------------------------------
def test_a_pytest_item_is_observed_in_its_rounds(tmp_path):
    source_file(
        tmp_path,
        "test_it.py",
        "import time",
        "def test_it():",
        "    time.sleep(0.1)",
    )
    arguments = {
        "options": {"rootdir": str(tmp_path)},
        "args": [str(tmp_path / "test_it.py"), "-p", "no:cacheprovider"],
        "nodeid": "test_it.py::test_it",
    }
    with Dialogue(sys.executable, tmp_path) as child:
        child.ask("watch", observe=True)
        assert child.ask("test", arguments=arguments, path=[])["type"] == "collected"
        assert child.ask("begin")["type"] == "begun"
        ready = child.ask("attempt")
        assert ready["type"] == "ready"
        first = dict(child.ask("facts")["observed"], wall_s=ready["wall_s"])
        done = child.ask("round", repeat=1)
        assert done["type"] == "done"
        seen = dict(child.ask("facts")["observed"], wall_s=done["wall_s"])
        assert child.ask("finish")["type"] == "ended"
    for told in (first, seen):
        assert told["lines"][0]["function"] == "test_it"
        assert told["lines"][0]["source"] == "time.sleep(0.1)"
        assert 0.09 < told["slept_s"] < told["wall_s"]  # what was seen of the first call is dropped at the first round
