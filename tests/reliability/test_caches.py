"""A session that ends while something is built for the cache leaves it whole: nothing is half there, nothing locked."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_multicore.environments import downloads
from tests.environments.packages import SlowPackage
from tests.reliability.sessions import (
    kill_all_at_once,
    left_files,
    left_locks,
    left_processes,
    program,
    report,
    session,
    wait_for,
    wait_until_nothing_is_left,
)

End = Callable[[subprocess.Popen[str], Path], None]


def sending(number: signal.Signals) -> End:
    return lambda process, _folder: process.send_signal(number)


ENDINGS: dict[str, End] = {
    "SIGKILL": sending(signal.SIGKILL),
    "SIGTERM": sending(signal.SIGTERM),
    "Ctrl-C": sending(signal.SIGINT),
    "SIGKILL to all its processes": lambda _process, folder: kill_all_at_once(folder),
}
SOURCE = """
import pytest
@pytest.mark.multicore(min_cores=0.02, threads=1, environment="own")
def test_it(): sum(i * i for i in range(20000))
"""


def end_and_look(process: subprocess.Popen[str], folder: Path, how: str) -> None:
    """End it, and see that no process or lock is left, nor a file where somebody was left to remove it."""
    ENDINGS[how](process, folder)
    process.communicate(timeout=60)
    if ENDINGS[how] is ENDINGS["SIGKILL to all its processes"]:
        assert left_processes(folder) == left_locks(folder) == []
        assert left_files(folder), "this is what the next one is to remove"
    else:
        wait_until_nothing_is_left(folder)


@pytest.mark.exhaustive
@pytest.mark.skipif(downloads.find_uv() is None, reason="uv is not installed")
@pytest.mark.parametrize("how", ENDINGS)
def test_an_ending_while_an_environment_is_built(tmp_path: Path, how: str) -> None:
    slow = SlowPackage(tmp_path / "slow")
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.pytest-multicore.environments.own]\nrequires = ["{slow.requirement}", "pytest"]\n'
    )
    variables = {"PYTEST_MULTICORE_CACHE": str(tmp_path / "cache")}
    with session(tmp_path, SOURCE, **variables) as process:
        wait_for(slow.started, content=False)
        end_and_look(process, tmp_path, how)
    assert not list((tmp_path / "cache" / "environments").glob("*/multicore.json"))
    slow.go.touch()
    with session(tmp_path, SOURCE, "--multicore-json=r.json", "-rA", **variables) as process:
        output, _ = process.communicate(timeout=240)
    wait_until_nothing_is_left(tmp_path)
    assert [one["outcome"] for one in report(tmp_path / "r.json")["results"]] == ["passed"], output


COMPILE = """
import signal
from pytest_multicore.interpreters.blas_recorder import compile_recorder
signal.signal(signal.SIGINT, signal.default_int_handler)
print(compile_recorder())
"""
#: Says that it was started, and waits until it may go on.
SLOW_COMPILER = """#!/bin/sh
echo started > "{folder}/started"
while ! [ -e "{folder}/go" ]; do sleep 0.05; done
exec {compiler} "$@"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="recording is done on Linux only")
@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
@pytest.mark.parametrize("how", ENDINGS)
def test_an_ending_while_the_recorder_is_compiled(tmp_path: Path, how: str) -> None:
    compiler = tmp_path / "slow-cc"
    compiler.write_text(SLOW_COMPILER.format(folder=tmp_path, compiler=shutil.which("cc")))
    compiler.chmod(0o700)
    variables = {"PYTEST_MULTICORE_CACHE": str(tmp_path / "cache"), "CC": str(compiler)}
    with program(tmp_path, [sys.executable, "-c", COMPILE], **variables) as process:
        wait_for(tmp_path / "started")
        end_and_look(process, tmp_path, how)
    assert not list((tmp_path / "cache").rglob("*.so"))
    (tmp_path / "go").touch()
    with program(tmp_path, [sys.executable, "-c", COMPILE], **variables) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    wait_until_nothing_is_left(tmp_path)
    assert {file.suffix for file in Path(output.strip()).parent.iterdir()} == {".so", ".sha256"}
