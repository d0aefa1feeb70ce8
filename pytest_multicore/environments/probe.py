"""Run an interpreter to learn what it is: CPython 2.7 and 3.6 or later answer."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_multicore.errors import NO_PROCESS, HostUnfit

from .commands import tool_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBE_TIMEOUT_S = 20.0

# A venv's interpreter also names its base interpreter: environments are built on that, so that they survive the user's
# venv. Old virtualenvs, which have sys.real_prefix, cannot name it.
# The working folder is taken off the path: a json.py of the user's would be imported from there.
PROBE_PROGRAM = """
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
    """A Python and what it said about itself.

    Attributes:
        path: the program to run, absolute.
        base: the interpreter itself, links resolved; of a virtual environment, the one that it was made from.
        version: major, minor, micro.
        implementation: ``"cpython"``, ``"pypy"``, ...
        abi: of its extension modules, e.g. ``"cpython-311-x86_64-linux-gnu"``; may be empty.
        platform: e.g. ``"linux-x86_64"``.
        site_packages: the folder of its pure packages.
        prefix: the folder that it is installed in, or its virtual environment.
    """

    path: Path
    base: Path
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


def running() -> Interpreter | None:
    """The interpreter that runs this, as `probe` would find it, without another start; None where there is no file.

    A program that embeds Python has none, and one that was replaced meanwhile cannot be started any more.
    """
    if not sys.executable or not os.path.exists(sys.executable):
        return None
    major, minor, micro = sys.version_info[:3]
    return Interpreter(
        path=Path(os.path.abspath(sys.executable)),
        base=Path(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)),
        version=(major, minor, micro),
        implementation=platform.python_implementation().lower(),
        abi=sysconfig.get_config_var("SOABI") or "",
        platform=sysconfig.get_platform(),
        site_packages=Path(sysconfig.get_path("purelib")),
        prefix=Path(sys.prefix),
    )


def probe(python: str | Path, environ: Mapping[str, str] | None = None) -> Interpreter | None:
    """Run an interpreter and read what it says about itself.

    Returns:
        None when it cannot be run, is not a Python, or does not answer within `PROBE_TIMEOUT_S` seconds.

    Raises:
        HostUnfit: the system starts no process.
    """
    try:
        answer = subprocess.run(
            [str(python), "-E", "-s", "-c", PROBE_PROGRAM],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_TIMEOUT_S,
            env=tool_variables(os.environ if environ is None else environ),
            check=True,
        )
    except OSError as error:
        if error.errno in NO_PROCESS:
            raise HostUnfit.of(error, f"starting {python}") from error
        return None
    except subprocess.SubprocessError:
        return None
    try:
        return _read(answer.stdout.decode("utf-8", "replace"))
    except (KeyError, TypeError, ValueError):  # a program that prints our mark, and is no Python
        return None


def _read(output: str) -> Interpreter | None:
    # A sitecustomize may print too: our line begins with a mark.
    lines = [line for line in output.splitlines() if line.startswith("multicore-probe ")]
    if not lines:
        return None
    answer: dict[str, Any] = json.loads(lines[-1].removeprefix("multicore-probe "))
    major, minor, micro = answer["version"]
    return Interpreter(
        path=Path(answer["executable"]),
        base=Path(answer["below"]),
        version=(major, minor, micro),
        implementation=answer["implementation"],
        abi=answer["abi"],
        platform=answer["platform"],
        site_packages=Path(answer["site_packages"]),
        prefix=Path(answer["prefix"]),
    )
