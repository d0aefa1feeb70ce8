"""A tiny parent for the real runner.py, and the interpreters of this machine to run it on."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import pytest_multicore

AGENT = Path(pytest_multicore.__file__).parent / "interpreters" / "agent"
RUNNER = AGENT / "runner.py"
USER_CODE = Path(__file__).parent / "user_code.py"
DESCRIBE = (
    "import sys; print('%d.%d %d' % (sys.version_info[0], sys.version_info[1], hasattr(sys, 'pypy_version_info')))"
)


class Silence(AssertionError):  # noqa: N818 - it is what happened
    """The child said nothing within the timeout."""


class Dialogue:
    """One child on `python`, its log in `folder`; as a context manager, it leaves no process behind."""

    def __init__(self, python: str, folder: Path, timeout_s: float = 20.0, /, **variables: str) -> None:
        self.log_path = folder / "child.log"
        self.timeout_s = timeout_s
        self._pending = b""
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "-s", "-B", str(RUNNER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **variables},
                start_new_session=True,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._input, self._output = self.process.stdin, self.process.stdout
        self.hello = self.read()

    def __enter__(self) -> Dialogue:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(self.timeout_s)
        for pipe in (self._input, self._output):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        self.write({"protocol": 1, "type": kind, **fields})
        return self.read()

    def call(self, function: str, **arguments: Any) -> dict[str, Any]:
        """Call a function of user_code.py."""
        return self.ask("call", target=f"{USER_CODE}:{function}", arguments=arguments)

    def write(self, message: object) -> None:
        self.write_line(json.dumps(message).encode())

    def write_line(self, line: bytes) -> None:
        self._input.write(line + b"\n")
        self._input.flush()

    def read(self) -> dict[str, Any]:
        """The next message, held to what all messages must hold; {} at end of file."""
        line = self._line()
        if not line:
            return {}
        message: dict[str, Any] = json.loads(line.decode("utf-8"))
        assert message["protocol"] == 1
        assert isinstance(message["type"], str)
        return message

    def end(self) -> int:
        """Close the child's input, and return its exit status once it has ended."""
        self._input.close()
        assert self._line() == b""
        return self.process.wait(self.timeout_s)

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def _line(self) -> bytes:
        deadline = time.monotonic() + self.timeout_s
        while b"\n" not in self._pending:
            readable, _, _ = select.select([self._output], [], [], max(0, deadline - time.monotonic()))
            if not readable:
                raise Silence(f"no message in {self.timeout_s} s; the log says:\n{self.log()[-2000:]}")
            read = os.read(self._output.fileno(), 1 << 16)
            if not read:
                assert self._pending == b"", "the child ended in the middle of a message"
                return b""
            self._pending += read
        line, _, self._pending = self._pending.partition(b"\n")
        return line


@functools.cache
def interpreters() -> dict[str, str]:
    """One interpreter for each version that the agent is for: "3.8" -> its path; the one that runs the tests wins."""
    found: dict[str, str] = {}
    for python in [sys.executable, *_candidates()]:
        said = subprocess.run(
            [python, "-E", "-s", "-c", DESCRIBE], capture_output=True, text=True, timeout=20, check=False
        )
        version, _, is_pypy = said.stdout.strip().partition(" ")
        if said.returncode == 0 and is_pypy == "0" and _is_spoken(version):
            found.setdefault(version, python)
    return dict(sorted(found.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


def _candidates() -> list[str]:
    """pythonX.Y on PATH (shims of version managers do not tell what is behind them) and what pyenv has installed."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    tools = Path(os.environ.get("RUNNER_TOOL_CACHE", os.devnull))
    folders = [Path(entry) for entry in os.get_exec_path() if Path(entry).name != "shims"]
    folders += sorted(pyenv.glob("versions/*/bin")) + sorted(tools.glob("Python/*/x64/bin"))
    entries = (entry for folder in folders if folder.is_dir() for entry in sorted(folder.iterdir()))
    return [str(entry) for entry in entries if re.fullmatch(r"python\d\.\d+", entry.name) and os.access(entry, os.X_OK)]


def _is_spoken(version: str) -> bool:
    major, minor = map(int, version.split("."))
    return (major, minor) == (2, 7) or (major, minor) >= (3, 6)


def _marks(version: str) -> list[pytest.MarkDecorator]:
    """The oldest two, which lack most, the newest and this one are tried in every run."""
    versions = list(interpreters())
    always = {*versions[:2], versions[-1], "{}.{}".format(*sys.version_info)}
    return [] if version in always else [pytest.mark.exhaustive]


on_every_interpreter = pytest.mark.parametrize(
    "python", [pytest.param(path, id=version, marks=_marks(version)) for version, path in interpreters().items()]
)
