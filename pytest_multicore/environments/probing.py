"""Ask an interpreter what it is, by running it: CPython 2.7 and 3.6 or later answer."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .commands import tool_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBE_TIMEOUT_S = 20.0

# A venv's interpreter answers for the one below it as well: environments are built from that, so that deleting the
# user's venv does not break them. sys.real_prefix marks the virtualenvs of old, which cannot say where that is.
# What lies in the working folder is no part of the interpreter: a json.py of the user's would be imported here.
QUESTION = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import json, os, platform, sysconfig
below = getattr(sys, "_base_executable", None) or sys.executable
print("multicore-probe " + json.dumps({
    "executable": os.path.abspath(sys.executable),
    "below": os.path.realpath(below),
    "version": list(sys.version_info[:3]),
    "implementation": platform.python_implementation().lower(),
    "abi": sysconfig.get_config_var("SOABI") or "",
    "platform": sysconfig.get_platform(),
    "site_packages": sysconfig.get_path("purelib"),
    "prefix": sys.prefix,
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that was found, and what it said about itself.

    Attributes:
        path: what to run to get it, absolute.
        below: the interpreter itself, links resolved; below a virtual environment's.
        version: major, minor, micro.
        implementation: ``"cpython"``, ``"pypy"``, ...
        abi: of its extension modules, e.g. ``"cpython-311-x86_64-linux-gnu"``; may be empty.
        platform: e.g. ``"linux-x86_64"``.
        site_packages: where its pure packages are installed.
        prefix: what it is installed under, or its virtual environment.
    """

    path: Path
    below: Path
    version: tuple[int, int, int]
    implementation: str
    abi: str
    platform: str
    site_packages: Path
    prefix: Path

    @property
    def dotted(self) -> str:
        """The version, as ``3.8.18``."""
        return ".".join(str(part) for part in self.version)


def probe(python: str | Path, world: Mapping[str, str] | None = None) -> Interpreter | None:
    """Run an interpreter and read what it says about itself.

    Returns:
        None when it cannot be run, is no Python, or does not answer within `PROBE_TIMEOUT_S` seconds.
    """
    try:
        answer = subprocess.run(
            [str(python), "-E", "-s", "-c", QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_TIMEOUT_S,
            env=tool_variables(os.environ if world is None else world),
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _read(answer.stdout.decode("utf-8", "replace"))


def _read(printed: str) -> Interpreter | None:
    # A sitecustomize may print: our line is the marked one.
    lines = [line for line in printed.splitlines() if line.startswith("multicore-probe ")]
    if not lines:
        return None
    said: dict[str, Any] = json.loads(lines[-1].removeprefix("multicore-probe "))
    major, minor, micro = said["version"]
    return Interpreter(
        path=Path(said["executable"]),
        below=Path(said["below"]),
        version=(major, minor, micro),
        implementation=said["implementation"],
        abi=said["abi"],
        platform=said["platform"],
        site_packages=Path(said["site_packages"]),
        prefix=Path(said["prefix"]),
    )
