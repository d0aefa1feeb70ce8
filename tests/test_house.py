"""The rules that keep the house liveable: imports run left to right; each kind of outside world has its doors."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_multicore

ROOT = Path(__file__).parents[1]
HOUSE = Path(pytest_multicore.__file__).parent
AGENT = HOUSE / "interpreters" / "agent"

#: What a room, or a module at the top, may use: itself and what stands before it here.
ORDER = (
    *("errors", "settings", "rounds", "environments", "interpreters", "measurement", "verdicts", "diagnosis"),
    *("experiment", "reports", "pytest_side", "plugin", "__main__"),
)

MODULES = sorted(file for file in HOUSE.rglob("*.py") if AGENT not in file.parents)


def imports(file: Path, *, run_time_only: bool = True, house: Path = HOUSE) -> set[str]:
    """The absolute names of all modules that a file imports; those for type checkers only are left out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    package = [HOUSE.name, *file.relative_to(house).parent.parts]
    found = set()
    for node in ast.walk(tree):
        if run_time_only and node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def room_of(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == HOUSE.name and len(parts) > 1 and parts[1] in ORDER else None


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(HOUSE)))
def test_imports_run_left_to_right(file: Path) -> None:
    own = file.relative_to(HOUSE).with_suffix("").parts[0]
    if own == "__init__":
        assert {name.partition(".")[0] for name in imports(file)} == {"__future__", "importlib", "typing"}
        return
    backwards = {name for name in imports(file) if (room := room_of(name)) and ORDER.index(room) > ORDER.index(own)}
    assert backwards == set()


def files_that_import(*modules: str) -> set[str]:
    return {
        str(file.relative_to(HOUSE))
        for file in MODULES
        if any(name.split(".")[0] in modules for name in imports(file, run_time_only=False))
    }


def test_only_pytests_side_and_two_reports_know_pytest() -> None:
    knowing = files_that_import("pytest", "_pytest")
    assert {file for file in knowing if not file.startswith("pytest_side/")} == {
        "plugin.py",
        "reports/terminal.py",
        "reports/progress.py",
    }
    assert len(knowing) > 3, "the search finds nothing at all"


def test_only_two_rooms_and_the_control_start_processes() -> None:
    starters = files_that_import("subprocess", "multiprocessing", "pty")
    rooms = {name.split("/")[0] for name in starters - {"measurement/control_workers.py"}}
    assert rooms == {"environments", "interpreters"}
    assert "measurement/control_workers.py" in starters


#: Of the standard library: what looks at the world, or asks it for chance.
OUTSIDE = {"os", "sys", "time", "random", "subprocess", "pathlib", "io", "tempfile", "socket", "signal", "resource"}
PURE = ("__init__.py", "rounds/__init__.py", "rounds/round.py")


def impure(house: Path) -> dict[str, set[str]]:
    """What the verdicts, and all that they reach, import beside each other and the standard library's pure part."""
    files = [*(house / "verdicts").glob("*.py"), *(house / name for name in PURE)]
    assert len(files) > 10, "the search finds nothing at all"
    own = (f"{HOUSE.name}.verdicts", f"{HOUSE.name}.rounds")
    return {
        str(file.relative_to(house)): foreign
        for file in files
        if (
            foreign := {
                name
                for name in imports(file, house=house)
                if not name.startswith(own)
                if (top := name.partition(".")[0]) not in sys.stdlib_module_names or top in OUTSIDE
            }
        )
    }


def test_verdicts_stand_on_rounds_and_the_standard_library_alone() -> None:
    assert impure(HOUSE) == {}


@pytest.mark.parametrize(
    ("name", "line", "found"),
    [
        ("verdicts/statistics.py", "import psutil", "psutil"),
        ("rounds/round.py", "def late():\n    import numpy", "numpy"),
        ("verdicts/judge.py", "from ..measurement import counters", f"{HOUSE.name}.measurement.counters"),
        ("verdicts/figures.py", "import time", "time"),
    ],
)
def test_an_import_of_anything_else_would_be_found(tmp_path: Path, name: str, line: str, found: str) -> None:
    shutil.copytree(HOUSE / "verdicts", tmp_path / "verdicts")
    for file in PURE:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(HOUSE / file, tmp_path / file)
    assert impure(tmp_path) == {}
    with (tmp_path / name).open("a") as module:
        module.write(f"\n{line}\n")
    assert impure(tmp_path).keys() == {name}
    assert found in impure(tmp_path)[name]


EVERY_VERDICT = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
from pytest_multicore import verdicts
for module in pkgutil.iter_modules(verdicts.__path__):
    print(importlib.import_module(f"{verdicts.__name__}.{module.name}").__name__)
rooms = {name.split(".")[1] for name in sys.modules if name.startswith("pytest_multicore.")}
print(*sorted(rooms))
"""


def test_verdicts_load_where_nothing_is_installed() -> None:
    command = [sys.executable, "-I", "-S", "-c", EVERY_VERDICT, str(ROOT)]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert f"{HOUSE.name}.verdicts.judge" in loaded
    assert loaded[-1].split() == ["rounds", "verdicts"]


def test_the_agent_is_never_imported_and_imports_nothing_of_ours() -> None:
    assert not [file for file in MODULES if any("interpreters.agent" in name for name in imports(file))]
    agents = list(AGENT.rglob("*.py"))
    assert len(agents) > 5
    for file in agents:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not [name for name in names if name.startswith((HOUSE.name, "."))], file


#: What stands beside the package.
BESIDE = ("tests", "benchmarks", "docs", "examples", "scripts")


def test_no_room_is_crowded() -> None:
    """Files of at most 300 lines, functions of at most 50: in the package and in all that stands beside it."""
    beside = [file for folder in BESIDE for file in ROOT.glob(f"{folder}/**/*.py")]
    assert len(beside) > 50
    for file in [*MODULES, *AGENT.rglob("*.py"), *beside]:
        source = file.read_text(encoding="utf-8")
        assert source.count("\n") <= 300, file
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno < 50, f"{file}: {node.name}"
