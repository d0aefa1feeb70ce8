"""What the agent may be made of: syntax for CPython 2.7 and 3.6, the standard library, nothing of this package."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interpreters.dialogue import AGENT, RUNNER, on_every_interpreter

SOURCES = sorted(AGENT.rglob("*.py"))
LAZY = {"numpy", "theano", "pytensor", "keras", "torch", "jax", "tensorflow", "sklearn"}
LAZY |= {"_pytest", "pytest", "pytest_benchmark", "aspectlib"}
LAZY |= {"annotationlib"}  # of the standard library from 3.14 on
# Used behind hasattr, or behind a check for the running version: newer than the floor, or not in both 2.7 and 3.
GUARDED = (
    "annotationlib",
    "annotationlib.Format",
    "annotationlib.Format.FORWARDREF",
    "faulthandler",
    "importlib.machinery.PathFinder.find_spec",
    "os.fsdecode",
    "os.register_at_fork",
    "os.sched_getaffinity",
    "os.sched_setaffinity",
    "pathlib",  # where pytest runs
    "str.decode",
    "sys._is_gil_enabled",
    "threading.get_ident",
    "time.perf_counter",
    "time.process_time",
)


def test_there_are_sources_to_check() -> None:
    assert RUNNER in SOURCES
    assert len(SOURCES) >= 10


def vermin(*paths: Path) -> tuple[bool, str]:
    """Whether vermin finds no more than Python 2.7 and 3.6 in `paths`, and what it said."""
    pytest.importorskip("vermin", reason="vermin (extra `test`) is not installed")
    excluded = [argument for name in GUARDED for argument in ("--exclude", name)]
    targets = ["--target=2.7-", "--target=3.6-", "--violations"]
    command = [sys.executable, "-c", "import vermin; vermin.main()", *targets, *excluded, *map(str, paths)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return said.returncode == 0, said.stdout + said.stderr


def test_vermin_finds_nothing_newer_than_the_floor(tmp_path: Path) -> None:
    holds, said = vermin(*SOURCES)
    assert holds, said


@pytest.mark.parametrize("newer", ["x = f'{1}'\n", "import asyncio\n", "def f(*, a): pass\n"])
def test_vermin_would_find_what_is_newer(tmp_path: Path, newer: str) -> None:
    (tmp_path / "newer.py").write_text(newer)
    holds, _ = vermin(*SOURCES, tmp_path / "newer.py")
    assert not holds


@on_every_interpreter
def test_every_file_compiles(python: str) -> None:
    code = "import sys\nfor path in sys.argv[1:]: compile(open(path, 'rb').read(), path, 'exec', 0, True)"
    subprocess.run([python, "-E", "-s", "-B", "-c", code, *map(str, SOURCES)], check=True, timeout=20)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_only_the_standard_library_is_imported_and_the_rest_late(source: Path) -> None:
    tree = ast.parse(source.read_text())
    at_the_top = {
        node
        for statement in tree.body
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef)
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        for name in _imported(node):
            assert name in sys.stdlib_module_names or (name in LAZY and node not in at_the_top), f"{source}: {name}"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return []


def test_the_agent_is_no_package() -> None:
    assert not list(AGENT.rglob("__init__.py"))


@pytest.mark.parametrize("version", [(2, 6, 9), (3, 0, 1), (3, 4, 10), (3, 5, 10)])
def test_an_older_python_is_refused_in_one_message(version: tuple[int, int, int]) -> None:
    code = (
        "import runpy, sys, collections\n"
        "Version = collections.namedtuple('Version', 'major minor micro')\n"
        f"sys.version_info = Version(*{version})\n"
        f"runpy.run_path({str(RUNNER)!r}, run_name='__main__')\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    message = json.loads(said.stdout)
    assert said.returncode == 2
    assert (message["protocol"], message["type"], message["kind"]) == (1, "error", "python")
    assert "Python {}.{}.{}".format(*version) in message["message"]
