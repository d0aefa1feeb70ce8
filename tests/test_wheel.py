"""The wheel, built as for a release, holds the package and nothing else; the script that says so can say no."""

import configparser
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.check_wheel import ENTRY_POINT, faults, package_files
from tests.wheels import built_wheel

ROOT = Path(__file__).parents[1]
SOURCES = ("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")
#: Beside the package in a checkout, and none of them part of it.
STRAY = (
    "pytest_multicore/__pycache__/plugin.cpython-311.pyc",
    "pytest_multicore/interpreters/agent/__pycache__/runner.cpython-311.pyc",
    "pytest_multicore/interpreters/notes.txt",
    "tests/test_a.py",
    "benchmarks/overhead.py",
    "scripts/check_wheel.py",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the package as it stands, built in a copy with stray files; a build leaves nothing in the checkout."""
    copy, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    shutil.copytree(ROOT / "pytest_multicore", copy / "pytest_multicore", ignore=shutil.ignore_patterns("__pycache__"))
    for name in SOURCES:
        shutil.copy(ROOT / name, copy)
    for name in STRAY:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("")
    return built_wheel(copy, out)


def test_it_holds_the_package_and_nothing_else(wheel: Path) -> None:
    assert list(faults(wheel, package_files())) == []


def test_it_holds_what_no_import_would_miss(wheel: Path) -> None:
    """The agent runs by path, from folders that are no packages; the recorder is compiled where it is needed."""
    names = set(zipfile.ZipFile(wheel).namelist())
    agent = "pytest_multicore/interpreters/agent/"
    assert {f"{agent}runner.py", f"{agent}dialogue/channel.py", f"{agent}workloads/dot_numpy.py"} <= names
    assert f"{agent}__init__.py" not in names
    assert "pytest_multicore/py.typed" in names
    assert {Path(name).suffix for name in names if name.startswith("pytest_multicore/")} == {
        ".py",
        ".c",
        ".css",
        ".html",
        ".json",
        ".typed",
    }


def written(folder: Path, names: set[str], entry_points: str = f"[pytest11]\n{ENTRY_POINT}\n") -> Path:
    """A wheel of empty files, with its metadata."""
    file = folder / "of_a_test.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for name in names | {f"x.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")}:
            archive.writestr(name, "")
        archive.writestr("x.dist-info/entry_points.txt", entry_points)
    return file


WHOLE = {"pytest_multicore/plugin.py", "pytest_multicore/py.typed"}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda names: names, []),
        (lambda names: names - {"pytest_multicore/py.typed"}, ["pytest_multicore/py.typed is missing"]),
        (lambda names: names | {"tests/test_a.py"}, ["tests/test_a.py does not belong there"]),
        (lambda names: names | {"a/__pycache__/b.pyc"}, ["a/__pycache__/b.pyc does not belong there"]),
    ],
    ids=["whole", "without a file", "with tests", "with bytecode"],
)
def test_what_is_wrong_with_a_wheel_is_named(
    tmp_path: Path, change: Callable[[set[str]], set[str]], fault: list[str]
) -> None:
    assert list(faults(written(tmp_path, change(WHOLE)), WHOLE)) == fault


def test_a_wheel_whose_plugin_pytest_would_not_find_is_named(tmp_path: Path) -> None:
    (fault,) = faults(written(tmp_path, WHOLE, entry_points="[console_scripts]\n"), WHOLE)
    assert "pytest would not find the plugin" in fault


def test_the_citation_names_the_version_of_the_package() -> None:
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg")
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert cited[1] == metadata["metadata"]["version"]
