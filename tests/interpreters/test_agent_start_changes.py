"""What every measured child notes of the changes since its start: by whose import, and in which step."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.interpreters.dialogue import AGENT, Dialogue, interpreters, on_every_interpreter
from tests.interpreters.observing import LINUX_ONLY, NUMPY, THREADS, TWO_CPUS, source_file


def noted(child: Dialogue, target: str) -> list[dict[str, Any]]:
    ready = child.ask("open", target=target)
    assert ready["type"] == "ready", ready
    changes: list[dict[str, Any]] = child.ask("facts")["start_changes"]
    return changes


def brief(changes: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(one["module"], one["step"], one["what"], one["before"], one["after"]) for one in changes]


@on_every_interpreter
def test_the_import_that_sets_a_variable_is_named_without_being_asked(python: str, tmp_path: Path) -> None:
    source_file(tmp_path, "ultra/__init__.py", "import ultra.settings")
    source_file(tmp_path, "ultra/settings.py", "import os", "os.environ['OMP_NUM_THREADS'] = '1'")
    source_file(tmp_path, "program.py", "import os", "def run():", "    import ultra")
    with Dialogue(python, tmp_path, OMP_NUM_THREADS="2") as child:
        changes = noted(child, f"{tmp_path / 'program.py'}:run")
    assert brief(changes) == [("ultra.settings", "first call", "variable OMP_NUM_THREADS", "2", "1")]


@on_every_interpreter
def test_a_file_a_set_up_and_a_first_call_are_steps(python: str, tmp_path: Path) -> None:
    source_file(
        tmp_path,
        "program.py",
        "import os",
        "os.environ['MKL_NUM_THREADS'] = '1'",
        "def run():",
        "    os.environ['OMP_NUM_THREADS'] = '1'",
        "    return region",
        "def region():",
        "    os.environ['BLIS_NUM_THREADS'] = '1'",
    )
    with Dialogue(python, tmp_path) as child:
        changes = noted(child, f"{tmp_path / 'program.py'}:run")
    assert [(one["module"], one["step"], one["what"]) for one in changes] == [
        ("program", "set-up", "variable MKL_NUM_THREADS"),
        (None, "set-up", "variable OMP_NUM_THREADS"),
        (None, "first call", "variable BLIS_NUM_THREADS"),
    ]


@TWO_CPUS
@pytest.mark.parametrize("version", [version for version in interpreters() if version != "2.7"])
def test_a_package_that_narrows_the_affinity_is_named(version: str, tmp_path: Path) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    source_file(tmp_path, "pinner/__init__.py", "import pinner.deep")
    source_file(tmp_path, "pinner/deep.py", "import os", f"os.sched_setaffinity(0, {{{cpus[0]}}})")
    source_file(tmp_path, "program.py", "def run():", "    import pinner")
    with Dialogue(interpreters()[version], tmp_path) as child:
        changes = noted(child, f"{tmp_path / 'program.py'}:run")
    assert brief(changes) == [("pinner", "first call", "affinity", cpus, [cpus[0]])]


@pytest.mark.parametrize("version", [version for version in interpreters() if version != "2.7"])
def test_a_default_that_does_nothing_here_is_noted(version: str, tmp_path: Path) -> None:
    source_file(tmp_path, "polite.py", "import os", "os.environ.setdefault('OMP_NUM_THREADS', '1')")
    source_file(tmp_path, "program.py", "import polite", "def run(): pass")
    with Dialogue(interpreters()[version], tmp_path, OMP_NUM_THREADS="2") as child:
        (change,) = noted(child, f"{tmp_path / 'program.py'}:run")
    assert (change["module"], change["before"], change["after"], change["default"]) == ("polite", "2", "2", "1")


@LINUX_ONLY
def test_a_pool_that_an_import_lowers_is_noted(tmp_path: Path) -> None:
    pytest.importorskip("threadpoolctl")
    source_file(tmp_path, "limiting.py", "import threadpoolctl", "threadpoolctl.threadpool_limits(1)")
    source_file(tmp_path, "program.py", "import numpy", "import limiting", "def run(): pass")
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        changes = noted(child, f"{tmp_path / 'program.py'}:run")
    pools = [change for change in changes if change["what"] == "pool openblas"]
    if not pools:
        pytest.skip("NumPy is not linked to OpenBLAS here")
    assert [(pool["module"], pool["before"], pool["after"]) for pool in pools] == [
        ("numpy", None, 2),
        ("limiting", 2, 1),
    ]


@pytest.mark.parametrize("version", [version for version in interpreters() if version != "2.7"])
def test_an_import_that_fails_shows_no_frame_of_ours_and_warnings_pass_us_by(version: str, tmp_path: Path) -> None:
    source_file(tmp_path, "failing.py", "import warnings", "warnings.warn('old', stacklevel=2)", "1 / 0")
    source_file(
        tmp_path,
        "program.py",
        "import traceback, warnings",
        "with warnings.catch_warnings(record=True) as caught:",
        "    warnings.simplefilter('always')",
        "    try:",
        "        import failing",
        "    except ZeroDivisionError as error:",
        "        frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]",
        "def told(): return {'frames': frames, 'warned': [one.filename for one in caught]}",
    )
    with Dialogue(interpreters()[version], tmp_path) as child:
        value = child.ask("call", target=f"{tmp_path / 'program.py'}:told")["value"]
    assert value["frames"] == [str(tmp_path / "program.py"), str(tmp_path / "failing.py")]
    assert value["warned"] == [str(tmp_path / "program.py")]


@LINUX_ONLY
def test_files_that_were_loaded_are_told_once_and_anew_after_an_unload(tmp_path: Path) -> None:
    source_file(
        tmp_path,
        "looking.py",
        "import runpy, sys",
        f"files = runpy.run_path({str(AGENT / 'watch' / 'loaded_files.py')!r})['LoadedFiles']()",
        "first = files.new()",
        "assert any(b'libc.' in name for name in first), first",
        "assert list(files.new()) == []",
        "import _ctypes_test, _ctypes",
        "new = files.new()",
        "assert [b'_ctypes_test' in name for name in new] == [True], new",
        "import _testcapi",
        "assert any(b'_testcapi' in name for name in files.new())",
    )
    pytest.importorskip("_ctypes_test")
    subprocess.run([sys.executable, str(tmp_path / "looking.py")], check=True, timeout=60)


KEPT = [
    "import os",
    "def run():",
    "    os.environ['OMP_NUM_THREADS'] = '1'",
    "    os.environ.update(OMP_NUM_THREADS='1')",
    "    os.environ['MKL_NUM_THREADS'] = '1'",
    "    return [os.environ.get('OMP_NUM_THREADS'), os.environ.get('MKL_NUM_THREADS')]",
]


@on_every_interpreter
@pytest.mark.parametrize("start", ["2", None])
def test_a_variable_can_be_kept_as_it_was_at_the_start(python: str, tmp_path: Path, start: str | None) -> None:
    source_file(tmp_path, "program.py", *KEPT)
    variables = {"OMP_NUM_THREADS": start} if start else {}
    name = "keep-variable OMP_NUM_THREADS"
    with Dialogue(python, tmp_path, **variables) as child:
        if start is None and "OMP_NUM_THREADS" in os.environ:
            pytest.skip("it is set in the tests' own world")
        child.ask("watch", observe=False, trace=False, changes=[name], threads=2)
        value = child.ask("call", target=f"{tmp_path / 'program.py'}:run")["value"]
        facts = child.ask("facts")
    assert value == [start, "1"]
    assert facts["changed"] == {name: 2}
    assert [one["what"] for one in facts["start_changes"]] == ["variable MKL_NUM_THREADS"]


@on_every_interpreter
def test_an_observed_child_tells_which_line_sets_a_variable_even_to_the_same(python: str, tmp_path: Path) -> None:
    source_file(tmp_path, "ultra.py", "import os", "", "os.environ['OMP_NUM_THREADS'] = '2'")
    source_file(tmp_path, "program.py", "def run():", "    import ultra")
    with Dialogue(python, tmp_path, OMP_NUM_THREADS="2") as child:
        child.ask("watch", observe=True, trace=False, changes=[], threads=2)
        child.ask("open", target=f"{tmp_path / 'program.py'}:run")
        facts = child.ask("facts")
    (call,) = facts["observed"]["setters"]
    assert (call["what"], call["value"], call["module"]) == ("variable OMP_NUM_THREADS", "2", "ultra")
    assert (os.path.basename(call["file"]), call["line"], call["count"]) == ("ultra.py", 3, 1)
    assert facts["start_changes"] == []


@LINUX_ONLY
def test_an_observed_child_tells_who_lowers_a_pool(tmp_path: Path) -> None:
    pytest.importorskip("threadpoolctl")
    source_file(
        tmp_path,
        "program.py",
        "import numpy, threadpoolctl",
        "def lower():",
        "    threadpoolctl.threadpool_limits(1, user_api='blas')",
        "def run(): lower()",
    )
    with Dialogue(sys.executable, tmp_path, **NUMPY) as child:
        child.ask("watch", observe=True, trace=False, changes=[], threads=2)
        child.ask("open", target=f"{tmp_path / 'program.py'}:run")
        child.ask("round", repeat=2)
        facts = child.ask("facts")
    calls = [call for call in facts["observed"]["setters"] if call["what"] == "pool openblas"]
    if not calls:
        pytest.skip("NumPy is not linked to OpenBLAS here")
    first, in_region = calls
    assert (first["step"], first["in_region"], in_region["in_region"]) == ("first call", False, True)
    assert {(call["value"], call["line"], call["function"]) for call in calls} == {(1, 3, "lower")}
    assert in_region["count"] == 2
    assert facts["observed"]["pools"]["after"][0]["threads"] == 1  # the call itself was made


@on_every_interpreter
def test_packages_are_imported_one_after_the_other_and_each_change_is_of_one(python: str, tmp_path: Path) -> None:
    source_file(tmp_path, "ultra/__init__.py", "import ultra.deep")
    source_file(tmp_path, "ultra/deep.py", "import os", "", "os.environ['OMP_NUM_THREADS'] = '1'")
    source_file(tmp_path, "quiet.py", "")
    with Dialogue(python, tmp_path, OMP_NUM_THREADS="2") as child:
        told = child.ask("imports", names=["quiet", "ultra", "no_such_module"], path=[str(tmp_path)])
    (change,), (call,) = told["changes"], told["setters"]
    assert (change["module"], change["step"]) == ("ultra.deep", "import of ultra")
    assert (call["line"], call["value"], call["module"]) == (3, "1", "ultra.deep")
    assert list(told["failures"]) == ["no_such_module"]
    assert told["failures"]["no_such_module"].partition(":")[0] in ("ImportError", "ModuleNotFoundError")
    assert told["gil_modules"] is None or isinstance(told["gil_modules"], list)


@LINUX_ONLY
@on_every_interpreter
def test_an_import_beside_a_thread_that_looks_at_libraries_ends(python: str, tmp_path: Path) -> None:
    source_file(tmp_path, "plain.py", "x = 1")
    arguments = {"name": "plain"}
    with Dialogue(python, tmp_path) as child:
        target = f"{THREADS}:import_beside_a_look_at_libraries"
        assert child.ask("call", target=target, arguments=arguments, path=[str(tmp_path)])["type"] == "result"
