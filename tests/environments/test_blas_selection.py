"""A BLAS, found and linked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_multicore.environments import shared_libraries as libraries
from pytest_multicore.environments.blas import select
from pytest_multicore.environments.blas_names import BLAS_NAMES, DEBIAN_ALTERNATIVES, requirements_of
from pytest_multicore.environments.provision import Installation
from pytest_multicore.environments.variables import LIBRARY_PATH
from pytest_multicore.errors import EnvironmentUnavailable, UsageError


def library_at(path: Path, symbol: str = "dgemm_") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x7fELF\0" + symbol.encode() + b"\0")
    return path


def test_no_choice_leaves_everything_as_is(provisioned: Installation) -> None:
    selection = select(None, provisioned)

    assert (selection.ldflags, selection.library_path, selection.library) == (None, None, None)


def test_a_wrong_name_lists_the_right_ones(provisioned: Installation) -> None:
    with pytest.raises(UsageError, match=r"'openblass', expected one of scipy, mkl, system, posted"):
        select("openblass", provisioned)


@pytest.mark.parametrize("folder", ["scipy.libs", "scipy/.libs"])
def test_scipys_library_is_found_where_old_and_new_wheels_keep_it(provisioned: Installation, folder: str) -> None:
    library = library_at(provisioned.site_packages / folder / "libopenblasp-r0-41284840.3.18.so")

    selection = select("scipy", provisioned)

    assert selection.library == library
    assert selection.ldflags == f"-L{library.parent} -l:{library.name}"
    assert selection.library_path == str(library.parent)


def test_a_scipy_with_renamed_symbols_is_not_linked_and_the_note_says_why(provisioned: Installation) -> None:
    library_at(provisioned.site_packages / "scipy.libs/libscipy_openblas-1.so", "scipy_dgemm_")

    selection = select("scipy", provisioned)

    assert selection.ldflags is None
    assert "no plain dgemm_" in selection.note


def test_an_environment_without_scipy_says_what_was_looked_for(provisioned: Installation) -> None:
    with pytest.raises(EnvironmentUnavailable, match=r"scipy\.libs/.*Add scipy to the environment's 'requires'"):
        select("scipy", provisioned)


def test_mkl_is_found_whatever_its_version(provisioned: Installation) -> None:
    assert provisioned.folder is not None
    library = library_at(provisioned.folder / "lib/libmkl_rt.so.3")

    assert select("mkl", provisioned).ldflags == f"-L{library.parent} -l:libmkl_rt.so.3"


def test_a_missing_mkl_says_how_to_install_it(provisioned: Installation) -> None:
    with pytest.raises(EnvironmentUnavailable, match=r"libmkl_rt.*-m pip install mkl"):
        select("mkl", provisioned)


def test_only_mkl_asks_for_a_package() -> None:
    assert {name: requirements_of(name) for name in BLAS_NAMES if requirements_of(name)} == {"mkl": ("mkl",)}
    assert requirements_of(None) == ()


def test_a_library_by_path_is_linked_by_its_name(tmp_path: Path, provisioned: Installation) -> None:
    library = library_at(tmp_path / "libmine.so")

    assert select(str(library), provisioned).ldflags == f"-L{tmp_path} -l:libmine.so"


def test_a_path_without_a_library_is_refused(tmp_path: Path, provisioned: Installation) -> None:
    (tmp_path / "text").write_text("not a library")
    for name, message in (("absent.so", "no such file"), ("text", "no shared library")):
        with pytest.raises(UsageError, match=message):
            select(str(tmp_path / name), provisioned)


def test_a_path_with_a_space_is_refused_for_theano_would_split_it(tmp_path: Path, provisioned: Installation) -> None:
    library = library_at(tmp_path / "my libs/libmine.so")

    with pytest.raises(EnvironmentUnavailable, match="without spaces"):
        select(str(library), provisioned)


def test_a_numpy_that_carries_its_own_is_noted(provisioned: Installation) -> None:
    library_at(provisioned.site_packages / "numpy.libs/libopenblas64_-1.so")
    library = library_at(provisioned.site_packages / "scipy.libs/libopenblas-1.so")

    assert "blas" in select("scipy", provisioned).carried_by_numpy
    assert "blas" in select(str(library), provisioned).carried_by_numpy


def test_a_missing_alternative_names_its_package(
    provisioned: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(libraries, "library_folders", lambda: [tmp_path])

    for name, (_folders, package) in DEBIAN_ALTERNATIVES.items():
        with pytest.raises(EnvironmentUnavailable, match=rf"{tmp_path}.*apt-get install {package}"):
            select(name, provisioned)


@pytest.mark.parametrize("name", DEBIAN_ALTERNATIVES)
def test_an_alternative_is_what_a_program_then_loads(name: str, provisioned: Installation) -> None:
    try:
        selection = select(name, provisioned)
    except EnvironmentUnavailable as error:
        pytest.skip(f"not installed here: {error}")
    assert selection.library is not None
    assert selection.library_path is not None
    code = "import ctypes; ctypes.CDLL('libblas.so.3').dgemm_; print(open('/proc/self/maps').read())"
    environment = {**os.environ, LIBRARY_PATH: selection.library_path}

    maps = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout

    assert str(selection.library.resolve()) in maps


@pytest.mark.skipif(not libraries.compiler(), reason="no C++ compiler")
def test_what_the_linker_lacks_is_said_in_its_words() -> None:
    assert "no_such_library" in libraries.link_error("-lno_such_library")
    assert libraries.link_error("-lm") == ""


def test_posted_flags_fall_back_to_scipys_and_say_so(
    provisioned: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "link_error", lambda flags: "cannot find -lgfortran")
    library_at(provisioned.site_packages / "scipy.libs/libopenblas-1.so")

    selection = select("posted", provisioned)

    assert selection.name == "scipy"
    assert "cannot find -lgfortran" in selection.note
    assert selection.ldflags is not None
    assert selection.ldflags.endswith("-l:libopenblas-1.so")


def test_posted_flags_are_used_where_the_system_links_them(
    provisioned: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "link_error", lambda flags: "")

    assert select("posted", provisioned).ldflags == "-lblas -lgfortran"


@pytest.mark.skipif(not shutil.which("ldconfig", path="/sbin:/usr/sbin"), reason="no ldconfig on this system")
def test_the_loaders_own_library_is_found() -> None:
    found = libraries.loader_finds("libc.so.6")

    assert found is not None
    assert found.exists()
    assert libraries.loader_finds("libno_such.so.1") is None
