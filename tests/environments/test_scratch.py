"""Temporary folders go with their owner, however that ends; where its processes end all at once, with the next one."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from pytest_multicore.environments.scratch import PREFIX
from tests.fixture_types import KillTree
from tests.interpreters.living import alive

#: Has a folder, whose name it prints, until its input has a line, or before it prints it.
OWNER = """
import os, sys, time
from pathlib import Path
from pytest_multicore.environments import scratch
with scratch.folder(parent=Path(sys.argv[1])) as folder:
    (folder / "file").write_text("content")
    left = os.fork() if "forks" in sys.argv else os.getpid()
    if not left:
        os.closerange(1, 3)
        time.sleep(60)
    if "afterwards" not in sys.argv:
        print(folder, left, flush=True)
        sys.stdin.readline()
print(folder, left, flush=True)
sys.stdin.readline()
"""
NO_FOLDER = f"{PREFIX}0123456789ab"


class Owner:
    """A process that has a folder.

    Attributes:
        folder: it.
        left: the process that this one has forked, or itself.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        folder, left = process.stdout.readline().split()
        self.process, self.folder, self.left = process, Path(folder), int(left)

    def end(self) -> None:
        self.process.communicate("\n", timeout=30)


Own = Callable[..., Owner]


@pytest.fixture
def own(tmp_path: Path, kill_tree: KillTree) -> Iterator[Own]:
    """Start a process that has a folder."""
    with ExitStack() as stack:

        def start(*words: str) -> Owner:
            command = [sys.executable, "-c", OWNER, str(tmp_path), *words]
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            stack.callback(kill_tree, process)
            return Owner(process)

        yield start


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_folder_goes_with_its_owner(own: Own) -> None:
    for end in (Owner.end, lambda owner: owner.process.terminate(), lambda owner: owner.process.kill()):
        owner = own()
        assert (owner.folder / "file").exists()
        end(owner)
        wait_until(lambda owner=owner: not owner.folder.exists())  # type: ignore[misc]


def test_of_an_owner_whose_processes_were_killed_at_once_the_next_one_removes_it(own: Own, kill_tree: KillTree) -> None:
    killed = own()
    kill_tree(killed.process)
    assert (killed.folder / "file").exists(), "nobody was left to remove it"
    following = own()
    assert not killed.folder.exists()
    following.end()


def test_a_folder_in_use_is_left_alone(own: Own) -> None:
    first, second = own(), own()
    assert (first.folder / "file").exists()
    second.end()
    assert (first.folder / "file").exists()


@pytest.mark.parametrize("put", ["a file", "a link", "a folder of an earlier version"])
def test_what_is_no_abandoned_folder_is_left_alone(own: Own, tmp_path: Path, put: str) -> None:
    other = tmp_path / ("pytest-multicore-0123456789ab" if put == "a folder of an earlier version" else "other")
    other.mkdir()
    (other / "kept").touch()
    if put == "a link":
        (tmp_path / NO_FOLDER).symlink_to(other)
    elif put == "a file":
        (tmp_path / NO_FOLDER).touch()
    before = sorted(tmp_path.rglob("*"))
    own().end()
    assert sorted(tmp_path.rglob("*")) == before
    (tmp_path / NO_FOLDER).unlink(missing_ok=True)
    (tmp_path / NO_FOLDER).mkdir()
    own().end()
    assert not (tmp_path / NO_FOLDER).exists(), "this one is abandoned"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("when", ["meanwhile", "afterwards"])
def test_a_forked_child_that_lives_on_keeps_neither_folder_nor_keeper(own: Own, when: str) -> None:
    """It has the keeper's input open, whose end it is that tells of the owner's."""
    owner = own("forks", when)
    (keeper,) = (one.pid for one in psutil.Process(owner.process.pid).children() if one.pid != owner.left)
    try:
        owner.process.kill()
        wait_until(lambda: not (owner.folder.exists() or alive(keeper)))
        assert alive(owner.left)
    finally:
        psutil.Process(owner.left).kill()
