"""The folder of the host's lock: the first of those that all users share where its files lie or can be made."""

import tempfile
from pathlib import Path

import pytest

from pytest_multicore.measurement import host_lock
from pytest_multicore.measurement.flock_turns import LOCK_NAMES


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that all users share, none of which exists; the last is this process's own for temporary files."""
    folders = [tmp_path / name for name in ("first", "second", "own")]
    monkeypatch.setattr(host_lock, "SHARED_FOLDERS", folders[:2])
    monkeypatch.setattr(tempfile, "tempdir", str(folders[2]))
    return folders


@pytest.mark.parametrize("there", [(0, 1, 2), (1, 2), (2,)])
def test_the_locks_lie_in_the_first_folder_where_they_can(there: tuple[int, ...], folders: list[Path]) -> None:
    for number in there:
        folders[number].mkdir()
    assert not host_lock.host_lock.__wrapped__().why_none
    assert [len([*folder.iterdir()]) for folder in folders if folder.exists()] == [2, 0, 0][: len(there)]


def test_what_lies_in_the_place_of_a_lock_is_told_and_no_other_place_is_tried(folders: list[Path]) -> None:
    """Others may take their turns there."""
    for folder in folders:
        folder.mkdir()
    (folders[0] / LOCK_NAMES[0]).mkdir()
    assert host_lock.host_lock.__wrapped__().why_none == (
        f"{folders[0] / LOCK_NAMES[0]}: is no plain file; expected a plain file that this user may read. Measurements "
        "take no turns with those of other pytest processes until that file is removed"
    )
    assert not [*folders[1].iterdir(), *folders[2].iterdir()]


def test_where_no_lock_can_be_made_that_is_told(folders: list[Path]) -> None:
    why_none = host_lock.host_lock.__wrapped__().why_none
    assert why_none.startswith(f"{folders[2] / LOCK_NAMES[0]}: its folder is missing, or it came and went; nor can ")
    assert f" in any of {', '.join(map(str, folders))}. Measurements take no turns" in why_none
