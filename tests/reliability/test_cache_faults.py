"""A cache folder that cannot be used leaves a test inconclusive and is named; any other is used, wherever it lies."""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_multicore.environments import cache
from pytest_multicore.environments.cache import CACHE_VARIABLE
from pytest_multicore.environments.damage import damage
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.installed_packages import installed_packages
from pytest_multicore.environments.provision import prepare
from tests.environments.packages import write_wheel

from .hosts import PROJECT, STRANGER, Ended, Host, session_on

SOURCE = """
import pytest
@pytest.mark.multicore(min_cores=0.001, threads=1, environment="own")
def test_measured(multicore): multicore.run("work.py:work")
def test_plain(): pass
"""
DELETING = """
import shutil
import pytest
measured = pytest.mark.multicore(min_cores=0.001, threads=1, environment="own")
@measured
def test_before(multicore): multicore.run("work.py:work")
def test_plain(): shutil.rmtree("cache")
@measured
def test_measured(multicore): multicore.run("work.py:work")
"""
WORK = "import tiny\ndef work(): return sum(i * i for i in range(20000)) + tiny.ANSWER\n"
TABLE = "[tool.pytest-multicore.environments.own]\n"
#: In the project, so that a second session finds what the first one has built.
CACHE = PROJECT / "cache"


def project(folder: Path, source: str = SOURCE, large: str = "") -> None:
    """A project with an environment of its own, which needs no network."""
    wheel = write_wheel(folder, content=f"ANSWER = 42\nLARGE = '{large}'\ndef say(): print(ANSWER)\n")
    (folder / "pyproject.toml").write_text(f'{TABLE}requires = ["tiny @ {(PROJECT / wheel.name).as_uri()}"]\n')
    (folder / "work.py").write_text(WORK)
    (folder / "test_it.py").write_text(source)


def with_cache(host: Host, folder: Path, place: str | None = str(CACHE), *options: str) -> Ended:
    offline = {CACHE_VARIABLE: place, "UV_OFFLINE": "1", "UV_CACHE_DIR": str(PROJECT / "uv"), "PIP_NO_INDEX": "1"}
    return session_on(host, folder, *options, variables=offline)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a cache.

    Attributes:
        shell: makes it so, as root.
        told: what the reason says; nothing where the test is measured all the same.
        user: see Host.
        place: where the cache lies; None: where it lies by default.
        built: whether a session before has built the environment.
        bytes: how much an environment takes, in addition.
    """

    shell: Sequence[str] = ()
    told: tuple[str, ...] = ()
    user: int | None = None
    place: str | None = str(CACHE)
    built: bool = False
    bytes: int = 0


EXPECTED = "expected a folder with room that can be written"
READ_ONLY = f"mkdir -p {CACHE}; mount --bind {CACHE} {CACHE}; mount -o remount,bind,ro {CACHE}"
FULL = f"mkdir {CACHE}; mount -t tmpfs -o size=1m,mode=700 tmpfs {CACHE}"
FAULTS = {
    "read-only": Fault([READ_ONLY], (f"cache folder {CACHE}: Read-only file system", EXPECTED)),
    "read-only with all its folders": Fault(
        [f"mkdir -p {CACHE}/environments {CACHE}/locks {CACHE}/logs", READ_ONLY],
        (f"cache folder {CACHE}: Read-only file system", EXPECTED),
    ),
    "read-only, and built": Fault([READ_ONLY], built=True),
    "another user's": Fault(
        [f"mkdir -m 755 {CACHE}"], (f"cache folder {CACHE}: Permission denied", EXPECTED), user=STRANGER
    ),
    "a third user's": Fault(
        [f"mkdir -m 755 {CACHE}; chown 12345 {CACHE}"],
        (f"cache folder {CACHE}: it belongs to another user (number 12345)",),
        user=STRANGER,
    ),
    "another user's lock": Fault(
        [f"chown -R root {CACHE}/locks {CACHE}/environments; rm -r {CACHE}/environments/*"],
        (f"cache folder {CACHE}: Permission denied", EXPECTED),
        user=STRANGER,
        built=True,
    ),
    "full": Fault([FULL], ("cannot build environment 'own'", "a disk is full"), bytes=2 << 20),
    "full to the last byte": Fault(
        [FULL, f"cat /dev/zero > {CACHE}/zeros || true"], ("cannot build environment 'own': No space left on device",)
    ),
    "open to all": Fault([f"mkdir -m 777 {CACHE}"], (f"cache folder {CACHE}: anybody may write there (mode 777)",)),
    "a file": Fault([f"echo kept > {CACHE}"], (f"cache folder {CACHE}: it is a file", EXPECTED)),
    "below a file": Fault([f"echo kept > {CACHE}"], ("a part of its path is a file", EXPECTED), place=f"{CACHE}/below"),
    "of a strange name": Fault(place=f"{PROJECT}/ca che 'q\" $HOME %s \u00fcn\u00ef-\u2603"),
    "of no home": Fault([], ("this user has no home folder", f"Set {CACHE_VARIABLE}"), user=STRANGER, place=None),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_cache_is_used_or_named(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    project(tmp_path, large=secrets.token_hex(fault.bytes // 2))
    if fault.built:
        with_cache(Host(user=fault.user), tmp_path, fault.place).passes()
    host = Host([*fault.shell, *(["unset HOME"] if fault.place is None else [])], user=fault.user)
    ended = with_cache(host, tmp_path, fault.place)
    ended.is_left_open(*fault.told) if fault.told else ended.passes()
    if "kept" in "".join(fault.shell):
        assert (tmp_path / "cache").read_text() == "kept\n"


@pytest.mark.slow
def test_a_cache_that_is_deleted_meanwhile_is_named(tmp_path: Path) -> None:
    project(tmp_path, DELETING)
    ended = with_cache(Host(), tmp_path)
    assert ended.results["test_before"]["outcome"] == "passed", ended.output
    assert ended.results["test_measured"]["outcome"] == "inconclusive", ended.output
    assert "was deleted meanwhile; run again, and it is built again" in ended.output
    with_cache(Host(), tmp_path, str(CACHE), "--deselect", "test_it.py::test_measured")
    again = with_cache(Host(), tmp_path, str(CACHE), "-k", "before")
    assert again.results["test_before"]["outcome"] == "passed", again.output


@pytest.mark.slow
def test_without_a_network_the_remedy_is_told(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "pyproject.toml").write_text(f'{TABLE}requires = ["tiny==1.0"]\n')
    online = {CACHE_VARIABLE: str(CACHE), "UV_CACHE_DIR": str(PROJECT / "uv"), "UV_HTTP_RETRIES": "0"}
    ended = session_on(Host(namespaces=["--net"]), tmp_path, variables=online)
    ended.is_left_open("cannot build environment 'own'", "the package index could not be reached")


def damaged_at_random(file: Path, number: random.Random) -> int:
    """Change one byte of a file; returns which."""
    content = bytearray(file.read_bytes())
    at = number.randrange(len(content))
    content[at] ^= number.randrange(1, 256)
    file.write_bytes(content)
    return at


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(8))
def test_a_cache_with_a_changed_byte_is_used_built_again_or_named(seed: int, tmp_path: Path) -> None:
    project(tmp_path)
    with_cache(Host(), tmp_path).passes()
    files = [file for file in sorted((tmp_path / "cache").rglob("*")) if file.is_file() and not file.is_symlink()]
    files = [file for file in files if file.stat().st_size and file.suffix != ".pyc"]
    number = random.Random(seed)
    file = number.choice(files)
    at = damaged_at_random(file, number)
    ended = with_cache(Host(), tmp_path)
    (result,) = ended.results.values()
    assert result["outcome"] in ("passed", "inconclusive"), f"{file} at {at}\n{ended.output}"
    assert "PASSED test_it.py::test_plain" in ended.output


@pytest.mark.slow
def test_bytecode_that_is_cut_short_is_named(tmp_path: Path) -> None:
    project(tmp_path)
    with_cache(Host(), tmp_path).passes()
    (bytecode,) = (tmp_path / "cache").rglob("tiny.*.pyc")
    bytecode.write_bytes(bytecode.read_bytes()[: random.Random(1).randrange(17, bytecode.stat().st_size)])
    with_cache(Host(), tmp_path).is_left_open("is damaged: 1 of its files", "tiny.cpython", "delete that folder")


def test_a_changed_byte_in_what_is_read_of_an_environment_is_no_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    built = prepare(Environment("own", requires=(f"tiny @ {write_wheel(tmp_path).as_uri()}",)))
    assert built.folder is not None
    files = [built.folder / cache.RECORD_NAME, built.site_packages / "tiny.py"]
    files += [file for file in built.site_packages.glob("tiny*/*") if file.stat().st_size]
    number, damages = random.Random(1), set[str]()
    for _ in range(150):
        file = number.choice(files)
        whole = file.read_bytes()
        damaged_at_random(file, number)
        installed_packages(built.site_packages)
        damages.add(damage(built).partition(" in ")[0])
        record = cache.record_in(built.folder)  # None: it says nothing whole, and the environment is built again
        assert record is None or built.folder / record["site_packages"] == built.site_packages
        assert record is None or all(isinstance(line, str) for line in record["installed"])
        file.write_bytes(whole)
    assert damages == {"", "the environment"}
    assert damage(built) == ""
