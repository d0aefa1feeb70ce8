"""The doctor's look into an interpreter: packages imported, files of others opened, what fails named."""

import shutil
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
