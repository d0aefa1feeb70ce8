"""The rules that keep the house liveable: imports run left to right; each kind of outside world has its doors."""

import ast
from pathlib import Path

import pytest

import pytest_multicore

ROOT = Path(__file__).parents[1]
HOUSE = Path(pytest_multicore.__file__).parent
AGENT = HOUSE / "interpreters" / "agent"

#: A later room may use an earlier one, never back.
ROOMS = ("environments", "interpreters", "measurement", "verdicts", "diagnosis", "reports")
#: Top-level modules: what they may use is everything before them here.
TOP = (
    *("errors", "start", "readers", "settings", "child_options", *ROOMS),
    *(
        "asked",
        "first_calls",
        "taken",
        "experiment",
        "looking",
        "profiling",
        "trying",
        "explanation",
        "gate",
        "isolated",
        "benchmarked",
        "child_session",
    ),
    *("measured_item",),
    *("configured", "front", "reporting", "fixtures", "plugin", "__main__"),
)

MODULES = sorted(file for file in HOUSE.rglob("*.py") if AGENT not in file.parents)


def imports(file: Path, *, run_time_only: bool = True) -> set[str]:
    """The absolute names of all modules that a file imports; those for type checkers only are left out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    package = [HOUSE.name, *file.relative_to(HOUSE).parent.parts]
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
    return parts[1] if parts[0] == HOUSE.name and len(parts) > 1 and parts[1] in TOP else None


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(HOUSE)))
def test_imports_run_left_to_right(file: Path) -> None:
    own = file.relative_to(HOUSE).with_suffix("").parts[0]
    if own == "__init__":
        assert {name.partition(".")[0] for name in imports(file)} == {"__future__", "importlib", "typing"}
        return
    backwards = {name for name in imports(file) if (room := room_of(name)) and TOP.index(room) > TOP.index(own)}
    assert backwards == set()


def files_that_import(*modules: str) -> set[str]:
    return {
        str(file.relative_to(HOUSE))
        for file in MODULES
        if any(name.split(".")[0] in modules for name in imports(file, run_time_only=False))
    }


def test_only_the_front_door_and_the_terminal_know_pytest() -> None:
    assert files_that_import("pytest", "_pytest") == {
        "plugin.py",
        "configured.py",
        "front.py",
        "reporting.py",
        "fixtures.py",
        "time_limits.py",
        "measured_item.py",
        "child_session.py",
        "reports/terminal.py",
        "reports/progress.py",
    }


def test_only_two_rooms_start_processes() -> None:
    starters = files_that_import("subprocess", "multiprocessing", "pty")
    assert starters, "the search finds nothing at all"
    assert {name.split("/")[0] for name in starters} == {"environments", "interpreters"}


def test_verdicts_are_pure() -> None:
    outside = {"os", "sys", "time", "random", "subprocess", "pathlib", "psutil", "io", "tempfile", "pytest"}
    for file in (HOUSE / "verdicts").glob("*.py"):
        assert not {name.split(".")[0] for name in imports(file)} & outside, file.name


def test_the_agent_is_never_imported_and_imports_nothing_of_ours() -> None:
    assert not [file for file in MODULES if any("interpreters.agent" in name for name in imports(file))]
    agents = list(AGENT.rglob("*.py"))
    assert len(agents) > 5
    for file in agents:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not [name for name in names if name.startswith((HOUSE.name, "."))], file


def test_no_room_is_crowded() -> None:
    """Files of at most 300 lines, functions of at most 50: in the package, its tests, its benchmarks and its docs."""
    beside = [file for folder in ("tests", "benchmarks", "docs", "examples") for file in ROOT.glob(f"{folder}/**/*.py")]
    assert len(beside) > 50
    for file in [*MODULES, *AGENT.rglob("*.py"), *beside]:
        source = file.read_text(encoding="utf-8")
        assert source.count("\n") <= 300, file
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno < 50, f"{file}: {node.name}"
