"""What goes wrong in user code, or in the dialogue, ends in one clear error, and the child goes on."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.interpreters.dialogue import USER_CODE, Dialogue, on_every_interpreter
from tests.interpreters.observing import THREADS

ODD_OBJECTS = USER_CODE.with_name("odd_objects.py")


def assert_still_answers(child: Dialogue) -> None:
    assert child.call("echo", value=1)["value"] == 1


@on_every_interpreter
def test_an_exception_comes_with_the_users_frames_and_not_the_agents(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        error = child.call("raise_value_error")
        assert (error["type"], error["kind"]) == ("error", "workload")
        assert error["exception"] == "ValueError: the wine is sour"
        assert "user_code.py:raise_value_error failed: ValueError: the wine is sour" in error["message"]
        assert error["traceback"].startswith("Traceback (most recent call last):\n")
        assert "in raise_value_error" in error["traceback"]
        assert "runner.py" not in error["traceback"]
        assert_still_answers(child)


@on_every_interpreter
def test_exceptions_that_are_hard_to_print_still_arrive(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.call("raise_unicode_error")["exception"] == "ValueError: café €"
        assert child.call("raise_unprintable")["exception"].startswith("Unprintable: <a Unprintable that cannot")
        assert_still_answers(child)


@on_every_interpreter
def test_objects_whose_methods_raise_are_told_of_as_others_are(python: str, tmp_path: Path) -> None:
    unprintable = "<a Odd that cannot be printed>"
    expected = {
        "raise_what_exits_with_no_repr": ("exit", f"called sys.exit({unprintable})"),
        "raise_what_exits_with_a_repr_that_exits": ("exit", f"called sys.exit({unprintable})"),
        "raise_what_exits_with_no_code": ("exit", "called sys.exit(Odd())"),
        "raise_what_cannot_be_encoded": ("workload", "failed: Odd: sour"),
        "raise_what_interrupts": ("workload", f"failed: Odd: {unprintable}"),
        "raise_what_has_an_odd_class": ("workload", "failed: Odd: sour"),
        "return_what_has_an_odd_class": ("value", "the value holds a odd_objects.Odd, which JSON cannot carry"),
        "return_what_raises_the_unprintable": ("value", f"Odd: {unprintable}"),
        "return_what_exits": ("value", "SystemExit: 3"),
        "return_what_cannot_be_closed": ("workload", "a coroutine or awaitable: its body did not run"),
    }
    with Dialogue(python, tmp_path) as child:
        for function, (kind, said) in expected.items():
            error = child.ask("call", target=f"{ODD_OBJECTS}:{function}")
            assert (error.get("type"), error.get("kind")) == ("error", kind), (function, error)
            assert said in error["message"]
            assert ("in " + function in error["traceback"]) == function.startswith("raise"), error
        assert_still_answers(child)


@on_every_interpreter
def test_of_a_long_exception_the_middle_is_left_out(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        error = child.ask("call", target=f"{ODD_OBJECTS}:raise_a_long_text")
        assert error["kind"] == "workload"
        for name in ("message", "exception", "traceback"):
            assert re.search(r"xxx\n\.\.\. \(pytest-multicore left out 299\d{5} characters here\)\nxxx", error[name])


@on_every_interpreter
def test_an_exception_in_a_round_is_told_and_the_next_workload_can_be_opened(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.ask("open", target=f"{USER_CODE}:raise_in_region")["type"] == "ready"
        error = child.ask("round", repeat=1)
        assert error["kind"] == "workload"
        assert "failed in a round: ValueError: spoilt in a round" in error["message"]
        assert child.ask("open", target=f"{USER_CODE}:count")["type"] == "ready"
        assert child.ask("round", repeat=1)["type"] == "done"


@on_every_interpreter
def test_an_import_that_fails_says_what_is_missing(python: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "halfway.py").write_text("import no_such_module_anywhere\n")
    with Dialogue(python, tmp_path) as child:
        for target in ("no_such_module_anywhere:f", "halfway:f", f"{tmp_path}/halfway.py:f"):
            for _ in range(2):  # a half-loaded module must not be found the second time
                error = child.ask("open", target=target, path=[str(tmp_path)])
                assert error["kind"] == "import"
                assert "no_such_module_anywhere" in error["message"]
        assert child.call("import_what_is_missing")["kind"] == "import"
        broken = child.ask("open", target="broken:f", path=[str(tmp_path)])
        assert broken["kind"] == "import"
        assert "SyntaxError" in broken["exception"]
        assert "broken.py" in broken["traceback"]
        assert_still_answers(child)


@on_every_interpreter
def test_a_target_that_does_not_exist_is_named(python: str, tmp_path: Path) -> None:
    expected = {
        "user_code": "is no target",
        ":f": "is no target",
        "builtin:nonsense": "there are dot_jax, dot_numpy, dot_pytensor, dot_tensorflow, dot_theano, dot_torch",
        f"{tmp_path}/none.py:f": "there is no Python file",
        f"{USER_CODE}:nothing": "has no 'nothing'",
        f"{USER_CODE}:Outer.nothing": "has no 'Outer.nothing'",
        f"{USER_CODE}:NOT_A_FUNCTION": "is a int, not a function",
    }
    with Dialogue(python, tmp_path) as child:
        for target, said in expected.items():
            error = child.ask("open", target=target)
            assert (error["type"], error["kind"]) == ("error", "import"), target
            assert said in error["message"]


@on_every_interpreter
def test_a_file_whose_name_is_taken_is_refused(python: str, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("def f():\n    return 'mine'\n")
    with Dialogue(python, tmp_path) as child:
        error = child.ask("call", target=f"{tmp_path}/json.py:f")
        assert error["kind"] == "import"
        assert "rename the file" in error["message"]


@on_every_interpreter
@pytest.mark.parametrize(("code", "said"), [(3, "sys.exit(3)"), ("bye", "bye"), (None, "sys.exit()")])
def test_sys_exit_is_caught_and_its_code_told(python: str, tmp_path: Path, code: int | str | None, said: str) -> None:
    with Dialogue(python, tmp_path) as child:
        error = child.call("leave", code=code)
        assert error["kind"] == "exit"
        assert said in error["message"]
        assert_still_answers(child)


@on_every_interpreter
def test_keyboard_interrupt_of_user_code_is_caught(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        assert child.call("interrupt")["kind"] == "exit"
        assert_still_answers(child)


@on_every_interpreter
def test_work_that_was_only_promised_is_refused(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        promises = ["generator", "region_is_generator"]
        if tuple(child.hello["python"]) >= (3, 6):
            (tmp_path / "modern.py").write_text("async def later():\n    pass\nasync def many():\n    yield 1\n")
            for function, said in (("later", "asyncio.run"), ("many", "asynchronous generator")):
                error = child.ask("open", target=f"modern:{function}", path=[str(tmp_path)])
                assert error["kind"] == "workload"
                assert said in error["message"]
        for function in promises:
            error = child.ask("open", target=f"{USER_CODE}:{function}")
            assert error["kind"] == "workload"
            assert "a generator: its body did not run" in error["message"]
            assert child.ask("round", repeat=1)["kind"] == "protocol"  # nothing is open now
        assert "never awaited" not in child.log()


@on_every_interpreter
def test_values_that_json_cannot_carry_are_named(python: str, tmp_path: Path) -> None:
    expected = {"return_set": "a set", "return_nan": "float", "return_circle": "ircular", "return_bytes": "bytes"}
    with Dialogue(python, tmp_path) as child:
        is_python_2 = child.hello["python"][0] == 2
        if is_python_2:
            expected["return_bytes"] = "UnicodeDecodeError"  # its str may hold text; this one does not
        else:
            expected["return_surrogate"] = "surrogates not allowed"
        for function, said in expected.items():
            error = child.call(function)
            assert (error["type"], error["kind"]) == ("error", "value"), function
            assert said in error["message"]
        assert_still_answers(child)


@on_every_interpreter
def test_a_line_that_is_no_message_is_answered_with_what_was_wrong(python: str, tmp_path: Path) -> None:
    lines = {
        b"not json": "not UTF-8 JSON",
        b"\xff\xfe": "not UTF-8 JSON",
        b"[1]": "not an object",
        b'{"type": "facts"}': "protocol 1 is spoken here",
        b'{"protocol": 2, "type": "facts"}': "the message says 2",
        b'{"protocol": 1}': "unknown message type",
        b'{"protocol": 1, "type": "dance"}': "known are anew, attempt, begin, call, close, conclude, facts, finish",
        b'{"protocol": 1, "type": "open"}': "target: a string; found none",
        b'{"protocol": 1, "type": "open", "target": "a:b", "arguments": []}': "arguments: an object",
        b'{"protocol": 1, "type": "open", "target": "a:b", "path": "x"}': "path: a list",
        b'{"protocol": 1, "type": "round"}': "repeat: an integer >= 1",
        b'{"protocol": 1, "type": "round", "repeat": 1}': "no workload is open",
    }
    for repeat in (0, -1, 1.5, True, "2", None):
        lines[json.dumps({"protocol": 1, "type": "round", "repeat": repeat}).encode()] = "repeat: an integer >= 1"
    with Dialogue(python, tmp_path) as child:
        for line, said in lines.items():
            child.write_line(line)
            error = child.read()
            assert (error["type"], error["kind"]) == ("error", "protocol"), line
            assert said in error["message"]
        assert_still_answers(child)


@on_every_interpreter
def test_a_traceback_is_shown_though_a_users_folder_shadows_what_tracebacks_need(python: str, tmp_path: Path) -> None:
    for name in ("traceback", "token", "tokenize", "linecache"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the wrong module')\n")
    (tmp_path / "sour.py").write_text("def f():\n    raise ValueError('sour')\n")
    with Dialogue(python, tmp_path) as child:
        error = child.ask("call", target="sour:f", path=[str(tmp_path)])
        assert "sour.py" in error["traceback"]
        assert "the wrong module" not in error["traceback"]


# From Python 3.14 on an annotation is evaluated where somebody asks for it, and here it cannot be.
DESCRIBED_BADLY = """
import re
import sys

class Secretive(object):
    @property
    def __signature__(self):
        raise RuntimeError("not told")

    def __call__(self):
        return 1

secretive = Secretive()

if sys.version_info >= (3, 14):
    exec("def annotated(threads: KnownToTypeCheckers = 1): return threads")
else:
    def annotated(threads=1): return threads
"""


@on_every_interpreter
def test_what_a_function_takes_is_found_though_a_users_folder_shadows_what_that_needs(
    python: str, tmp_path: Path
) -> None:
    for name in ("inspect", "token", "tokenize", "linecache"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the wrong module')\n")
    (tmp_path / "described.py").write_text(DESCRIBED_BADLY)
    with Dialogue(python, tmp_path) as child:
        told = child.ask("call", target="described:annotated", path=[str(tmp_path)], threads=2)
        assert told.get("value") == 2, told


@on_every_interpreter
def test_a_thread_of_the_programs_may_import_while_a_function_is_asked_what_it_takes(
    python: str, tmp_path: Path
) -> None:
    told = told_beside_imports(python, tmp_path, "asked")
    assert told["value"]
    assert [name for name in told["value"] if not name.startswith("lazy")] == []


@on_every_interpreter
def test_a_thread_of_the_programs_may_import_while_a_traceback_is_made(python: str, tmp_path: Path) -> None:
    told = told_beside_imports(python, tmp_path, "asked_beside_imports")
    assert "ImportingError: lazy" in told["traceback"]


def told_beside_imports(python: str, folder: Path, function: str) -> Any:
    for number in range(20):
        (folder / f"lazy{number}.py").touch()
    with Dialogue(python, folder) as child:
        child.ask("call", target=f"{THREADS}:start_worker")
        return child.ask("call", target=f"{THREADS}:{function}", path=[str(folder)], threads=2)


@on_every_interpreter
def test_a_function_that_does_not_say_what_it_takes_gets_nothing(python: str, tmp_path: Path) -> None:
    (tmp_path / "described.py").write_text(DESCRIBED_BADLY)
    with Dialogue(python, tmp_path) as child:
        told = child.ask("call", target="described:secretive", path=[str(tmp_path)], threads=2)
        assert told.get("value") == 1, told
