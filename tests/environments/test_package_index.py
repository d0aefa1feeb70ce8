"""What pip and uv print of an index that lacks what is to be installed, told from all other failures."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from packaging.version import Version

from pytest_multicore.environments import package_index
from pytest_multicore.environments.commands import ToolFailed
from pytest_multicore.environments.package_index import absence_told, absent, nearest
from pytest_multicore.errors import NoSuchRelease

UV = "error: No solution found when resolving dependencies\n  cause: "
END = ", we can conclude that your requirements are unsatisfiable."
PIP = "ERROR: Could not find a version that satisfies the requirement "

#: What is printed, by what was to be installed.
ABSENT = [
    ("nunpy==1.0", f"{UV}Because nunpy was not found in the package registry and you require nunpy==1.0{END}"),
    ("Theeano==1.0", f"{UV}Because theeano was not found in the package registry and you require theeano==1.0{END}"),
    ("numpy==99.0", f"{UV}Because there is no version of numpy==99.0 and you require numpy==99.0{END}"),
    ("numpy>=99", f"{UV}Because only numpy<=2.5.5 is available and you require numpy>=99{END}"),
    (
        "six>1,<1.0.1",
        f"{UV}Because only the following versions of six are available:\n    six<=1.0\n    six>=1.1\nand you require "
        f"six>1,<1.0.1{END}",
    ),
    ("nunpy==1.0", f"{PIP}nunpy==1.0 (from versions: none)\nERROR: No matching distribution found for nunpy==1.0"),
    (
        "my_own.thing==99.0",
        f"ERROR: Ignored the following versions that require a different python version: 2.5.0 Requires-Python >=3.12\n"
        f"{PIP}my-own-thing==99.0 (from versions: 1.3.0)\nERROR: No matching distribution found for my-own-thing==99.0",
    ),
]
#: Another run, another machine or another interpreter may have it.
OTHER = [
    (
        "tensorflow==1.0",
        f"{UV}Because tensorflow==1.0.0 has no wheels with a matching Python ABI tag (e.g., `cp311`) and you require "
        f"tensorflow==1.0{END}",
    ),
    (
        "foo==1",
        f"{UV}Because there is no version of numpy==99.0 and foo==1 depends on numpy==99.0, we can conclude that "
        f"foo==1 cannot be used. And because you require foo==1{END}",
    ),
    (
        "numpy",
        f"{UV}Because only numpy<=2.5.5 is available and foo==1 depends on numpy>=99, we can conclude that foo==1 "
        f"cannot be used. And because you require foo==1 and you require numpy{END}",
    ),
    ("nunpy==1.0", "error: Failed to fetch: `https://pypi.org/simple/nunpy/`\n  cause: dns error"),
    (
        "nunpy==1.0",
        f"{UV}Because nunpy was not found in the package registry and you require nunpy==1.0{END}\nhint: An index URL "
        "(https://example.org/simple) could not be queried due to a lack of valid authentication credentials",
    ),
    (
        "nunpy==1.0",
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError(...)': /simple/nunpy/\n"
        f"{PIP}nunpy==1.0 (from versions: none)\nERROR: No matching distribution found for nunpy==1.0",
    ),
    (
        "numpy==2.5.0",
        "ERROR: Ignored the following versions that require a different python version: 2.5.0 Requires-Python >=3.12\n"
        f"{PIP}numpy==2.5.0 (from versions: 2.4.6)\nERROR: No matching distribution found for numpy==2.5.0",
    ),
    ("own @ file:///own", "error: command 'gcc' failed"),
    ("/wheels/own-1.0-py3-none-any.whl", f"{UV}Because there is no version of numpy==99.0 and you require numpy{END}"),
]


@pytest.mark.parametrize(("requirement", "printed"), ABSENT)
def test_what_the_index_lacks_is_told(requirement: str, printed: str) -> None:
    assert absent(printed, ("sciipy==1.0", requirement)) == requirement
    assert absent(printed, ("numexpr==99.0",)) is None, "one that another package needs is none of the user's"


@pytest.mark.parametrize(("requirement", "printed"), OTHER)
def test_another_failure_is_none_of_that(requirement: str, printed: str) -> None:
    assert absent(printed, (requirement,)) is None


def test_the_nearest_releases_are_named_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [Version(f"1.{minor}") for minor in range(40)]
    monkeypatch.setattr(package_index, "final_releases", lambda package, python: known[::-1])
    assert list(map(str, nearest("numpy==1.7.5", "3.11"))) == ["1.6", "1.7", "1.8", "1.9"]
    assert list(map(str, nearest("numpy==99", "3.11"))) == ["1.38", "1.39"]
    assert nearest("numpy", "3.11") == nearest("numpy==1.*", "3.11") == []
    with (
        pytest.raises(
            NoSuchRelease, match=r"cannot do: the package index has no numpy==99 for Python 3\.11; .* 1\.39$"
        ),
        absence_told("do", ("numpy==99",), (3, 11, 7)),
    ):
        raise ToolFailed("", f"{UV}Because there is no version of numpy==99 and you require numpy==99{END}")


TEST = """
import pytest

@pytest.mark.multicore
def test_a(): pass

@pytest.mark.multicore
def test_b(): pass
"""
ENVIRONMENT = '[tool.pytest-multicore.environments.own]\nrequires = ["nunpy==1.0"]\n'


@pytest.mark.slow
@pytest.mark.parametrize("option", ["against=nunpy==1.0", "overlay=nunpy==1.0", "environment=own"])
@pytest.mark.parametrize("said", ["absent", "unreachable"])
def test_a_release_that_there_is_not_ends_the_session_as_a_usage_error(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str, said: str
) -> None:
    """uv's part is played by a script that prints what it printed; pip has no index."""
    printed = {"absent": ABSENT[0][1], "unreachable": OTHER[3][1]}[said]
    played = tmp_path / "uv"
    played.write_text(f"#!/bin/sh\ncase \"$*\" in 'pip install'*) cat <<'END'\n{printed}\nEND\nexit 1;; esac\n")
    played.chmod(played.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "uv.py").write_text(f"def find_uv_bin():\n    return {os.fspath(played)!r}\n")
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    monkeypatch.setenv("PYTEST_MULTICORE_CACHE", os.fspath(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    pytester.makepyfile(TEST)
    pytester.path.joinpath("pyproject.toml").write_text(ENVIRONMENT)
    result = pytester.runpytest_subprocess(f"--multicore-{option}", "-rs")
    if said == "absent":
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stdout.fnmatch_lines(["*Exit: cannot *: the package index has no nunpy==1.0 for Python *"])
    else:
        assert result.ret == pytest.ExitCode.OK
        result.assert_outcomes(skipped=2)
        result.stdout.fnmatch_lines(["*the package index could not be reached*"])
