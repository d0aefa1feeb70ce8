"""A newcomer's walk: the commands of each page, typed in an empty environment that has the package by its wheel."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fixture_types import Undecided
from tests.wheels import built_wheel

from .commands import Command, File, pages, steps
from .reader import GIT, Reader, clone_into, written_by
from .shown import crowded, expected_status, left_open, missing
from .table import LEFT_OUT, TAG, WALKS, Walk

PAGES = pages()

pytestmark = [pytest.mark.exhaustive, pytest.mark.usefixtures("an_index")]


@pytest.fixture(scope="session")
def an_index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Installing takes an index that has the dependencies."""
    ask = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "iniconfig"]
    if subprocess.run(ask, cwd=tmp_path_factory.mktemp("index"), capture_output=True, check=False).returncode:
        pytest.skip("no index of packages can be reached")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel(clone_into(tmp_path_factory.mktemp("source") / "clone"), tmp_path_factory.mktemp("dist"))


@pytest.fixture
def reader(tmp_path: Path, wheel: Path) -> Reader:
    """In a folder of their own, beside a clone."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Reader(folder=folder, clone=clone_into(tmp_path / "clone"), venv=tmp_path / "venv", wheel=wheel)


@pytest.mark.parametrize("page", WALKS)
def test_a_pages_commands_work_as_shown(page: str, reader: Reader, undecided: Undecided) -> None:
    walk = WALKS[page]
    printed = prepare(reader, walk)
    for step in steps(PAGES[page]):
        if isinstance(step, File):
            write(reader.folder, {step.name: step.content})
        elif step.text not in LEFT_OUT.get(page, {}):
            write(reader.folder, walk.written_before.get(step.text, {}))
            printed += type_and_compare(reader, step, walk, printed, undecided)


def prepare(reader: Reader, walk: Walk) -> str:
    """Bring the reader where the page begins; returns what was printed on the way."""
    reader.variables = walk.exported
    reader.make_environment(*walk.installed, *walk.imported)
    write(reader.folder, walk.brought)
    for number, changed in enumerate(walk.commits):
        write(reader.folder, changed)
        commit(reader.folder, tag=None if number else TAG)
    everything = ""
    for command in walk.typed_before:
        status, printed = reader.type(command)
        assert status == 0, printed
        everything += printed
    return everything


def type_and_compare(reader: Reader, step: Command, walk: Walk, before: str, undecided: Undecided) -> str:
    """Type one command; returns what it printed. What the page's commands printed before tells of the machine."""
    status, printed = reader.type(step.text)
    lacking = missing(step.shown, printed, walk.by_chance)
    unwritten = [name for name in written_by(step.text) if not is_written(reader.folder / name)]
    if status in walk.statuses.get(step.text, (expected_status(step.shown),)) and not lacking and not unwritten:
        return printed
    is_an_answer = status in (0, 1)  # a wrong option, or a command that there is not, ends with another status
    if is_an_answer and (why := left_open(step.shown, printed) or crowded(before + printed)):
        undecided(f"{step.text} prints {why!r}")
    pytest.fail(
        f"$ {step.text}\n{printed}\nexit status {status}; not printed: {lacking}; not written: {unwritten}",
        pytrace=False,
    )


def is_written(file: Path) -> bool:
    return any(file.iterdir()) if file.is_dir() else file.is_file() and file.stat().st_size > 0


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def commit(folder: Path, tag: str | None) -> None:
    first = [("init", "-q")] if tag else []
    last = [("tag", tag)] if tag else []
    for arguments in [*first, ("add", "--all"), ("commit", "-q", "-m", "Change it"), *last]:
        subprocess.run([*GIT, *arguments], cwd=folder, check=True)
