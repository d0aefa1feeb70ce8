"""What CI does with reports, as the pages show it: each command is run, and the comment is posted to a made GitHub."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_multicore.commands.export import ASV, FORMATS
from tests.reports.literals import HOSTILE, measured, reported, unmeasured, written

from .pages import code_blocks, rows_of, sections, text_of
from .test_ci import CHART, COMMENT, GITHUB, GITLAB, PAGE, check_job

MANY = text_of("how-to/many-machines")
(MATRIX,) = (yaml.safe_load(block) for block in code_blocks(MANY, "yaml"))
GIT = "git -c user.name=made -c user.email=made@example.org -c init.defaultBranch=main"
ASV_CONFIGURATION = {
    "version": 1,
    "project": "made",
    "repo": ".",
    "branches": ["main"],
    "results_dir": "results",
    "html_dir": "html",
}


def typed(page: str) -> list[str]:
    """The commands that a page has a reader type, without pytest's and Docker's."""
    lines = [line[2:] for block in code_blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")]
    return [line for line in lines if not line.startswith(("pytest ", "docker "))]


def of_steps(steps: list[dict[str, Any]]) -> list[str]:
    return [step["run"] for step in steps if "pytest_multicore" in step.get("run", "")]


COMMANDS = [
    *typed(PAGE),
    *typed(MANY),
    *of_steps([*COMMENT["jobs"]["comment"]["steps"], *CHART, *MATRIX["jobs"]["report"]["steps"]]),
    *GITLAB["threads"]["after_script"],
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the reports that the commands name."""
    tmp_path.joinpath("asv.conf.json").write_text(json.dumps(ASV_CONFIGURATION))
    product = reported(measured(1.8, test="test_product.py::test_product", workload="test_product"))
    for name in ("multicore.json", "artifact/multicore.json", "a/multicore.json", "reports/x86/multicore.json"):
        written(tmp_path / name, product)
    for name in ("b/multicore.json", "reports/arm/multicore.json"):
        written(tmp_path / name, reported(measured(1.7), cpu="Arm"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    shell(f"{GIT} init -q && {GIT} commit -q --allow-empty -m Begin", tmp_path)
    return tmp_path


def shell(command: str, folder: Path) -> str:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_search_finds_the_commands() -> None:
    assert len(COMMANDS) == 11
    assert {word for one in COMMANDS for word in re.findall(r"pytest_multicore (\w+)", one)} == {"export", "merge"}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_works(project: Path, command: str) -> None:
    command = command.replace("python -I", f"PYTHONPATH={os.environ.get('PYTHONPATH', '')} python")
    if command == "asv publish":
        shell(next(one for one in COMMANDS if "--format asv" in one), project)
        command += " --no-pull"
    shown = shell(command, project)
    output = re.search(r"(?:--output|-o|>>) (\S+)", command)
    if output:
        file = project / output[1].strip('"').replace("$GITHUB_STEP_SUMMARY", "summary.md")
        assert file.is_dir() or file.read_text(encoding="utf-8")
    elif command.startswith("python"):
        assert shown.startswith("### pytest-multicore")
    if " merge " in command:
        assert re.fullmatch(r"multicore.json: 2 results of 2 hosts \((x86, arm|arm, x86)\)\n", shown)


def test_the_page_shows_what_merge_says(project: Path) -> None:
    (block,) = (block for block in code_blocks(MANY, "console") if " merge " in block)
    command, expected = block.removeprefix("$ ").split("\n", 1)
    assert shell(command, project) == expected


def test_each_format_has_its_row() -> None:
    (rows,) = (rows_of(part) for title, part in sections(PAGE).items() if title == "Figures for other tools")
    assert {row[0].strip("`") for row in rows[1:]} == {*FORMATS, ASV}


#: The numbers of pull requests and comments that the made GitHub knows, by what is asked of it.
FAKE_GH = """\
#!/usr/bin/env python
import json, os, subprocess, sys
arguments = sys.argv[1:]
with open("asked", "a") as asked:
    asked.write(json.dumps(arguments) + "\\n")
answers = json.load(open("answers.json"))
if "--jq" in arguments:
    kind = "comments" if any(one.endswith("/comments") for one in arguments) else "pulls"
    query = arguments[arguments.index("--jq") + 1]
    answer = json.dumps(answers[kind])
    sys.exit(subprocess.run(["jq", "-r", query], input=answer, text=True).returncode)
"""
HEAD_SHA = "c" * 40
OURS = {"id": 7, "user": {"login": "github-actions[bot]"}, "body": "### pytest-multicore\n\nolder"}
OTHERS = [
    {"id": 5, "user": {"login": "github-actions[bot]"}, "body": "of another workflow"},
    {"id": 6, "user": {"login": "someone"}, "body": "### pytest-multicore, he said"},
]


def post(folder: Path, pulls: list[dict[str, Any]], comments: list[dict[str, Any]], branch: str) -> list[list[str]]:
    """What the comment's last step asks of a made GitHub."""
    (step,) = (step for step in COMMENT["jobs"]["comment"]["steps"] if "env" in step)
    binaries = folder / "bin"
    binaries.mkdir()
    (binaries / "gh").write_text(FAKE_GH)
    (binaries / "gh").chmod(0o755)
    (folder / "answers.json").write_text(json.dumps({"pulls": pulls, "comments": comments}))
    values = {"GH_TOKEN": "t", "GH_REPO": "o/r", "OWNER": "stranger", "BRANCH": branch, "SHA": HEAD_SHA}
    assert values.keys() == step["env"].keys()
    assert "${{" not in step["run"], "what a stranger names would become part of the script"
    environment = {**os.environ, **values, "PATH": f"{binaries}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=folder, env=environment, check=True)
    return [json.loads(line) for line in (folder / "asked").read_text().splitlines()]


PULL = {"number": 42, "head": {"sha": HEAD_SHA}}
needs_jq = pytest.mark.skipif(subprocess.run(["which", "jq"], capture_output=True).returncode != 0, reason="needs jq")


@needs_jq
def test_the_first_comment_is_posted(tmp_path: Path) -> None:
    branch = "$(touch owned); `touch owned`"
    asked = post(tmp_path, [{"number": 41, "head": {"sha": "d"}}, PULL], OTHERS, branch)
    assert f"head=stranger:{branch}" in asked[0]
    assert asked[-1] == ["pr", "comment", "42", "--body-file", "comment.md"]
    assert not (tmp_path / "owned").exists()


@needs_jq
def test_a_later_run_changes_its_own_comment_alone(tmp_path: Path) -> None:
    asked = post(tmp_path, [PULL], [*OTHERS, OURS], "b")
    assert asked[-1] == [
        "api",
        "--method",
        "PATCH",
        "repos/o/r/issues/comments/7",
        "-F",
        "body=@comment.md",
        "--silent",
    ]


@needs_jq
@pytest.mark.parametrize("pulls", [[], [{"number": 41, "head": {"sha": "d"}}]], ids=["none", "newer commits"])
def test_without_the_pull_request_nothing_is_posted(tmp_path: Path, pulls: list[dict[str, Any]]) -> None:
    assert len(post(tmp_path, pulls, [OURS], "b")) == 1


def test_the_job_that_may_write_runs_nothing_of_the_pull_request() -> None:
    """It starts after the workflow of the same page, gets its artifact's file, and has no other rights."""
    assert COMMENT[True]["workflow_run"]["workflows"] == [GITHUB["name"]]
    assert COMMENT["permissions"] == {}
    job = COMMENT["jobs"]["comment"]
    check_job(job)
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert job["if"] == "github.event.workflow_run.event == 'pull_request'"
    assert not [step for step in job["steps"] if "checkout" in step.get("uses", "") or "-e ." in step.get("run", "")]
    (download,) = (step["with"] for step in job["steps"] if "download" in step.get("uses", ""))
    uploaded = GITHUB["jobs"]["threads"]["steps"][-1]["with"]
    assert download["name"] == uploaded["name"]
    (export,) = of_steps(job["steps"])
    assert f"{download['path']}/{uploaded['path']}" in export


def test_a_hostile_report_becomes_a_comment_and_nothing_else(project: Path) -> None:
    record = measured(1.1, test=HOSTILE, workload=HOSTILE)
    written(project / "artifact" / "multicore.json", reported(record, unmeasured(HOSTILE, HOSTILE)))
    (export,) = of_steps(COMMENT["jobs"]["comment"]["steps"])
    export = export.replace("python -I", f"PYTHONPATH={os.environ.get('PYTHONPATH', '')} python")
    assert shell(export, project) == ""
    comment = (project / "comment.md").read_text(encoding="utf-8")
    assert comment.startswith("### pytest-multicore")
    assert "<script" not in comment


def test_the_matrix_joins_what_its_jobs_keep() -> None:
    for job in MATRIX["jobs"].values():
        check_job(job)
    kept = MATRIX["jobs"]["threads"]["steps"][-1]["with"]["name"]
    (download,) = (step for step in MATRIX["jobs"]["report"]["steps"] if "download" in step.get("uses", ""))
    assert re.fullmatch(download["with"]["pattern"].replace("*", ".*"), kept)
    assert MATRIX["jobs"]["report"]["needs"] == "threads"
