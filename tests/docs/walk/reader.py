"""A newcomer: a folder, an empty virtual environment that knows the package by its wheel alone, and a shell."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import ROOT

#: What of these tests' own world would reach the newcomer's.
NOT_INHERITED = re.compile(
    r"PYTHON(?!UNBUFFERED)|VIRTUAL_ENV|PYTEST_(?!MULTICORE_CACHE)|PIP_|COLUMNS|LINES|.*_NUM_THREADS"
)
#: What stands in a checkout beside what it would hold after a clone.
NOT_CLONED = (".git", ".venv*", "__pycache__", "*.egg-info", "_build", "build", "dist", ".*_cache", ".nox")
#: Pages say this where the reader has a clone.
PLACE_OF_CLONE = "/path/to/the/clone"
#: A command that names what a clone holds is typed there.
OF_CLONE = re.compile(r'"\.\[|examples/|benchmarks/|tests/libraries|^nox\b|^pre-commit')
GIT = ("git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "init.defaultBranch=main")
#: Seconds that one command may take: it may build an environment.
TIMEOUT_S = 1500


def clone_into(folder: Path) -> Path:
    """A copy of this checkout, as a clone of it would be."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_CLONED))
    subprocess.run([*GIT, "init", "-q"], cwd=folder, check=True)
    return folder


@dataclass
class Reader:
    """Types a page's commands.

    Attributes:
        folder: of the reader's own project.
        clone: of pytest-multicore.
        venv: the environment that is active.
        wheel: pytest-multicore, as pip gets it by its name.
        variables: what the reader's shell exports.
    """

    folder: Path
    clone: Path
    venv: Path
    wheel: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def make_environment(self, *packages: str) -> None:
        """Make the environment anew, with what a page takes for installed; ``""`` is the package alone."""
        self._run([sys.executable, "-m", "uv", "venv", "--quiet", "--seed", "--python", base_python(), str(self.venv)])
        if packages:
            constraint = self.constraint()
            install = ["pip", "install", "--quiet", "--python", str(self.venv / "bin" / "python")]
            self._run([sys.executable, "-m", "uv", *install, "--constraint", str(constraint), *packages])

    def constraint(self) -> Path:
        """A file by which pip takes the package's name for the wheel, and for nothing on an index."""
        file = self.venv.parent / "constraint.txt"
        file.write_text(f"pytest-multicore @ {self.wheel.as_uri()}\n")
        return file

    def type(self, command: str) -> tuple[int, str]:
        """Type a command; returns its exit status, and all that it printed."""
        in_clone = OF_CLONE.search(command) is not None
        command = command.replace(PLACE_OF_CLONE, str(self.clone))
        return self._shell(command, self.clone if in_clone else self.folder, by_name="pytest-multicore[" in command)

    def _shell(self, command: str, folder: Path, *, by_name: bool) -> tuple[int, str]:
        environ = {name: value for name, value in os.environ.items() if not NOT_INHERITED.match(name)}
        environ["PATH"] = os.pathsep.join([str(self.venv / "bin"), *paths_without_these_tests()])
        environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
        environ.update(self.variables)
        if by_name:
            environ["PIP_CONSTRAINT"] = str(self.constraint())
        process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=TIMEOUT_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, output.decode(errors="replace")

    def _run(self, command: list[str]) -> None:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, (command, ended.stdout, ended.stderr)


def base_python() -> str:
    """The interpreter that the environment of these tests was made with."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}")


def paths_without_these_tests() -> Iterator[str]:
    """The folders of PATH that do not belong to an environment of this run; the base interpreter's comes first."""
    yield str(Path(sys.base_prefix) / "bin")
    for name in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if not (Path(name).parent / "pyvenv.cfg").exists():
            yield name


#: What a command says that it writes.
WRITTEN = re.compile(
    r"(?:--multicore-(?:json|html|save)=|--output |-o |--svg=|multicore html \S+ )([^\s\"]+)",
)


def written_by(command: str) -> list[str]:
    """The files and folders that a command says it leaves."""
    return WRITTEN.findall(command)
