"""Whatever user code prints, reads or closes, the dialogue is not garbled, and the log holds what was printed."""

import os
import sys
from pathlib import Path

import pytest

from pytest_multicore.interpreters.launch import CLOSED_DESCRIPTORS_STATUS
from tests.interpreters.dialogue import USER_CODE, Dialogue, on_every_interpreter


@on_every_interpreter
def test_a_flood_of_output_goes_to_the_log(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.ask("open", target=f"{USER_CODE}:flood", arguments={"megabytes": 1})["type"] == "ready"
        assert child.ask("round", repeat=4)["type"] == "done"
        assert child.end() == 0
    assert child.log_path.stat().st_size == 5 * 1024 * 1024


def test_a_flood_of_50_megabytes_in_a_round(tmp_path: Path) -> None:
    with Dialogue(sys.executable, tmp_path) as child:
        child.ask("open", target=f"{USER_CODE}:flood", arguments={"megabytes": 1})
        assert child.ask("round", repeat=50)["type"] == "done"
        assert child.end() == 0
    assert child.log_path.stat().st_size == 51 * 1024 * 1024
    child.log_path.unlink()


@on_every_interpreter
def test_prints_of_every_kind_end_in_the_log(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.call("print_everywhere")["type"] == "result"
        assert child.ask("facts")["type"] == "facts"
        child.end()
    log = child.log_path.read_bytes()
    for said in (b"printed", b"to stderr", b"to __stdout__", b'"type": "done"}', b"\xff raw bytes", b"from a child"):
        assert said + b"\n" in log
    assert b"from a shell\nand its errors\n" in log


@on_every_interpreter
def test_prints_are_in_the_log_at_once(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        child.call("print_everywhere")
        assert "printed\n" in child.log()


@on_every_interpreter
def test_unicode_can_be_printed_in_any_locale(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path, LC_ALL="C", PYTHONIOENCODING="ascii") as child:
        assert child.call("print_unicode")["type"] == "result"
        child.end()
        assert "café €" in child.log()


@on_every_interpreter
def test_standard_input_is_empty(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.call("read_everything")["value"] == ["", "", ""]
        assert child.call("echo", value=2)["value"] == 2


@on_every_interpreter
@pytest.mark.parametrize("function", ["close_standard_descriptors", "close_as_daemons_do"])
def test_the_dialogue_outlives_closed_descriptors(python: str, tmp_path: Path, function: str) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.call(function)["type"] == "result"
        assert child.call("echo", value=3)["value"] == 3


@on_every_interpreter
def test_closing_all_descriptors_ends_the_dialogue_and_not_in_silence(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.call("close_all_descriptors") == {}
        assert child.process.wait(10) == CLOSED_DESCRIPTORS_STATUS


@on_every_interpreter
def test_a_forked_child_of_user_code_does_not_speak_for_the_agent(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.call("fork_and_come_back")["value"] is False
        assert child.call("echo", value=4)["value"] == 4
        assert child.end() == 0


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="told by Linux's /proc")
@on_every_interpreter
def test_a_forked_childs_own_child_keeps_what_has_the_dialogues_numbers_by_then(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.call("fork_twice").get("value") == 0
        assert child.log() == ""
