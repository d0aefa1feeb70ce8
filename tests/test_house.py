"""The rules that keep the house liveable: imports run left to right; each kind of outside world has its doors."""

import ast
import re
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
    *("experiment", "reports", "pytest_side", "commands", "plugin", "__main__"),
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


def test_the_house_has_few_rooms_and_floors() -> None:
    """A room lies one floor above the highest room that it uses. All modules are in rooms but four at the top."""
    rooms = {file: file.relative_to(HOUSE).with_suffix("").parts[0] for file in MODULES}
    assert set(rooms.values()) == {"__init__", *ORDER}
    assert {file.stem for file in HOUSE.glob("*.py")} == {"__init__", "__main__", "errors", "plugin"}
    floors: dict[str, int] = {}
    for room in ORDER:
        used = {room_of(name) for file, own in rooms.items() if own == room for name in imports(file)} - {room, None}
        floors[room] = 1 + max((floors[other] for other in used if other), default=0)
    assert len(set(rooms.values())) <= 16
    assert 5 < max(floors.values()) <= 9, floors


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
    rooms = {name.split("/")[0] for name in starters if not name.startswith("measurement/control_")}
    assert rooms == {"environments", "interpreters"}
    assert "measurement/control_workers.py" in starters


#: What is run by path, and can't import what others ask.
BY_PATH = {"interpreters/guard.py", "environments/scratch_keeper.py", "measurement/control_program.py"}


def asks_for_the_system(file: Path) -> bool:
    """Whether a file looks at sys.platform or os.name, or whether os, signal or time have a name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.platform", "os.name"):
            return True
        is_question = isinstance(node, ast.Call) and ast.unparse(node.func) in ("hasattr", "getattr")
        if is_question and ast.unparse(node).partition("(")[2].startswith(("os,", "signal,", "time,", "socket,")):
            return True
    return False


def test_what_the_system_has_is_asked_in_one_place() -> None:
    """So that a test, or a reader, sees all that differs between systems at once."""
    asking = {str(file.relative_to(HOUSE)) for file in MODULES if asks_for_the_system(file)}
    assert "settings/system.py" in asking, "the search finds nothing at all"
    assert asking - BY_PATH == {"settings/system.py"}


#: Of the standard library: what looks at the world, or asks it for chance.
OUTSIDE = {"os", "sys", "time", "random", "subprocess", "pathlib", "io", "tempfile", "socket", "signal", "resource"}
#: A pure room, and the rooms that it may use.
PURE = {"rounds": ("rounds",), "verdicts": ("rounds", "verdicts")}


def impure(house: Path) -> dict[str, set[str]]:
    """What rounds and verdicts import beside what they may use and the standard library's pure part."""
    files = {file: room for room in PURE for file in (house / room).rglob("*.py")}
    assert len(files) > 15, "the search finds nothing at all"
    assert set(files.values()) == set(PURE)
    return {
        str(file.relative_to(house)): foreign
        for file, room in files.items()
        if (
            foreign := {
                name
                for name in imports(file, house=house)
                if not name.startswith(tuple(f"{HOUSE.name}.{own}" for own in PURE[room]))
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
        ("rounds/tolerances.py", "from ..verdicts import rules", f"{HOUSE.name}.verdicts.rules"),
        ("verdicts/judge.py", "from ..measurement import counters", f"{HOUSE.name}.measurement.counters"),
        ("verdicts/figures.py", "import time", "time"),
    ],
)
def test_an_import_of_anything_else_would_be_found(tmp_path: Path, name: str, line: str, found: str) -> None:
    for room in PURE:
        shutil.copytree(HOUSE / room, tmp_path / room)
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


THRESHOLDS = HOUSE / "rounds" / "tolerances.py"
#: Numbers in capitals that decide nothing: sizes, units and codes of an implementation. control_program.py runs by path
#: and imports nothing.
NO_THRESHOLDS = {
    "verdicts/bounds.py": {"CACHE_SIZE"},
    "measurement/linux.py": {"_TICKS_PER_S", "_NS"},
    "measurement/control_program.py": {"WARM_UP_S", "BUFFER", "STEP_BYTES", "STEPS", "ANY_CPU"},
    "measurement/cgroups.py": {"THROTTLED_UNITS_PER_S"},
    # Where the C library keeps what.
    "measurement/thread_libraries.py": {"MAX_STACK", "MAX_RECORD", "TRIES", "PAUSE_S"},
    # Geometry of the law: sigma is a share.
    "verdicts/usl.py": {"BOX", "DOMAIN"},
}


def numbers_in_capitals(file: Path) -> set[str]:
    """The names of a module's, or a class's, constants that hold a number, alone or among others."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
            numbers = [one for one in ast.walk(node.value) if isinstance(one, ast.Constant)]
            if any(isinstance(one.value, int | float) and not isinstance(one.value, bool) for one in numbers):
                found |= {name for name in names if name.isupper()}
    return found


def thresholds_elsewhere(house: Path) -> dict[str, set[str]]:
    """Constants with a number that rounds, measurement and verdicts define outside of tolerances.py."""
    files = [file for room in ("rounds", "measurement", "verdicts") for file in (house / room).rglob("*.py")]
    assert len(files) > 30, "the search finds nothing at all"
    return {
        name: numbers
        for file in files
        if (name := str(file.relative_to(house))) != "rounds/tolerances.py"
        if (numbers := numbers_in_capitals(file) - NO_THRESHOLDS.get(name, set()))
    }


def test_every_threshold_is_on_one_page() -> None:
    assert len(numbers_in_capitals(THRESHOLDS)) > 50, "the search finds nothing at all"
    assert thresholds_elsewhere(HOUSE) == {}
    for name, numbers in NO_THRESHOLDS.items():
        assert numbers <= numbers_in_capitals(HOUSE / name), name


@pytest.mark.parametrize(
    ("name", "line", "found"),
    [
        ("verdicts/judge.py", "HARDLY_ALL = 0.85", "HARDLY_ALL"),
        ("measurement/take.py", "LOW, HIGH = 1 / 3, 2.0", "LOW"),
        ("rounds/round.py", "class Late:\n    LIMIT_S: float = -1.0", "LIMIT_S"),
    ],
)
def test_a_threshold_elsewhere_would_be_found(tmp_path: Path, name: str, line: str, found: str) -> None:
    for room in ("rounds", "measurement", "verdicts"):
        shutil.copytree(HOUSE / room, tmp_path / room)
    with (tmp_path / name).open("a") as module:
        module.write(f"\n{line}\n")
    assert thresholds_elsewhere(tmp_path).keys() == {name}
    assert found in thresholds_elsewhere(tmp_path)[name]


def test_each_threshold_is_explained_and_used() -> None:
    lines = THRESHOLDS.read_text(encoding="utf-8").splitlines()
    defined = [number for number, line in enumerate(lines) if re.match(r"[A-Z_, ]+ = ", line)]
    assert len(defined) > 50, "the search finds nothing at all"
    assert [lines[number] for number in defined if not lines[number - 1].startswith("#: ")] == []
    elsewhere = "".join(file.read_text(encoding="utf-8") for file in MODULES if file != THRESHOLDS)
    assert [name for name in numbers_in_capitals(THRESHOLDS) if name not in elsewhere] == []


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
