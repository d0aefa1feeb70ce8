"""The recipes for CI: files that parse, with commands whose options exist."""

import re
import shlex
import tomllib
from typing import Any

import pytest
import yaml

from pytest_multicore.settings.options import OPTIONS

from .pages import code_blocks, text_of

PAGE = text_of("how-to/ci")
FLAGS = {option.flag: option.metavar for option in OPTIONS}

GITHUB, ELSEWHERE, COMMENT, GITLAB, CHART = (yaml.safe_load(block) for block in code_blocks(PAGE, "yaml"))
(DOCKER,) = (line[2:] for block in code_blocks(PAGE, "console") for line in block.splitlines() if "docker" in line)


def commands() -> list[str]:
    """Every command of the page that runs pytest."""
    steps = [step["run"] for file in (GITHUB, ELSEWHERE) for step in file["jobs"]["threads"]["steps"] if "run" in step]
    typed = [line[2:] for block in code_blocks(PAGE, "console") for line in block.splitlines()]
    in_docker = shlex.split(DOCKER)[-1].split(" && ")
    everything = [*steps, *GITLAB["threads"]["script"], *typed, *in_docker]
    return [one for one in everything if one.startswith("pytest ")]


def check_job(job: dict[str, Any]) -> None:
    """A job of GitHub Actions has what one may have."""
    assert job.keys() <= {"runs-on", "timeout-minutes", "env", "steps", "if", "permissions", "needs", "strategy"}
    for step in job["steps"]:
        check_step(step)


def check_step(step: dict[str, Any]) -> None:
    """A step of GitHub Actions has what one may have."""
    assert step.keys() <= {"uses", "with", "run", "if", "env"}
    assert ("uses" in step) != ("run" in step)
    assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1")), step


def test_the_workflow_of_github() -> None:
    """PyYAML reads ``on`` as YAML 1.1 does: true."""
    assert GITHUB.keys() == {"name", True, "permissions", "jobs"}
    job = GITHUB["jobs"]["threads"]
    check_job(job)
    for step in CHART:
        check_step(step)
    cache = next(step["with"] for step in job["steps"] if "cache@" in step.get("uses", ""))
    assert job["env"]["PYTEST_MULTICORE_CACHE"].endswith("/" + cache["path"])


def test_the_workflow_for_other_systems() -> None:
    assert ELSEWHERE.keys() == {"name", True, "permissions", "jobs"}
    job = ELSEWHERE["jobs"]["threads"]
    check_job(job)
    assert job["strategy"]["matrix"] == {"os": ["macos-latest", "windows-latest"]}
    assert job["runs-on"] == "${{ matrix.os }}"
    assert "matrix.os" in job["steps"][-1]["with"]["name"], "artifacts of one name replace each other"


def test_the_job_of_gitlab() -> None:
    assert GITLAB.keys() == {"threads"}
    job = GITLAB["threads"]
    assert job.keys() == {"image", "variables", "cache", "script", "after_script", "artifacts"}
    assert job["artifacts"]["reports"]["metrics"] in job["artifacts"]["paths"]
    assert job["after_script"][0].endswith(f"--output {job['artifacts']['reports']['metrics']}")
    assert all(isinstance(line, str) for line in job["script"])
    (path,) = job["cache"]["paths"]
    assert job["variables"]["PYTEST_MULTICORE_CACHE"] == f"$CI_PROJECT_DIR/{path.rstrip('/')}"


@pytest.mark.parametrize("job", [*(file["jobs"]["threads"] for file in (GITHUB, ELSEWHERE)), GITLAB["threads"]])
def test_what_is_kept_is_what_is_written(job: dict[str, Any]) -> None:
    lines = [step.get("run", "") for step in job.get("steps", ())] + job.get("script", [])
    written = re.findall(r"--(?:multicore-json|junitxml)=(\S+)", " ".join(lines))
    kept = str(job.get("artifacts") or job["steps"][-1]["with"])
    assert written
    assert all(file in kept for file in written)


def test_one_capability_is_permitted_by_both() -> None:
    assert re.findall(r"--cap-add=(\w+)", DOCKER) == ["SYS_NICE"]
    (runner,) = (tomllib.loads(block) for block in code_blocks(PAGE, "toml"))
    assert runner["runners"][0]["docker"]["cap_add"] == ["SYS_NICE"]


def test_every_option_of_the_page_exists() -> None:
    named = set(re.findall(r"--multicore-[a-z]+", PAGE))
    assert len(named) > 4
    assert named <= FLAGS.keys()


@pytest.mark.other_plugins
@pytest.mark.parametrize("command", commands())
def test_pytest_takes_each_command(pytester: pytest.Pytester, command: str) -> None:
    pytester.makepyfile("import pytest\n@pytest.mark.multicore\ndef test_it(): pass")
    _, *arguments = shlex.split(command)
    for one in arguments:
        flag, equals, _ = one.partition("=")
        assert not flag.startswith("--multicore-") or bool(FLAGS[flag]) == bool(equals), one
    if "--multicore-doctor" not in arguments:
        assert pytester.runpytest("--collect-only", *arguments).ret == pytest.ExitCode.OK


def test_each_file_runs_pytest() -> None:
    assert len(commands()) == 7
