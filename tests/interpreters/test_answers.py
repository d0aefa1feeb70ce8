"""What a child may answer, however wrong: the parent gets a message or one clear error, and never another's figures."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_multicore.errors import InterpreterCrash, InterpreterTimeout, MulticoreError, ProtocolError
from pytest_multicore.interpreters import protocol
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.measurement.subject import OpenedWorkload

#: A child that says hello, then answers each question with what it was given, where %s is the question's number.
CHILD = """
import json, sys, time
sys.stdout.write('{"protocol": 1, "type": "hello"}\\n')
sys.stdout.flush()
answers = json.load(open(sys.argv[1]))
for line in sys.stdin:
    question = json.loads(line)
    if question["type"] == "close":
        break
    answer = answers.pop(0)
    if answer is None:
        time.sleep(60)
    sys.stdout.write(answer.replace("%s", str(question["question"])))
    sys.stdout.flush()
"""
DONE = (
    '{"protocol": 1, "type": "done", "question": %s, "wall_s": 0.1, "process_cpu_start_s": 1.0, '
    '"process_cpu_end_s": 1.1, "children_cpu_s": 0.0, "clocks_s": 0.0, "ended_cpu_s": 0.0, "ended_wait_s": 0.0}\n'
)
ROUND = {"kind": "round", "expected": "done", "timeout_s": 2.0, "repeat": 1}


def child(folder: Path, *answers: str | None) -> IsolatedInterpreter:
    (folder / "child.py").write_text(CHILD)
    (folder / "answers.json").write_text(json.dumps(answers))
    command = [sys.executable, str(folder / "child.py"), str(folder / "answers.json")]
    return IsolatedInterpreter(Launch(command, {}, folder, priority="off"))


def rounds(interpreter: IsolatedInterpreter, count: int) -> list[Any]:
    with interpreter:
        subject = OpenedWorkload(interpreter, threads=1, timeout_s=2.0)
        return [subject.take(1) for _ in range(count)]


def test_a_region_within_a_tick_of_the_clock_took_some_time(tmp_path: Path) -> None:
    (timing,) = rounds(child(tmp_path, DONE.replace('"wall_s": 0.1', '"wall_s": 0.0')), 1)
    assert timing.wall_s > 0


def test_answers_in_turn_are_taken(tmp_path: Path) -> None:
    assert [timing.wall_s for timing in rounds(child(tmp_path, DONE, DONE), 2)] == [0.1, 0.1]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("no message\n", "not JSON"),
        ("\xff\xfe{}\n", "not JSON"),
        ("[" * 100_000 + "\n", "not JSON"),
        ('{"a":' * 100_000 + "\n", "not JSON"),
        (DONE.replace("0.1,", "NaN,"), "NaN is no number of JSON"),
        (DONE.replace("0.1,", "-Infinity,"), "-Infinity is no number of JSON"),
        (DONE.replace("0.1,", "1e999,"), "beyond what a float holds"),
        (DONE.replace("0.1,", "9" * 5000 + ","), "not JSON"),
        (DONE.replace("0.1,", "-0.1,"), "wall_s=-0.1 .*expected seconds"),
        (DONE.replace("0.1,", '"0.1",'), "wall_s='0.1' .*expected seconds"),
        (DONE.replace("0.1,", "true,"), "wall_s=True .*expected seconds"),
        (DONE.replace('"wall_s": 0.1, ', ""), "wall_s=None .*expected seconds"),
        (DONE.replace("0.1,", "1e308,"), "wall_s=1e[+]308 .*expected seconds"),
        (DONE.replace("1.1,", "1e308,"), "process_cpu_end_s=1e[+]308 .*expected seconds"),
        (DONE.replace("1.1,", "0.9,"), "a CPU clock that ran backwards, from 1.0 to 0.9 s"),
        (DONE.replace("done", "ready"), "answered 'ready' where 'done' was expected"),
        (DONE.replace('"question": %s, ', ""), "out of turn"),
        (DONE.replace("%s", "7"), "'done' out of turn: it answers question 7, and the last one was 1"),
        (DONE.replace('"protocol": 1', '"protocol": true'), "speaks protocol True"),
        (DONE.replace('"protocol": 1', '"protocol": 1.0'), "speaks protocol 1.0"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_wrong_answer_is_an_error_and_no_figure(answer: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=expected) as told:
        rounds(child(tmp_path, answer), 1)
    assert told.value.__suppress_context__ or told.value.__context__ is None, "pytest would show two errors"


REPORT = {"when": "call", "outcome": "passed", "nodeid": "test_a.py::test_it"}


@pytest.mark.parametrize("value", ["x", 1e308, [1], ["x"], {"a": 1}, True])
@pytest.mark.parametrize("field", [*protocol.KINDS, *protocol.OBJECTS])
def test_a_field_of_a_wrong_kind_is_named(field: str, value: object) -> None:
    if isinstance(value, protocol.KINDS.get(field, ())):
        return
    with pytest.raises(ProtocolError, match=rf"the agent sent {field}=.* in 'facts'; expected "):
        protocol.decode(json.dumps({"protocol": 1, "type": "facts", field: value}).encode())


@pytest.mark.parametrize("kind", protocol.WITH_REPORTS)
@pytest.mark.parametrize(
    "reports",
    [None, [{}], *({"reports": [REPORT, {**REPORT, name: 1}]} for name in REPORT)],
    ids=lambda one: str(one)[:9],
)
def test_reports_that_are_none_are_refused(kind: str, reports: object) -> None:
    fields = reports if isinstance(reports, dict) else {} if reports is None else {"reports": reports}
    with pytest.raises(ProtocolError, match=f"the agent sent reports=.* in '{kind}'; expected a list of objects"):
        protocol.decode(json.dumps({"protocol": 1, "type": kind, **fields}).encode())
    assert protocol.decode(json.dumps({"protocol": 1, "type": kind, "reports": [REPORT]}).encode())


@pytest.mark.parametrize("times", [2, 3])
def test_an_answer_that_comes_twice_is_not_taken_for_the_next(times: int, tmp_path: Path) -> None:
    slow = DONE.replace("0.1,", "9.0,")
    with pytest.raises(ProtocolError, match="out of turn: it answers question 1, and the last one was 2"):
        rounds(child(tmp_path, slow * times, DONE), 2)


def test_an_answer_that_comes_too_late_ends_the_child(tmp_path: Path) -> None:
    with child(tmp_path, None) as interpreter:
        with pytest.raises(InterpreterTimeout, match=r"no answer within 0\.2 s"):
            interpreter.ask("round", "done", 0.2, repeat=1)
        assert interpreter.ended


def test_a_child_that_broke_the_dialogue_is_asked_no_more(tmp_path: Path) -> None:
    with child(tmp_path, "no message\n", DONE) as interpreter:
        with pytest.raises(ProtocolError, match="not JSON"):
            interpreter.ask("round", "done", 2.0, repeat=1)
        assert interpreter.ended
        with pytest.raises(ProtocolError, match="was closed; open a new one"):
            interpreter.ask("round", "done", 2.0, repeat=1)


def test_half_an_answer_is_a_crash(tmp_path: Path) -> None:
    script = tmp_path / "half.py"
    script.write_text(
        'import sys\nprint(\'{"protocol": 1, "type": "hello"}\', flush=True)\nsys.stdin.readline()\n'
        'sys.stdout.write(\'{"protocol": 1, "ty\')\n'
    )
    with (
        IsolatedInterpreter(Launch([sys.executable, str(script)], {}, tmp_path, priority="off")) as interpreter,
        pytest.raises(InterpreterCrash, match="exit status 0"),
    ):
        interpreter.ask("round", "done", 5.0, repeat=1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)

#: They say nothing of times: a machine that has other things to do is not their subject.
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@untimed
@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_message_or_a_protocol_error(line: bytes) -> None:
    decoded(line)


@untimed
@given(json_values)
def test_any_json_is_a_message_or_a_protocol_error(value: object) -> None:
    decoded(json.dumps(value).encode())


@untimed
@given(
    st.fixed_dictionaries(
        {"protocol": st.just(1) | json_values, "type": st.just("done") | json_values}, optional={"wall_s": json_values}
    )
)
def test_any_fields_are_seconds_or_a_protocol_error(message: dict[str, Any]) -> None:
    answer = decoded(json.dumps(message).encode())
    if answer is not None:
        try:
            assert 0 <= protocol.seconds_in(answer, "wall_s") < float("inf")
        except ProtocolError as error:
            assert "wall_s" in str(error)  # noqa: PT017 - either outcome is right


def test_a_whole_number_that_no_float_holds_is_no_time() -> None:
    answer = decoded(b'{"protocol": 1, "type": "done", "wall_s": 1' + b"0" * 400 + b"}")
    assert answer is not None
    with pytest.raises(ProtocolError, match="expected seconds"):
        protocol.seconds_in(answer, "wall_s")


def decoded(line: bytes) -> dict[str, Any] | None:
    try:
        message = protocol.decode(line)
    except MulticoreError:
        return None
    assert message["protocol"] == 1
    assert isinstance(message["type"], str)
    return message
