"""Hosts that lack or forbid something, each made for one session: mounts, limits, another user, refused system calls.

They are made in namespaces of their own (unshare(1)), so this machine stays as it is. That needs root.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE

from .sessions import command_of, environment_of, report, wait_until_nothing_is_left

REFUSE_CALLS = Path(__file__).with_name("refuse_calls.py")
CHECKOUT = Path(__file__).parents[2]
#: Nobody's number: without an entry in /etc/passwd, and without processes that would count against its limits, also
#: where several processes test at a time.
STRANGER = 54321 + os.getpid()
#: Where a session finds its folder: a stranger may not enter those of pytest's tmp_path.
PROJECT = Path("/mnt/project")
#: How nothing of ours looks in a session's output: a traceback through this package, or an error of pytest itself.
OUR_FRAMES = re.compile(r"Traceback \(most recent|INTERNALERROR|^\S*/pytest_multicore/\S+\.py:\d+: ", re.MULTILINE)
TIMEOUT_S = 240.0


@cache
def why_no_namespaces() -> str:
    """Why such hosts can't be made here; empty where they can."""
    tools = [tool for tool in ("unshare", "setpriv", "mount") if shutil.which(tool) is None]
    if tools or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "faults of the host are made in namespaces: that needs root, and unshare, setpriv and mount of Linux"
    script = "mount -t tmpfs tmpfs /mnt"
    done = subprocess.run(["unshare", *ISOLATED, "--net", "sh", "-c", script], capture_output=True, check=False)
    return "faults of the host are made in namespaces, which are forbidden here" if done.returncode else ""


ISOLATED = ("--mount", "--propagation", "private")


def needs_namespaces() -> None:
    """Skip where such hosts can't be made: pytest's summary counts these skips by their reason."""
    if why := why_no_namespaces():
        pytest.skip(why)


@dataclass(frozen=True)
class Host:
    """A host for one session.

    Attributes:
        shell: lines of a shell, which root runs before the session.
        user: who runs the session; None: root.
        refused: system calls that the kernel refuses: see refuse_calls.py.
        namespaces: more of them than that of mounts.
        bounded: capabilities that nobody has.
    """

    shell: Sequence[str] = ()
    user: int | None = None
    refused: Sequence[str] = ()
    namespaces: Sequence[str] = ()
    bounded: Sequence[str] = ()

    def command(self, folder: Path, words: Sequence[str]) -> list[str]:
        """The command that runs another one on this host."""
        lines = [
            *("mount -t tmpfs -o mode=755 tmpfs /mnt", f"mkdir {PROJECT}"),
            f"mount --bind {quote(str(folder))} {PROJECT}",
            *(opened(self.user is not None)),
            *self.shell,
            f"cd {PROJECT}",
            'exec "$@"',
        ]
        command = ["unshare", *ISOLATED, *self.namespaces, "sh", "-ec", "\n".join(lines), "sh", *self._rights()]
        if self.refused:
            command += [sys.executable, str(REFUSE_CALLS), ",".join(self.refused)]
        return [*command, *words]

    def _rights(self) -> list[str]:
        bounds = [f"-{name}" for name in self.bounded]
        words = ["--bounding-set", ",".join(bounds), "--inh-caps", ",".join(bounds)] if bounds else []
        if self.user is not None:
            words += [f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        return ["setpriv", *words] if words else []


def opened(to_all: bool) -> list[str]:
    """Lines that let everybody enter the folders of this Python and this checkout, root's home folder among them."""
    lines = []
    for number, path in enumerate({Path(sys.base_prefix), Path(sys.prefix), CHECKOUT} if to_all else ()):
        closed = next((one for one in reversed(path.parents) if not one.stat().st_mode & 0o001), None)
        if closed:
            kept = f"/mnt/{number}"
            lines += [f"mkdir -p {kept}", f"mount --bind {quote(str(path))} {kept}"]
            lines += [f"mount -t tmpfs -o mode=755 tmpfs {quote(str(closed))}"]
            lines += [f"mkdir -p {quote(str(path))}", f"mount --bind {kept} {quote(str(path))}"]
    return lines


@dataclass(frozen=True)
class Ended:
    """A session that has ended.

    Attributes:
        status: its exit status.
        output: what it printed.
        results: the results of its report, by the test's name; empty where it wrote none.
    """

    status: int
    output: str
    results: dict[str, Any]

    def passes(self) -> None:
        """It is as if there were no fault."""
        assert self.status == 0, self.output
        assert [one["outcome"] for one in self.results.values()] == ["passed"], self.output
        assert "PASSED test_it.py::test_plain" in self.output

    def is_left_open(self, *told: str) -> None:
        """Its measured test is inconclusive and says why; the plain test passes, and the result is in the report."""
        assert self.status == 0, self.output
        (result,) = self.results.values()
        assert result["outcome"] == "inconclusive", self.output
        for text in told:
            assert text in result["reason"], self.output
        assert told[0] in self.output
        assert "PASSED test_it.py::test_plain" in self.output


def session_on(
    host: Host, folder: Path, *options: str, variables: Mapping[str, str | None] | None = None, turns: bool = False
) -> Ended:
    """Run a session of the modules in a folder. Nothing of it is left, and it shows no traceback of ours.

    Args:
        host: where.
        folder: gets the report, and belongs to the user of the session.
        options: of pytest.
        variables: to set; those that are None are unset.
        turns: whether it takes turns with other sessions.
    """
    needs_namespaces()
    (folder / "tmp").mkdir(exist_ok=True)
    if host.user is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, host.user, host.user, follow_symlinks=False)
    environ = {**environment_of(folder), "TMPDIR": str(PROJECT / "tmp"), "HOME": str(PROJECT)}
    if turns:
        del environ[HOLDER_VARIABLE]
    for name, value in (variables or {}).items():
        environ.pop(name, None)
        environ |= {} if value is None else {name: value}
    words = command_of("--multicore-json=r.json", "-rA", *options)
    done = subprocess.run(
        host.command(folder, words),
        cwd="/",
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    (folder / "tmp").mkdir(exist_ok=True)  # where that was the fault
    wait_until_nothing_is_left(folder)
    assert not OUR_FRAMES.search(done.stdout), done.stdout
    file = folder / "r.json"
    results = report(file)["results"] if file.exists() else ()
    return Ended(done.returncode, done.stdout, {one["nodeid"].partition("::")[2]: one for one in results})
