"""The password of an index reaches the tools, and neither a log nor a record."""

import sys
from pathlib import Path

import pytest

from pytest_multicore.environments import commands
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.provision import prepare

CANARY = "canary-8d1f"
ADDRESS = f"https://user:p@{CANARY}@127.0.0.1:9/simple"


@pytest.mark.usefixtures("offline")
def test_nothing_that_is_told_or_kept_of_an_environment_holds_a_password(tiny: str, cache_folder: Path) -> None:
    told: list[str] = []
    prepare(Environment("own", requires=(tiny, f"--extra-index-url={ADDRESS}")), progress=told.append)
    assert "--extra-index-url=https://****@127.0.0.1:9/simple" in told[0]
    files = [path for path in cache_folder.rglob("*") if path.is_file()]
    assert {"multicore.json"} <= {path.name for path in files}
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []


def test_what_a_tool_prints_is_kept_without_passwords(tmp_path: Path) -> None:
    commands.run([sys.executable, "-c", f"print('{ADDRESS} and no more')"], tmp_path / "log", "look")
    assert (tmp_path / "log").read_text().endswith("\nhttps://****@127.0.0.1:9/simple and no more\n")
