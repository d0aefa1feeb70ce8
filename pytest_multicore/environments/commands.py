"""Run the tools that find and build environments: argument lists, never a shell; their output goes to a log file."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.settings import clocks
from pytest_multicore.settings.system import IS_LINUX

from . import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

TOOL_TIMEOUT_S = 1800.0
TAIL_LINES = 15
PR_SET_PDEATHSIG = 1  # linux/prctl.h

# These would make a tool, or another interpreter, use the parent's packages.
PARENT_PREFIXES = ("PYTHON", "VIRTUAL_ENV", "CONDA_", "_CONDA_", "__PYVENV_LAUNCHER__")

#: These name a repository and its parts, and win over a folder that git is given: a hook's would have it write to the
#: user's index. They are those of ``git rev-parse --local-env-vars`` without GIT_CONFIG_PARAMETERS and
#: GIT_CONFIG_COUNT: what these set (safe.directory, addresses of mirrors) is meant for each repository.
GIT_REPOSITORY = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)

#: In an address: pip and uv hide them in what they print, and what they start may not.
#: A password may hold an @ itself.
_CREDENTIALS = re.compile(r"://[^/\s]+@")

NETWORK_SIGNS = (
    "name resolution",
    "name or service not known",
    "failed to fetch",
    "dns error",
    "connection refused",
    "connectionerror",
    "connection broken by",
    "could not be queried",
    "confirming the ssl certificate",
    "newconnectionerror",
    "timed out",
    "network is unreachable",
    "network was disabled",
    "networking was disabled",
    "network connectivity is disabled",
    "no-index",
    "offline",
)
COMPILER_SIGNS = ("unable to execute 'gcc'", "unable to execute 'cc'", "gcc failed", "g++ failed", "command 'gcc'")
FULL_DISK_SIGNS = ("no space left on device", "disk quota exceeded", "os error 28", "errno 28", "file too large")
HASH_SIGNS = ("hash mismatch", "do not match the hashes", "hashes are required", "hash-checking mode")
ENCODING_SIGNS = ("not valid utf-8", "not contain valid utf-8", "invalid utf-8", "surrogates not allowed")
#: pip and uv say so where no set of releases suits; but also where they could not read the one that would.
CONFLICT_SIGNS = ("no solution found", "resolutionimpossible", "no matching distribution")
UNREAD_SIGNS = ("invalid package format", "failed to")
ABSENT_SIGNS = ("no matching distribution", "not found in the package registry", "no solution found")


def without_credentials(text: str) -> str:
    """A text, as others may read it: without what stands in its addresses before the host."""
    return _CREDENTIALS.sub("://****@", text)


class ToolFailed(EnvironmentUnavailable):
    """A tool failed.

    Attributes:
        output: all that it printed.
    """

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self.output = output


def foreign_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that another interpreter runs with: without those of the parent's own environment."""
    return {name: value for name, value in environ.items() if not name.startswith(PARENT_PREFIXES)}


def tool_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tools run with: another interpreter's, and git finds its repository by the folder."""
    return {name: value for name, value in foreign_variables(environ).items() if name not in GIT_REPOSITORY}


def run(argv: Sequence[str], log: Path, purpose: str, timeout_s: float = TOOL_TIMEOUT_S) -> None:
    """Run a tool to its end and append what it prints to a log file.

    Args:
        argv: the program and its arguments.
        log: the file that keeps the output.
        purpose: for the message: "build environment 'theano'".
        timeout_s: seconds after which it is killed.

    Raises:
        ToolFailed: it cannot be started, failed, or took too long; with the last lines of its output.
    """
    with log.open("ab") as sink:
        sink.write(without_credentials(f"$ {' '.join(argv)}\n").encode(errors="surrogateescape"))
        sink.flush()
        start = sink.tell()
        outcome = _outcome(argv, log.parent, sink.fileno(), timeout_s)
    output = _output_since(log, start)
    if outcome:
        raise _failure(argv, log, purpose, outcome, output)


def _outcome(argv: Sequence[str], folder: Path, sink: int, timeout_s: float) -> str:
    """Run in a folder and say what went wrong; an empty string when nothing did."""
    # Not in the user's folder: its pyproject.toml would configure uv, and its modules would shadow pip's.
    start_s = clocks.monotonic()
    try:
        with scratch.folder() as temporary:  # a killed compiler leaves its temporary files
            status = _status(argv, folder, sink, timeout_s, temporary)
    except OSError as error:
        return f"could not be started: {error}"
    except subprocess.TimeoutExpired:
        return f"was ended after {clocks.monotonic() - start_s:.0f} s without an end"
    return "" if status == 0 else f"failed with exit status {status}"


def _status(argv: Sequence[str], folder: Path, sink: int, timeout_s: float, temporary: Path) -> int:
    """Run in a process group, which is killed where this process, or its patience, ends first."""
    with (
        subprocess.Popen(
            argv,
            cwd=folder,
            preexec_fn=die_with_parent(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**tool_variables(os.environ), "TMPDIR": str(temporary)},
            start_new_session=True,
        ) as process,
        scratch.group_killed(process.pid),
    ):
        return process.wait(timeout_s)


def die_with_parent() -> Callable[[], None] | None:
    """Return a function that has the process that calls it killed when its parent dies. Linux only."""
    if not IS_LINUX:
        return None
    # Looked up before the fork: between fork and exec as little as possible may happen.
    prctl, request, kill = ctypes.CDLL(None).prctl, PR_SET_PDEATHSIG, int(signal.SIGKILL)
    return lambda: prctl(request, kill)


def _output_since(log: Path, start: int) -> str:
    """What a tool has added to its log, where no credentials stay."""
    with log.open("r+b") as file:
        file.seek(start)
        said = file.read().decode(errors="surrogateescape")
        shown = without_credentials(said)
        if shown != said:
            file.seek(start)
            file.write(shown.encode(errors="surrogateescape"))
            file.truncate()
    return shown.encode(errors="replace").decode()


def _failure(argv: Sequence[str], log: Path, purpose: str, outcome: str, output: str) -> ToolFailed:
    tail = "\n".join(f"  {line}" for line in output.rstrip().splitlines()[-TAIL_LINES:]) or "  (nothing)"
    return ToolFailed(
        f"cannot {purpose}: {os.path.basename(argv[0])} {outcome}\n"
        f"what to do: {_remedy(argv[0], output)}\n"
        f"full output: {log}\n"
        f"its last lines:\n{tail}",
        output,
    )


def index_not_asked(output: str) -> bool:
    """Whether the package index could not be reached, or may not be asked, by what a tool printed."""
    output = output.lower()
    # pip with PIP_NO_INDEX says only that it found no version, and not that it queried no index.
    no_index = os.environ.get("PIP_NO_INDEX") and "versions: none" in output
    return bool(no_index) or any(sign in output for sign in NETWORK_SIGNS)


def releases_conflict(output: str) -> bool:
    """Whether requirements exclude each other, by what a tool printed; False where it failed for another reason."""
    # A warning is no reason: uv warns that it "failed to hardlink files", and goes on.
    lines = [line for line in output.lower().splitlines() if not line.startswith("warning:")]
    said = " ".join(" ".join(lines).split())
    signs, unread = (any(sign in said for sign in known) for known in (CONFLICT_SIGNS, UNREAD_SIGNS))
    return signs and not unread and not index_not_asked(output)


def _remedy(program: str, output: str) -> str:
    unasked, output = index_not_asked(output), output.lower()
    if program == "git" and not any(sign in output for sign in FULL_DISK_SIGNS):
        return "read below what git says of the project's repository"
    if unasked:
        return (
            "the package index could not be reached or may not be asked. Run once with the network, or point pip and "
            "uv to an index of yours (PIP_INDEX_URL, UV_INDEX_URL; PIP_NO_INDEX, UV_OFFLINE unset); afterwards the "
            "environment is cached and needs no network"
        )
    if any(sign in output for sign in HASH_SIGNS):
        return "a file is not the one whose hash 'requires' has, or has none there: correct it once you know why"
    if any(sign in output for sign in FULL_DISK_SIGNS):
        return (
            "a disk is full: make room in the cache's folder and in that for temporary files, or choose others by "
            "PYTEST_MULTICORE_CACHE and TMPDIR"
        )
    if any(sign in output for sign in ENCODING_SIGNS):
        return (
            "pip and uv take no path that is no UTF-8: rename the folder that 'requires' names, or choose folders by "
            "PYTEST_MULTICORE_CACHE and TMPDIR"
        )
    if any(sign in output for sign in ABSENT_SIGNS):
        return (
            "the package index has no such package or version for this interpreter: correct PACKAGE==VERSION, or "
            "'requires' or 'python' of the environment"
        )
    if any(sign in output for sign in COMPILER_SIGNS):
        return "a package had to be compiled: install a C and C++ compiler (apt-get install g++), or require a wheel"
    return "read the output below; correct 'requires' or 'python' of the environment"


def output_of(argv: Sequence[str], timeout_s: float = 60.0, *, with_errors: bool = False) -> tuple[int, str]:
    """Run a tool that only tells something; return its exit status and what it prints, errors too if asked.

    Raises:
        EnvironmentUnavailable: it cannot be started, or took too long.
    """
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if with_errors else subprocess.DEVNULL,
            env=tool_variables(os.environ),
            timeout=timeout_s,
            check=False,
        )
    except OSError as error:
        raise EnvironmentUnavailable(f"{argv[0]} could not be started: {error.strerror or error}; install it") from None
    except subprocess.TimeoutExpired:
        raise EnvironmentUnavailable(f"{' '.join(argv)} was ended after {timeout_s:.0f} s without an end") from None
    return done.returncode, os.fsdecode(done.stdout)  # it may be a path
