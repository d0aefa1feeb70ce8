"""Three ways to build a virtual environment: uv; venv and pip; for Python 2.7 an old virtualenv and pip."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from . import scratch
from .cache import python_in
from .commands import run
from .downloads import find_uv
from .environment import Environment, package_name
from .package_index import absence_told
from .probe import Interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The last virtualenv that makes environments for Python 2.7, in an environment of its own.
LEGACY_VIRTUALENV = Environment("virtualenv for Python 2.7", requires=("virtualenv==20.21.1", "setuptools<82"))

#: Of a requirement with a hash, as pip's files have them.
HASH = " --hash="

# In this order: the old Theano's setup.py needs both before anything else is installed.
INSTALL_FIRST = ("numpy", "scipy")


@dataclass(frozen=True, slots=True)
class Job:
    """One environment to build.

    Attributes:
        interpreter: the interpreter that it is built on.
        requires: packages to install.
        folder: an empty folder to build it in.
        log: the file that keeps the tools' output.
        purpose: for messages: "build environment 'theano'".
    """

    interpreter: Interpreter
    requires: tuple[str, ...]
    folder: Path
    log: Path
    purpose: str

    def run(self, *argv: str) -> None:
        """Run a tool for this job, output to its log; a ToolFailed when it fails."""
        run(argv, self.log, self.purpose)


class Builder(Protocol):
    """Makes a virtual environment and installs into it."""

    @property
    def name(self) -> str:
        """Its name in reports."""
        ...

    def build(self, job: Job) -> None:
        """Do the job, or raise an EnvironmentUnavailable or a NoSuchRelease."""
        ...


@dataclass(frozen=True, slots=True)
class UvBuilder:
    """uv: it takes seconds where pip takes half a minute. For Python 3.6 and later."""

    uv: str
    name: str = "uv"

    def build(self, job: Job) -> None:
        """Make it with ``uv venv``, fill it with ``uv pip install``."""
        # --allow-existing: the empty folder exists already, so that no other process can take its name.
        job.run(
            *(self.uv, "venv", "--no-project", "--no-config", "--allow-existing"),
            *("--python", str(job.interpreter.base), str(job.folder)),
        )
        # Children run with -B: without bytecode each import compiles again (Keras: 2.5 s in place of 1.0 s).
        # uv compiles with a script that Python 3.6 cannot run.
        compiled = ("--compile-bytecode",) if job.interpreter.version >= (3, 7) else ()
        with _as_arguments(job.requires) as requires, _absence_told(job, job.requires):
            job.run(self.uv, "pip", "install", *compiled, "--python", str(python_in(job.folder)), *requires)


@dataclass(frozen=True, slots=True)
class VenvBuilder:
    """The standard library's venv, and its pip: where uv is missing."""

    name: str = "venv and pip"

    def build(self, job: Job) -> None:
        """Make it with ``python -m venv``, fill it with its pip."""
        job.run(str(job.interpreter.base), "-m", "venv", str(job.folder))
        _pip_install(job, job.requires)


@dataclass(frozen=True, slots=True)
class LegacyBuilder:
    """virtualenv 20.21 from an environment of its own, and its pip: for Python 2.7."""

    virtualenv_python: Path
    name: str = "virtualenv 20.21 and pip"

    def build(self, job: Job) -> None:
        """Make it with that virtualenv; install numpy, then scipy, then all packages."""
        job.run(
            *(str(self.virtualenv_python), "-E", "-s", "-m", "virtualenv", "--no-periodic-update"),
            *("--python", str(job.interpreter.base), str(job.folder)),
        )
        for name in INSTALL_FIRST:
            _pip_install(job, tuple(requirement for requirement in job.requires if package_name(requirement) == name))
        _pip_install(job, job.requires)


def _pip_install(job: Job, requires: tuple[str, ...]) -> None:
    if requires:
        with _as_arguments(requires) as arguments, _absence_told(job, requires):
            job.run(str(python_in(job.folder)), "-m", "pip", "install", "--no-input", *arguments)


def _absence_told(job: Job, requires: tuple[str, ...]) -> AbstractContextManager[None]:
    return absence_told(job.purpose, requires, job.interpreter.version)


@contextmanager
def _as_arguments(requires: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Requirements as arguments of pip and uv: in a file where one has a hash, which they read in files only."""
    if not any(HASH in requirement for requirement in requires):
        yield requires
        return
    with scratch.folder() as folder:
        file = folder / "requirements.txt"
        lines = "".join(f"{requirement}\n" for requirement in requires)
        file.write_text(lines, encoding="utf-8", errors="surrogateescape")
        yield "-r", str(file)


def builder_for(interpreter: Interpreter, python_of: Callable[[Environment], Path]) -> Builder:
    """Choose the builder for an interpreter.

    Args:
        interpreter: the interpreter to build on.
        python_of: returns the interpreter of another environment, which it builds first where necessary: that of the
            old virtualenv.
    """
    if interpreter.version < (3,):
        return LegacyBuilder(python_of(LEGACY_VIRTUALENV))
    uv = find_uv()
    # uv queries an interpreter with a script that needs at least 3.6.
    return UvBuilder(uv) if uv and interpreter.version >= (3, 6) else VenvBuilder()
