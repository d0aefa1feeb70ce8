"""The recipes for contributors, applied to a copy of the package: what they add is there and works."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import ROOT, code_blocks, sections, text_of

RECIPES = sections(text_of("how-to/extend"))
WHERE = re.compile(r"# (?P<file>pytest_multicore/\S+), (?P<how>at the end|below|in place of)(: (?P<line>.+))?\n")
CHECK = "# check\n"
MOST_LINES = 10


def added(recipe: str) -> list[str]:
    return [block for block in code_blocks(RECIPES[recipe], "python") if not block.startswith(CHECK)]


def apply(block: str, root: Path) -> None:
    """Put a block where its first line says; the line that it names must be there once."""
    where = WHERE.match(block)
    assert where, f"says not where it goes: {block}"
    file, new = root / where["file"], block[where.end() :].splitlines()
    lines = file.read_text(encoding="utf-8").splitlines()
    if where["how"] == "at the end":
        lines += ["", "", *new]
    else:
        (place,) = (number for number, line in enumerate(lines) if line.strip().startswith(where["line"]))
        lines[place : place + 1] = [lines[place], *new] if where["how"] == "below" else new
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_there_are_four() -> None:
    assert list(RECIPES) == ["A cause", "A BLAS", "A limit", "An environment"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_it_takes_ten_lines_at_most(recipe: str) -> None:
    lines = [line for block in added(recipe) for line in block.splitlines()[1:] if line.strip()]
    assert 0 < len(lines) <= MOST_LINES


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_it_adds_works_and_was_not_there_before(recipe: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "pytest_multicore", tmp_path / "pytest_multicore")
    (check,) = (block for block in code_blocks(RECIPES[recipe], "python") if block.startswith(CHECK))
    assert checked(check, tmp_path).returncode != 0
    for block in added(recipe):
        apply(block, tmp_path)
    after = checked(check, tmp_path)
    assert after.returncode == 0, after.stderr


def checked(check: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Run a check on the copy; the tests' literals come from here."""
    path = f"import sys\nsys.path[:0] = [{str(root)!r}, {str(ROOT)!r}]\n"
    return subprocess.run([sys.executable, "-c", path + check], cwd=root, capture_output=True, text=True, check=False)
