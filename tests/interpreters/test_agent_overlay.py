"""A base's modules come before all others in the interpreter that runs it, and it says which were imported."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.interpreters.dialogue import Dialogue, interpreters

ON_PYTHON_3 = pytest.mark.parametrize("python", [path for version, path in interpreters().items() if version != "2.7"])

#: What user code does: its own folder comes first, and it tells what it got.
TELLING = """
import importlib, sys

def tell(folder, names):
    sys.path.insert(0, folder)
    return [getattr(importlib.import_module(name), "WHOSE", None) for name in names]
"""


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """The base's folder and the project's, with the same names in both: a package, a module, and a namespace."""
    made = {}
    for whose in ("base", "project"):
        folder = made[whose] = tmp_path / whose
        for file in ("package/__init__.py", "package/part.py", "alone.py", "space/inner.py", f"space/{whose}_only.py"):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(f"WHOSE = {whose!r}\n")
    (made["project"] / "elsewhere.py").write_text("WHOSE = 'project'\n")
    (made["base"] / "package-1.0.dist-info").mkdir()
    (tmp_path / "telling.py").write_text(TELLING)
    return made


def told(python: str, tmp_path: Path, folders: dict[str, Path], names: list[str], **variables: str) -> tuple[Any, Any]:
    """Whose modules of these names were imported, and what the interpreter says of that."""
    with Dialogue(python, tmp_path, **variables) as child:
        arguments = {"folder": str(folders["project"]), "names": names}
        result = child.ask("call", target=f"{tmp_path / 'telling.py'}:tell", arguments=arguments)
        assert result["type"] == "result", result
        return result["value"], child.ask("facts", variables=[])["overlay"]


@ON_PYTHON_3
def test_the_base_wins(python: str, tmp_path: Path, folders: dict[str, Path]) -> None:
    names = ["package", "package.part", "alone", "elsewhere"]
    value, overlay = told(python, tmp_path, folders, names, PYTEST_MULTICORE_OVERLAY=str(folders["base"]))
    assert value == ["base", "base", "base", "project"]
    assert overlay == {"package": True, "alone": True}


@ON_PYTHON_3
def test_a_namespace_has_parts_in_both(python: str, tmp_path: Path, folders: dict[str, Path]) -> None:
    names = ["space.inner", "space.project_only", "space.base_only"]
    variables = {"PYTEST_MULTICORE_OVERLAY": str(folders["base"]), "PYTHONPATH": str(folders["base"])}
    value, overlay = told(python, tmp_path, folders, names, **variables)
    assert value == ["base", "project", "base"]
    assert overlay == {"space": True}


def test_nothing_of_a_base_that_is_not_imported(tmp_path: Path, folders: dict[str, Path]) -> None:
    variables = {"PYTEST_MULTICORE_OVERLAY": str(folders["base"])}
    assert told(sys.executable, tmp_path, folders, ["elsewhere"], **variables) == (["project"], {})


def test_without_a_base_nothing_is_said(tmp_path: Path, folders: dict[str, Path]) -> None:
    assert told(sys.executable, tmp_path, folders, ["package", "alone"]) == (["project", "project"], None)


def test_what_was_imported_before_is_not_the_base(tmp_path: Path, folders: dict[str, Path]) -> None:
    """As a .pth file or a sitecustomize does: they run before anything of the agent."""
    early = tmp_path / "early"
    early.mkdir()
    (early / "sitecustomize.py").write_text(
        f"import sys\nsys.path.insert(0, {str(folders['project'])!r})\nimport alone\n"
    )
    variables = {"PYTEST_MULTICORE_OVERLAY": str(folders["base"]), "PYTHONPATH": str(early)}
    value, overlay = told(sys.executable, tmp_path, folders, ["alone", "package"], **variables)
    assert value == ["project", "base"]
    assert overlay == {"alone": False, "package": True}
