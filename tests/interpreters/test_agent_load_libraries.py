"""The doctor's look into an interpreter: packages imported, files of others opened, what fails named."""

import shutil
import subprocess
from pathlib import Path

import numpy
import pytest

from tests.interpreters.dialogue import Dialogue, on_every_interpreter


@on_every_interpreter
def test_an_interpreter_without_packages(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        target = "builtin:load_libraries"
        value = child.ask("call", target=target, arguments={"imported": ["no_such_package"]}, path=[])["value"]
    assert value["imported"] == {}
    assert [name for name in value["failed"] if not name.startswith("/")] == []


@on_every_interpreter
def test_a_package_that_does_not_import_is_named(python: str, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text("raise ImportError('libodd.so: cannot open')\n")
    with Dialogue(python, tmp_path) as child:
        arguments = {"imported": ["broken"]}
        message = child.ask("call", target="builtin:load_libraries", arguments=arguments, path=[str(tmp_path)])
    assert message["value"]["failed"] == {"broken": "ImportError: libodd.so: cannot open"}


@on_every_interpreter
def test_libraries_that_wheels_bring_are_opened(python: str, tmp_path: Path) -> None:
    """NumPy's OpenBLAS in another package's folder, with brackets in its path; and a file that is none."""
    bundled = sorted(Path(numpy.__file__).parents[1].glob("numpy.libs/*"))
    if not any("openblas" in file.name for file in bundled):
        pytest.skip("this NumPy brings no OpenBLAS of its own")
    place = tmp_path / "site[1]" / "other.libs"
    place.mkdir(parents=True)
    for file in bundled:
        shutil.copy(file, place)
    (place / "libgomp-broken.so.1").write_text("no library")
    with Dialogue(python, tmp_path, OMP_NUM_THREADS="1") as child:
        nothing: dict[str, list[str]] = {"imported": []}
        message = child.ask("call", target="builtin:load_libraries", arguments=nothing, path=[str(place.parent)])
        libraries = child.ask("facts", variables=[])["libraries"]
    assert [Path(path).name for path in message["value"]["failed"]] == ["libgomp-broken.so.1"]
    (blas,) = [library for library in libraries if str(place) in library["path"]]
    assert (blas["kind"], blas["threads"]) == ("openblas", 1)


#: What a program asks MKL for.
MKL = """
#include <string.h>
int MKL_Get_Max_Threads(void) { return 3; }
void MKL_Get_Version_String(char *text, int size) { strncpy(text, "Intel oneMKL Version 2024.2 x", size); }
"""
OPENS = "import ctypes\n\ndef load(path):\n    ctypes.CDLL(path)\n"


def compiled_mkl(file: Path) -> Path:
    """A library that answers as MKL does."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    file.parent.mkdir(parents=True, exist_ok=True)
    command = [compiler, "-shared", "-fPIC", "-x", "c", "-o", str(file), "-"]
    subprocess.run(command, input=MKL, text=True, check=True)
    return file


@pytest.mark.slow
@on_every_interpreter
def test_the_mkl_within_pytorchs_file_is_named_beside_another(python: str, tmp_path: Path) -> None:
    (tmp_path / "opens.py").write_text(OPENS)
    files = [compiled_mkl(tmp_path / name) for name in ("libtorch_cpu.so", "libmkl_rt.so.2", "libmkl_core.so.2")]
    with Dialogue(python, tmp_path) as child:
        for file in files:
            child.ask("call", target=f"{tmp_path}/opens.py:load", arguments={"path": str(file)}, path=[])
        found = [one for one in child.ask("facts", variables=[])["libraries"] if one["kind"] == "mkl"]
    assert sorted((Path(one["path"]).name, one["version"], one["threads"]) for one in found) == [
        ("libmkl_rt.so.2", "2024.2", 3),
        ("libtorch_cpu.so", "2024.2", 3),
    ]


@pytest.mark.slow
@on_every_interpreter
def test_the_mkl_of_pypi_is_opened_below_the_prefix(python: str, tmp_path: Path) -> None:
    file = compiled_mkl(tmp_path / "lib" / "libmkl_rt.so.3")
    with Dialogue(python, tmp_path) as child:
        arguments = {"imported": [], "prefix": str(tmp_path)}
        child.ask("call", target="builtin:load_libraries", arguments=arguments, path=[])
        found = [one for one in child.ask("facts", variables=[])["libraries"] if one["path"] == str(file)]
    assert [(one["kind"], one["threads"]) for one in found] == [("mkl", 3)]
