"""A damaged environment is told from a program that fails, and its remedy is named."""

import base64
import hashlib
import sys
from pathlib import Path

import pytest

from pytest_multicore.environments import commands
from pytest_multicore.environments.damage import damage
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.provision import Installation, prepare
from pytest_multicore.errors import EnvironmentUnavailable

pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture
def built(tiny: str) -> Installation:
    return prepare(Environment("own", requires=(tiny,)))


def test_a_whole_environment_is_not_damaged(built: Installation) -> None:
    assert damage(built) == ""
    assert damage(prepare(Environment("current"))) == ""


def test_a_changed_file_is_named_with_the_remedy(built: Installation) -> None:
    module = built.site_packages / "tiny.py"
    (record,) = built.site_packages.glob("tiny-*.dist-info/RECORD")
    digest = base64.urlsafe_b64encode(hashlib.sha256(module.read_bytes()).digest()).rstrip(b"=").decode()
    lines = [line for line in record.read_text().splitlines() if not line.startswith("tiny.py,")]
    record.write_text("\n".join([*lines, f"tiny.py,sha256={digest},{module.stat().st_size}\n"]))
    assert damage(built) == ""
    module.write_text("ANSWER = 0\n")
    assert "1 of its files or packages are missing or were changed since it was built (tiny.py)" in damage(built)
    assert f"the environment in {built.folder} is damaged" in damage(built)
    assert "delete that folder, and it is built again" in damage(built)


def test_what_is_missing_is_named(built: Installation) -> None:
    (built.site_packages / "tiny.py").unlink()
    (info,) = built.site_packages.glob("tiny-*.dist-info")
    for file in info.iterdir():
        file.unlink()
    assert "package tiny==" in damage(built)


def test_the_folder_of_the_remedy_is_the_right_one(built: Installation, tiny: str) -> None:
    assert isinstance(built.folder, Path)
    (built.site_packages / "tiny.py").unlink()
    for file in sorted(built.folder.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
    built.folder.rmdir()
    assert damage(prepare(Environment("own", requires=(tiny,)))) == ""


FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
open("big", "w").write("x" * (2 << 20))
"""


def test_a_tool_on_a_full_disk_is_told_so(tmp_path: Path) -> None:
    """A file that may not grow any more is as good as a full disk, and anybody has it."""
    with pytest.raises(EnvironmentUnavailable, match=r"what to do: a disk is full: make room"):
        commands.run([sys.executable, "-c", FULL], tmp_path / "log", "build environment 'own'")


def test_what_a_tool_prints_of_an_address_is_shown_without_its_credentials(tmp_path: Path) -> None:
    program = "print('fatal: https://user:canary-8d1f@host/x and https://canary-8d1f@host'); raise SystemExit(1)"
    with pytest.raises(EnvironmentUnavailable, match=r"https://\*\*\*\*@host/x") as told:
        commands.run([sys.executable, "-c", program], tmp_path / "log", "build environment 'own'")
    assert "canary-8d1f" not in str(told.value)
