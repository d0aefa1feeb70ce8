"""A bisection from a user's side: of eight commits, and of wheels in a folder, on real cores."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import psutil
import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.commands.bisect import ComparisonRunner, _conclude, _told
from pytest_multicore.environments.releases import commits, releases
from pytest_multicore.errors import UsageError
from pytest_multicore.rounds.tolerances import MAX_COMPARISON_TRIES
from pytest_multicore.verdicts.bisection import Answer, Neighbours
from tests.fixture_types import Undecided

from .reports.literals import against_base
from .test_against import LOCKED, PARALLEL, PYPROJECT, TEST

#: A test of a package that is installed nowhere else.
IN_FIXTURE = """
import pytest
@pytest.fixture
def work():
    import toy
    return toy.work
@pytest.mark.multicore(threads=2{marker})
def test_work(work):
    work()
"""
needs_two_cores = pytest.mark.skipif(
    len(psutil.Process().cpu_affinity()) < 2, reason="on one core there is no speed-up to lose"
)


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def bisect(folder: Path, undecided: Undecided, *arguments: str) -> str:
    """What a bisection says."""
    command = [sys.executable, "-m", "pytest_multicore", "bisect", "test_toy.py::test_work", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if "undecided" in done.stdout:
        undecided(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_two_cores
@pytest.mark.slow
def test_eight_commits_of_which_one_is_broken(pytester: pytest.Pytester, undecided: Undecided) -> None:
    (pytester.path / "toy").mkdir()
    files = {"pyproject.toml": PYPROJECT, "conftest.py": "import toy\n", "test_toy.py": TEST.format(marker="")}
    for name, text in files.items():
        (pytester.path / name).write_text(text)
    git(pytester.path, "init", "--quiet")
    for number in range(8):
        work = "raise OSError('broken')\n" if number == 4 else PARALLEL if number < 6 else LOCKED
        (pytester.path / "toy/__init__.py").write_text(f"{work}\n# {number}\n")
        git(pytester.path, "add", ".")
        git(pytester.path, "commit", "--quiet", "--message", str(number))
        git(pytester.path, "tag", f"c{number}")
    told = bisect(pytester.path, undecided, "git:c0..c7")
    first, last = (git(pytester.path, "rev-parse", name).strip() for name in ("c6", "c5"))
    assert f"git:{first} lost cores that git:{last} has" in told
    assert re.search(r"^git:\w+ against git:\w+: .*OSError: broken", told, re.MULTILINE), told
    assert "sure: the two differ when compared with each other, too.\n5 verdicts" in told


def wheel(folder: Path, version: str, source: str) -> None:
    """A package ``toy`` by hand."""
    info = f"toy-{version}.dist-info"
    with zipfile.ZipFile(folder / f"toy-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr("toy/__init__.py", source)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: toy\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*archive.namelist(), f"{info}/RECORD"]))


@pytest.fixture
def index(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip and uv look into, and nowhere else."""
    folder = pytester.path / "wheels"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    for tool in ("PIP", "UV"):
        monkeypatch.setenv(f"{tool}_NO_INDEX", "1")
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.mark.exhaustive
@needs_two_cores
def test_the_release_that_won_the_cores(pytester: pytest.Pytester, undecided: Undecided, index: Path) -> None:
    for version, work in {"1.0": LOCKED, "1.1": LOCKED, "1.2": PARALLEL, "1.10": PARALLEL}.items():
        wheel(index, version, work)
    pytester.makepyfile(test_toy=IN_FIXTURE.format(marker=""))
    told = bisect(pytester.path, undecided, "toy", "1.0..1.10")
    assert "4 from toy==1.0 to toy==1.10" in told
    assert "toy==1.2 won cores" in told
    assert "toy==1.1 against toy==1.2: threading regression" in told


@needs_two_cores
@pytest.mark.slow
def test_ends_that_are_not_told_apart_are_undecided_and_not_alike(
    index: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for version, source in (("1.0", PARALLEL), ("1.1", LOCKED)):
        wheel(index, version, source)
    pytester.makepyfile(test_toy=IN_FIXTURE.format(marker=", budget=0.05"))
    monkeypatch.chdir(pytester.path)
    assert main(["bisect", "test_toy.py::test_work", "toy", "1.0..1.1"]) == 1
    *steps, answer = capsys.readouterr().out.strip().splitlines()[1:]
    assert len(steps) == 2 * MAX_COMPARISON_TRIES
    step = r"toy==1.\d against toy==1.\d: undecided, (?:lost|won) .* fit the budget .* \(\d+ s\)"
    assert all(re.fullmatch(step, one) for one in steps), steps
    assert answer.startswith("whether cores were lost between the ends is undecided: ")
    assert "use budget=" in answer


def test_a_step_says_won_or_lost_by_the_sign() -> None:
    assert _told([against_base(0.1, 0.1, cores=1.0)], "") == "threading regression, lost 50 [50, 50] %"
    assert _told([against_base(0.025, 0.1)], "") == "no loss, won 100 [100, 100] %"


@pytest.mark.parametrize(
    ("path", "changed", "told"),
    [
        (["a==1", "a==2"], "lost", "a==2 lost cores that a==1 has (threading regression, lost 50 %)"),
        (["a==2", "a==1"], "won", "a==2 won cores that a==1 lacks (a==1 against it: threading regression, lost 50 %)"),
    ],
)
def test_the_answer_says_who_has_the_cores_whichever_way_they_went(
    capsys: pytest.CaptureFixture[str], path: list[str], changed: str, told: str
) -> None:
    runner = ComparisonRunner("test_it.py::test_it", [])
    runner.last = "threading regression, lost 50 %"
    assert _conclude(runner, path, Neighbours(0, 1, (), 0), changed, Answer.DIFFERENT) == 0
    assert capsys.readouterr().out.splitlines()[1] == told


# -- the lines --------------------------------------------------------------------------------------------------------
def test_final_releases_that_have_a_wheel(index: Path) -> None:
    for version in ("1.0", "1.2", "1.10", "1.11rc1", "2.0"):
        wheel(index, version, "")
    assert releases("toy", "1.0..2.0", None) == ["toy==1.0", "toy==1.2", "toy==1.10", "toy==2.0"]
    assert releases("toy", "1.10..1.0", None) == ["toy==1.10", "toy==1.2", "toy==1.0"]
    assert releases("toy", "2.0,1.0", None) == ["toy==2.0", "toy==1.0"], "as they are named"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1.0..3.0", "the index has no wheel of 3.0 for this Python; between: 1.0, 1.2"),
        ("1.0", "expected two releases, such as 1.26.4..2.4.6, or a list"),
        ("1.0..1.0.0", "expected two releases, such as 1.26.4..2.4.6, or a list"),
        ("1.0,1.2,1.0", "expected two releases, such as 1.26.4..2.4.6, or a list"),
        ("1.0..last", "toy last: expected a release such as 1.26.4"),
    ],
)
def test_releases_that_there_are_not(index: Path, text: str, told: str) -> None:
    for version in ("1.0", "1.2"):
        wheel(index, version, "")
    with pytest.raises(UsageError, match=re.escape(told)):
        releases("toy", text, None)


def test_a_package_that_there_is_not(index: Path) -> None:
    with pytest.raises(UsageError, match="found no releases; is the name right"):
        releases("nothing", "1..2", None)


def test_commits_are_those_of_the_first_parents(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "-b", "main")
    for name in ("one", "two", "three"):
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", name)
    git(tmp_path, "checkout", "--quiet", "-b", "side", "HEAD~1")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "beside")
    git(tmp_path, "checkout", "--quiet", "main")
    git(tmp_path, "merge", "--quiet", "--no-ff", "side", "--message", "four")
    line = commits("git:HEAD~3..main", tmp_path)
    assert [git(tmp_path, "show", "-s", "--format=%s", one[4:]).strip() for one in line] == [
        *("one", "two", "three", "four")
    ]
    assert commits("git:HEAD~3..", tmp_path) == line, "the last one, unless told"
    for wrong in ("git:main..HEAD~1", "git:main..main", "git:main", "git:nothing..main", "git:side~..-all"):
        with pytest.raises(UsageError, match="expected"):
            commits(wrong, tmp_path)


def test_wrong_use_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bisect", "test_it.py::test_a", "numpy"]) == 2
    assert "expected git:GOOD..BAD, or a package and FIRST..LAST" in capsys.readouterr().err
    assert main(["bisect", "test_it.py::test_a", "numpy", "1.0..1.2", "--python-version", "zz"]) == 2
    assert "--python-version zz: expected a version such as 3.13" in capsys.readouterr().err


def test_what_pytest_says_of_wrong_use_is_shown_in_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["bisect", "test_it.py::test_a", "numpy", "1.26.4,2.4.6"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "error: pytest ended with 4:"
    assert any(re.fullmatch(r"ERROR: .*test_it\.py.*", line) for line in told), told
