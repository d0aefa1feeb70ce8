"""What an import leaves changed: the fixture's guard, and the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.errors import EnvironmentUnavailable, UsageError
from pytest_multicore.interpreters.import_traces import ImportResult, ImportTrace
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.pytest_side.fixtures import Multicore
from pytest_multicore.pytest_side.gates import gate_of
from pytest_multicore.reports.imports import guard_text, import_lines

CLEAN = {"clean/__init__.py": "import os\nos.environ['A_NAME'] = 'x'\n"}
ULTRA = {
    "ultra/__init__.py": "from . import utils\n",
    "ultra/utils.py": "import os\n\nos.environ.setdefault('OMP_NUM_THREADS', '1')\n",
}
BROKEN = {"broken/__init__.py": "raise ValueError('no')\n"}
CAREFUL = {"careful/__init__.py": "import os\nos.environ['OMP_NUM_THREADS'] = '1'\ndel os.environ['OMP_NUM_THREADS']\n"}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {**CLEAN, **ULTRA, **BROKEN, **CAREFUL}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # it must not hide what is set where nothing is
    return tmp_path


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["clean", "careful"], 0, ["importing clean leaves no trace", "importing careful leaves no trace"]),
        (["ultra"], 1, ["importing ultra: ultra.utils sets OMP_NUM_THREADS=1 (ultra/utils.py:3 in <module>)"]),
        (["ultra", "--allow", "OMP_NUM_THREADS"], 0, ["ultra/utils.py:3 in <module>): allowed"]),
        (["broken"], 1, ["broken cannot be imported: ValueError: no"]),
        (["no_such_package"], 1, ["no_such_package cannot be imported: ModuleNotFoundError"]),
    ],
)
def test_the_command_tells_and_its_status_says_so(
    arguments: list[str], status: int, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["imports", *arguments]) == status
    said = capsys.readouterr().out
    assert [text for text in told if text not in said] == [], said


def test_why_an_environment_is_not_to_be_had_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unavailable(*_: object) -> None:
        raise EnvironmentUnavailable("it could not be built\n  ::error::of the tool\nwhat to do")

    monkeypatch.setattr(PreparedEnvironment, "prepare", unavailable)
    assert main(["imports", "clean"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        *("error: clean: it could not be built", r"  \x3a:error::of the tool", "what to do")
    ]


@pytest.fixture
def guard(request: pytest.FixtureRequest) -> Callable[..., None]:
    """The fixture's method. The fixture itself would wait until nothing is measured on this host."""
    return Multicore(gate_of(request.node)).import_guard


@pytest.mark.usefixtures("packages")
def test_the_guard_passes_a_clean_import_and_fails_one_that_leaves_a_trace(guard: Callable[..., None]) -> None:
    guard("clean", "careful")
    guard("ultra", allow=["OMP_NUM_THREADS"])
    with pytest.raises(AssertionError, match=r"ultra\.utils sets OMP_NUM_THREADS=1 \(ultra/utils\.py:3"):
        guard("clean", "ultra")


@pytest.mark.parametrize(
    ("packages_given", "allow", "told"),
    [
        ((), (), "expected the name of at least one package"),
        ((1,), (), "expected the name of a package"),
        (("",), (), "expected the name of a package"),
        (("ultra",), "OMP_NUM_THREADS", "expected a list of names, ['OMP_NUM_THREADS']"),
    ],
)
def test_wrong_arguments_are_refused(guard: Callable[..., None], packages_given: Any, allow: Any, told: str) -> None:
    with pytest.raises(UsageError, match=r"multicore\.import_guard") as caught:
        guard(*packages_given, allow=allow)
    assert told in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
def test_a_package_that_pins_is_told_with_the_cpus(packages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cpu = min(os.sched_getaffinity(0))
    (packages / "pinner.py").write_text(f"import os\nos.sched_setaffinity(0, {{{cpu}}})\n")
    assert main(["imports", "pinner"]) == 1
    assert f"importing pinner sets the affinity to CPUs {cpu} (of " in capsys.readouterr().out
    assert len(os.sched_getaffinity(0)) > 1


def test_extension_modules_without_the_declaration_are_told_and_fail_nothing() -> None:
    imported = ImportResult((), {}, ("ext.first", "ext.second"), "3.13.0", True)
    assert guard_text(imported, ()) == ""
    (_, text) = import_lines(imported, ["ext"], ())
    assert "the first of them switches it on, unless PYTHON_GIL=0: ext.first" in text


def test_the_lock_switched_on_is_a_trace() -> None:
    trace = ImportTrace("ext", "ext.first", "gil", False, True)
    assert "importing ext: ext.first switches the interpreter's lock on" in guard_text(
        ImportResult((trace,), {}, None, "3.13.0", True), ()
    )


def test_python_m_works(tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text("")
    command = [sys.executable, "-m", "pytest_multicore", "imports", "clean"]
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "importing clean leaves no trace\n"
