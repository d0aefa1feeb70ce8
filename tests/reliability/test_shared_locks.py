"""Lock files in a /tmp that all users share: another user's is used, and what a stranger puts there is told."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_multicore.measurement.flock_turns import LOCK_NAMES

from .hosts import PROJECT, STRANGER, Host, opened, session_on
from .sessions import command_of
from .test_host_faults import SOURCE

#: A folder for temporary files that all users share, as on a host of its own.
SHARED = "mount -t tmpfs -o mode=1777 tmpfs /tmp"
TURNSTILE, MACHINE = (f"/tmp/{name}" for name in LOCK_NAMES)  # noqa: S108 - it is what is tested
NO_TURNS = "expected a plain file that this user may read. Measurements take no turns"


@dataclass(frozen=True)
class Lock:
    """What another user has put in the place of a lock; ``told``: what the session says of it."""

    shell: Sequence[str]
    told: str = ""


LOCKS = {
    "another user's": Lock([f"touch {TURNSTILE} {MACHINE}"]),
    "without permission": Lock([f"install -m 600 /dev/null {MACHINE}"], f"{MACHINE}: Permission denied; {NO_TURNS}"),
    "a link": Lock([f"ln -s {PROJECT}/kept {MACHINE}"], f"{MACHINE}: Too many levels of symbolic links; {NO_TURNS}"),
    "a folder": Lock([f"mkdir {TURNSTILE}"], f"{TURNSTILE}: is no plain file; {NO_TURNS}"),
    "a pipe": Lock([f"mkfifo -m 666 {TURNSTILE}"], f"{TURNSTILE}: is no plain file; {NO_TURNS}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LOCKS)
def test_what_another_user_left_in_the_place_of_a_lock(name: str, tmp_path: Path) -> None:
    lock = LOCKS[name]
    (tmp_path / "test_it.py").write_text(SOURCE)
    (tmp_path / "kept").write_text("kept")
    ended = session_on(Host([SHARED, *lock.shell], user=STRANGER), tmp_path, turns=True)
    ended.passes()
    assert (NO_TURNS in ended.output) == bool(lock.told)
    assert lock.told in ended.output
    assert (tmp_path / "kept").read_text() == "kept"


@pytest.mark.slow
def test_another_user_that_keeps_a_lock_is_named_and_waited_for_no_longer_than_asked(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SOURCE)
    # In a namespace of processes the holder ends with the session.
    shell = [
        SHARED,
        "mount -t proc proc /proc",
        f"flock {MACHINE} sleep 1000 &",
        f"until test -e {MACHINE}; do :; done",
    ]
    host = Host(shell, user=STRANGER, namespaces=["--pid", "--fork", "--kill-child"])
    ended = session_on(host, tmp_path, "--multicore-wait=1", turns=True)
    ended.is_left_open("not measured: another pytest (process ", "within 1 s; end it, or raise --multicore-wait")
    assert ": flock " in ended.output or ": sleep 1000" in ended.output


#: Holds the machine together with others, as each test of a session with a marked one does, until it is killed.
HOLDS = """
import pathlib, time
import pytest
def test_holds():
    pathlib.Path("holding").touch()
    time.sleep(1000)
@pytest.mark.multicore(min_cores=0.001, threads=1)
def test_measured(): pass
"""
READ_ONLY_LOCKS = [SHARED, f"install -m 644 /dev/null {TURNSTILE}", f"install -m 644 /dev/null {MACHINE}"]
#: Hosts whose /tmp cannot be written; where the others can, they are open to all.
READ_ONLY = {
    "empty": ["mount -t tmpfs -o ro tmpfs /tmp"],
    "with locks": [*READ_ONLY_LOCKS, "mount --bind /tmp /tmp", "mount -o remount,bind,ro /tmp"],
    "as /var/tmp is": ["mount -t tmpfs -o ro tmpfs /tmp", "mount -t tmpfs -o ro tmpfs /var/tmp"],
}


@pytest.mark.slow
@pytest.mark.parametrize("users", [(None, STRANGER), (STRANGER, None), (STRANGER, STRANGER + 1)])
@pytest.mark.parametrize("read_only", READ_ONLY)
def test_sessions_take_turns_where_tmp_cannot_be_written(
    read_only: str, users: tuple[int | None, int | None], tmp_path: Path
) -> None:
    """Each user has a folder for temporary files of its own, as a job has."""
    holder, user = users
    (tmp_path / "test_it.py").write_text(SOURCE)
    (tmp_path / "holds.py").write_text(HOLDS)
    rights = f"setpriv --reuid={holder} --regid={holder} --clear-groups" if holder else ""
    shell = [
        *("mount -t tmpfs -o mode=1777 tmpfs /var/tmp", "mount -t tmpfs -o mode=1777 tmpfs /dev/shm"),
        *READ_ONLY[read_only],
        *(opened(user is None)),
        *("mount -t proc proc /proc", "mkdir -m 1777 /mnt/other", f"cp {PROJECT}/holds.py /mnt/other", "cd /mnt/other"),
        f"TMPDIR=/mnt/other HOME=/mnt/other {rights} {shlex.join(command_of('holds.py'))} > output 2>&1 &",
        "until test -e holding; do sleep 0.1; kill -0 $! || { cat output; exit 1; }; done",
    ]
    host = Host(shell, user=user, namespaces=["--pid", "--fork", "--kill-child"])
    ended = session_on(host, tmp_path, "--multicore-wait=1", turns=True)
    ended.is_left_open("not measured: another pytest (process ", "within 1 s; end it, or raise --multicore-wait")
