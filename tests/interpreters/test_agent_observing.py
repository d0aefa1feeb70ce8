"""The message that has an agent watched, and what is watched in a test's item."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.interpreters.dialogue import Dialogue, on_every_interpreter
from tests.interpreters.observing import WATCHED, observed, source_file


@on_every_interpreter
def test_nothing_is_loaded_and_nothing_told_without_the_message(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        before = child.ask("call", target=f"{WATCHED}:count_modules")["value"]
        child.ask("open", target=f"{WATCHED}:two_lines", arguments={"seconds": 0.01})
        child.ask("round", repeat=1)
        assert child.ask("facts")["observed"] is None
        assert child.ask("call", target=f"{WATCHED}:count_modules")["value"] == before


@on_every_interpreter
def test_changes_alone_observe_nothing(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.ask("watch", observe=False)["type"] == "watching"
        assert child.ask("facts")["observed"] is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"observe": 1}, "a boolean"),
        ({"observe": True, "trace": None}, "a boolean"),
        ({"observe": True, "threads": 0}, "an integer >= 1 or null"),
        ({"observe": True, "changes": ["no-gravity"]}, "no change 'no-gravity'"),
    ],
)
def test_a_wrong_message_is_refused(tmp_path: Path, fields: dict[str, Any], why: str) -> None:
    with Dialogue(sys.executable, tmp_path) as child:
        error = child.ask("watch", **fields)
    assert (error["type"], error["kind"]) == ("error", "protocol")
    assert why in error["message"]


def test_it_comes_before_open_and_once(tmp_path: Path) -> None:
    with Dialogue(sys.executable, tmp_path) as child:
        assert child.ask("watch", observe=True)["type"] == "watching"
        assert child.ask("watch", observe=True)["kind"] == "protocol"
    with Dialogue(sys.executable, tmp_path) as child:
        child.ask("open", target=f"{WATCHED}:sleeping", arguments={"seconds": 0})
        assert "before open" in child.ask("watch", observe=True)["message"]


def test_a_pytest_item_is_observed_in_its_rounds(tmp_path: Path) -> None:
    source_file(
        tmp_path,
        "test_it.py",
        "import time",
        "def test_it():",
        "    time.sleep(0.1)",
    )
    arguments = {
        "options": {"rootdir": str(tmp_path)},
        "args": [str(tmp_path / "test_it.py"), "-p", "no:cacheprovider"],
        "nodeid": "test_it.py::test_it",
        "threads": 1,
    }
    with Dialogue(sys.executable, tmp_path) as child:
        child.ask("watch", observe=True)
        assert child.ask("test", arguments=arguments, path=[])["type"] == "collected"
        assert child.ask("begin")["type"] == "begun"
        ready = child.ask("attempt")
        assert ready["type"] == "ready"
        first = dict(child.ask("facts")["observed"], wall_s=ready["wall_s"])
        done = child.ask("round", repeat=1)
        assert done["type"] == "done"
        seen = dict(child.ask("facts")["observed"], wall_s=done["wall_s"])
        assert child.ask("finish")["type"] == "ended"
    for told in (first, seen):
        assert told["lines"][0]["function"] == "test_it"
        assert told["lines"][0]["source"] == "time.sleep(0.1)"
        assert 0.09 < told["slept_s"] < told["wall_s"]  # what was seen of the first call is dropped at the first round


@on_every_interpreter
def test_what_the_program_warns_of_threads_is_kept(python: str, tmp_path: Path) -> None:
    """As UMAP says that a seed forces one job; what is for developers, or of other matters, is not."""
    with Dialogue(python, tmp_path) as child:
        seen = observed(child, "warning")["warnings"]

    assert seen == [
        {"category": "UserWarning", "message": "n_jobs value 2 overridden to 1", "module": "watched_code"},
        {"category": "RuntimeWarning", "message": "falling back to one thread", "module": "watched_code"},
    ]
