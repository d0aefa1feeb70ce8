"""Three ways to make a virtual environment and fill it: uv; venv and pip; for Python 2.7 a virtualenv of its day."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .cache import python_in
from .commands import run
from .downloads import find_uv
from .environment import Environment, package_name
from .probing import Interpreter

if TYPE_CHECKING:
    from collections.abc import Callable

# The last virtualenv that makes environments for Python 2.7, in an environment that holds nothing else.
LEGACY_VIRTUALENV = Environment("virtualenv for Python 2.7", requires=("virtualenv==20.21.1", "setuptools<82"))

# Their names in the order of need: the old Theano's setup.py wants both to be there before it is asked for anything.
NEEDED_FIRST = ("numpy", "scipy")


@dataclass(frozen=True, slots=True)
class Job:
    """One environment to build.

    Attributes:
        interpreter: what it is built on.
        requires: what goes into it.
        folder: where, an empty folder.
        log: the file that keeps what the tools say.
        purpose: for messages: "build environment 'theano'".
    """

    interpreter: Interpreter
    requires: tuple[str, ...]
    folder: Path
    log: Path
    purpose: str

    def run(self, *argv: str) -> None:
        """Run a tool for this job, output to its log; an EnvironmentUnavailable when it fails."""
        run(argv, self.log, self.purpose)


class Builder(Protocol):
    """Makes a virtual environment and installs into it."""

    @property
    def name(self) -> str:
        """What it is called in reports."""
        ...

    def build(self, job: Job) -> None:
        """Do the job, or raise an EnvironmentUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class UvBuilder:
    """uv: seconds where pip takes half a minute. Python 3.6 and later."""

    uv: str
    name: str = "uv"

    def build(self, job: Job) -> None:
        """Make it with ``uv venv``, fill it with ``uv pip install``."""
        # --allow-existing: the folder was made for us, empty, so that no other process can take its name.
        job.run(
            *(self.uv, "venv", "--no-project", "--no-config", "--allow-existing"),
            *("--python", str(job.interpreter.below), str(job.folder)),
        )
        # Children run with -B: what is not compiled now is compiled again at each import (Keras: 2.5 s, compiled 1.0).
        # uv compiles with a script that Python 3.6 does not understand.
        compiled = ("--compile-bytecode",) if job.interpreter.version >= (3, 7) else ()
        job.run(self.uv, "pip", "install", *compiled, "--python", str(python_in(job.folder)), *job.requires)


@dataclass(frozen=True, slots=True)
class VenvBuilder:
    """The standard library's venv, and the pip that it holds: where uv is missing."""

    name: str = "venv and pip"

    def build(self, job: Job) -> None:
        """Make it with ``python -m venv``, fill it with its pip."""
        job.run(str(job.interpreter.below), "-m", "venv", str(job.folder))
        _pip_install(job, job.requires)


@dataclass(frozen=True, slots=True)
class LegacyBuilder:
    """virtualenv 20.21 from an environment of its own, and the pip that it brings: Python 2.7."""

    virtualenv_python: Path
    name: str = "virtualenv 20.21 and pip"

    def build(self, job: Job) -> None:
        """Make it with that virtualenv, install numpy and scipy, then the rest."""
        job.run(
            *(str(self.virtualenv_python), "-E", "-s", "-m", "virtualenv", "--no-periodic-update"),
            *("--python", str(job.interpreter.below), str(job.folder)),
        )
        for name in NEEDED_FIRST:
            _pip_install(job, tuple(one for one in job.requires if package_name(one) == name))
        _pip_install(job, job.requires)


def _pip_install(job: Job, requires: tuple[str, ...]) -> None:
    if requires:
        job.run(str(python_in(job.folder)), "-m", "pip", "install", "--no-input", *requires)


def builder_for(interpreter: Interpreter, python_of: Callable[[Environment], Path]) -> Builder:
    """Choose who builds on an interpreter.

    Args:
        interpreter: what is to be built on.
        python_of: gives the interpreter of another environment, built first if need be: the old virtualenv's.
    """
    if interpreter.version < (3,):
        return LegacyBuilder(python_of(LEGACY_VIRTUALENV))
    uv = find_uv()
    # uv asks an interpreter with a script that 3.6 is the oldest to understand.
    return UvBuilder(uv) if uv and interpreter.version >= (3, 6) else VenvBuilder()
