"""The pages on bases: their commands are taken, their recipe parses, and their verdicts are those of the code."""

import re
import shlex
import subprocess

import pytest
import yaml

from pytest_multicore.__main__ import main
from pytest_multicore.rounds.tolerances import FURTHER_PROCESSES, MAX_COMPARISON_TRIES, MAX_PROCESS_SPEED_RATIO
from pytest_multicore.settings.marker import MAX_LOSS
from pytest_multicore.verdicts.base_comparison import Change

from .pages import code_blocks, rows_of, sections, text_of

HOW_TO, BISECT, WHY = text_of("how-to/against"), text_of("how-to/bisect"), text_of("explanation/against")
TYPED = [line[2:] for page in (HOW_TO, BISECT) for block in code_blocks(page, "console") for line in block.splitlines()]
(RECIPE,) = (yaml.safe_load(block) for block in code_blocks(HOW_TO, "yaml"))
STEPS = [step["run"] for step in RECIPE["jobs"]["threads"]["steps"] if "run" in step]


@pytest.fixture
def repository(pytester: pytest.Pytester) -> pytest.Pytester:
    """A repository with a marked test, a branch ``main``, a remote's, and a tag ``v1.0``."""
    (block,) = code_blocks(HOW_TO, "python")
    pytester.makepyfile(test_product=block.replace("test_work", "test_product"))
    identity = "-c user.name=Somebody -c user.email=somebody@example.org"
    for command in (
        *("init -b main", "add .", "commit -m one", "tag v1.0", "commit -m two --allow-empty"),
        "update-ref refs/remotes/origin/main HEAD",
    ):
        subprocess.run(["git", *identity.split(), *command.split()], cwd=pytester.path, check=True, capture_output=True)
    return pytester


@pytest.mark.parametrize("command", [one for one in [*TYPED, *STEPS] if one.startswith("pytest ")])
def test_pytest_takes_each_command(repository: pytest.Pytester, command: str) -> None:
    _, *arguments = shlex.split(command.replace("${{ github.base_ref }}", "main"))
    result = repository.runpytest_subprocess("--collect-only", "-q", *arguments)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["test_product.py::test_product"])


@pytest.mark.parametrize("command", [one for one in TYPED if one.startswith("python ")])
def test_the_command_is_taken(command: str, capsys: pytest.CaptureFixture[str], pytester: pytest.Pytester) -> None:
    """Its releases are asked of no index here: a folder without a repository, and a package that is none."""
    python, module, name, *arguments = shlex.split(command)
    assert [python, module, name] == ["python", "-m", "pytest_multicore"]
    assert main([one.replace("numpy", "numpy!") for one in arguments]) == 2
    assert re.search("git does not read|found no releases", capsys.readouterr().err)


def test_each_kind_of_command_is_there() -> None:
    assert len([one for one in TYPED if one.startswith("python ")]) == 2
    assert len([one for one in [*TYPED, *STEPS] if one.startswith("pytest ")]) == 3


def test_the_recipe_fetches_what_it_compares_with() -> None:
    job = RECIPE["jobs"]["threads"]
    (checkout,) = (step for step in job["steps"] if "checkout@" in step.get("uses", ""))
    assert checkout["with"]["fetch-depth"] == 0
    assert RECIPE["permissions"] == {"contents": "read"}


def test_the_verdicts_are_those_of_the_code() -> None:
    words = [row[0] for row in rows_of(sections(HOW_TO)["What is said"])[1:]]
    assert words == [change.value for change in Change]


def test_figures_are_those_of_the_code() -> None:
    assert f"{MAX_LOSS:g} by default" in HOW_TO
    assert f"takes {('', 'two', 'three')[FURTHER_PROCESSES]} sets of them" in HOW_TO
    assert f"{MAX_PROCESS_SPEED_RATIO:g}" in WHY
    assert "repeated up to twice" in BISECT
    assert MAX_COMPARISON_TRIES == 3
