"""The recorder of BLAS calls is compiled once for each compiler, or says what is missing."""

import sys
from pathlib import Path

import pytest

from pytest_multicore.environments import cache
from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.interpreters import blas_recorder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="recording is done on Linux only")


@pytest.fixture(scope="module", autouse=True)
def compiler() -> None:
    try:
        blas_recorder.compile_recorder()
    except EnvironmentUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))


def test_it_is_done_once_for_each_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    first = blas_recorder.compile_recorder()
    written = first.stat().st_mtime_ns
    assert (blas_recorder.compile_recorder(), first.stat().st_mtime_ns) == (first, written)
    monkeypatch.setenv("CC", f"{blas_recorder.c_compiler()[0]} -DANYTHING")
    assert blas_recorder.compile_recorder() != first
    assert len(list(first.parent.glob("*.so"))) == 2
    assert {file.suffix for file in first.parent.iterdir()} == {".so", ".sha256"}, "something half made was left"


@pytest.mark.parametrize("part", ["library", "digest"])
@pytest.mark.parametrize("damage", [b"", b"x\n", None])
def test_a_damaged_recorder_is_compiled_again(damage: bytes | None, part: str) -> None:
    """None: one byte in its middle is another."""
    library = blas_recorder.compile_recorder()
    whole = library.read_bytes()
    file = library if part == "library" else library.with_suffix(".sha256")
    content, middle = file.read_bytes(), len(file.read_bytes()) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    file.write_bytes(changed if damage is None else damage)
    assert blas_recorder.compile_recorder() == library
    assert library.read_bytes() == whole
    assert file.read_bytes() == content


def test_without_a_compiler_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(
        EnvironmentUnavailable, match=r"needs a C compiler; looked for cc, gcc or clang.*apt-get install"
    ):
        blas_recorder.compile_recorder()


def test_a_compiler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-cc -m64")
    with pytest.raises(EnvironmentUnavailable, match="looked for CC=no-such-cc -m64, which is no program"):
        blas_recorder.compile_recorder()


def test_a_compiler_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", f"{blas_recorder.c_compiler()[0]} --no-such-flag")
    with pytest.raises(EnvironmentUnavailable, match=r"cannot compile the BLAS call recorder(?s:.*)no-such-flag"):
        blas_recorder.compile_recorder()


def test_a_folder_that_the_loader_would_split_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "my cache"))
    with pytest.raises(EnvironmentUnavailable, match="splits LD_PRELOAD at spaces"):
        blas_recorder.compile_recorder()
