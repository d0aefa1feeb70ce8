"""The dialogue with the real runner.py, on every interpreter of this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interpreters.dialogue import AGENT, USER_CODE, Dialogue, interpreters, on_every_interpreter


def test_the_interpreter_that_runs_the_tests_is_among_those_tried() -> None:
    assert f"{sys.version_info[0]}.{sys.version_info[1]}" in interpreters()


def test_python_2_7_is_among_those_tried() -> None:
    if "2.7" not in interpreters():
        pytest.skip("no Python 2.7 on this machine: what the agent does there is not tested in this run")
    assert interpreters()["2.7"]


@on_every_interpreter
def test_hello_says_who_speaks(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        hello = child.hello
    assert hello["type"] == "hello"
    assert interpreters()[".".join(map(str, hello["python"][:2]))] == python
    assert hello["implementation"] == "CPython"
    assert hello["pid"] == child.process.pid
    assert os.path.isabs(hello["executable"])
    if hasattr(os, "sched_getaffinity"):
        assert hello["affinity"] == sorted(os.sched_getaffinity(0))


@on_every_interpreter
def test_a_set_up_returns_the_region_and_rounds_repeat_that(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        ready = child.ask("open", target=f"{USER_CODE}:set_up", arguments={"by": 2}, path=[])
        assert ready["type"] == "ready", ready
        assert ready["form"] == "set-up"
        assert child.call("calls")["value"] == 2  # the warm-up
        done = child.ask("round", repeat=5)
        assert (done["type"], done["repeat"]) == ("done", 5)
        assert child.call("calls")["value"] == 2 + 5 * 2
        assert ready["setup_s"] > 0
        assert ready["warmup_s"] >= 0
        assert ready["warmup_cpu_s"] >= 0
        assert child.end() == 0


@on_every_interpreter
def test_a_function_that_returns_no_callable_is_the_region_itself(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        ready = child.ask("open", target=f"{USER_CODE}:count", arguments={"by": 3})
        assert ready["form"] == "function"
        assert child.call("calls")["value"] == 3  # opening was its warm-up, run once
        child.ask("round", repeat=4)
        assert child.call("calls")["value"] == 3 + 4 * 3


@on_every_interpreter
def test_a_round_reads_wall_and_cpu_clocks(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        child.ask("open", target=f"{USER_CODE}:burn", arguments={"seconds": 0.02})
        # Between two readings the machine may have had other things to do: the round that had least counts.
        done = min((child.ask("round", repeat=2) for _ in range(5)), key=lambda done: done["clocks_s"])
        cpu_s = done["process_cpu_end_s"] - done["process_cpu_start_s"]
        assert 0.04 <= done["wall_s"] < 2
        assert 0 < cpu_s <= done["wall_s"] + 0.005
        assert done["children_cpu_s"] == 0
        assert 0 < done["clocks_s"] < done["wall_s"]
        assert cpu_s <= done["wall_s"] + done["clocks_s"] + 0.005
        child.ask("open", target=f"{USER_CODE}:burn_in_child", arguments={"seconds": 0.05})
        assert child.ask("round", repeat=1)["children_cpu_s"] > 0.005


CLOCKS_READ_BY_TWO_THREADS = """
import sys, threading
sys.path.insert(0, sys.argv[1])
import clocks

def read(clock):
    last_s = clock()
    for _ in range(5000):
        now_s = clock()
        if not 0 <= now_s - last_s < 10:
            wrong.append((last_s, now_s))
        last_s = now_s

wrong = []
threads = [threading.Thread(target=read, args=(clock,)) for clock in (clocks.thread_cpu, clocks.wall) * 2]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(wrong))
"""


@on_every_interpreter
def test_a_clock_that_another_thread_reads_meanwhile_is_read_right(python: str) -> None:
    """On Python 2.7 one place in memory held every reading: one in a dozen was another thread's."""
    told = subprocess.run(
        [python, "-B", "-c", CLOCKS_READ_BY_TWO_THREADS, str(AGENT / "dialogue")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "0"


@on_every_interpreter
def test_threads_tell_their_times_as_they_end(python: str, tmp_path: Path) -> None:
    """Nearly all of the round's CPU time is that of threads which both begin and end within it.

    How long they waited for a core, by the kernel's account, is at most what they tell.
    """
    with Dialogue(python, tmp_path) as child:
        child.ask("open", target=f"{USER_CODE}:threads_that_end")
        child.call("delays_s")
        for _ in range(6):  # the last thread of a round may be joined as it ends
            done = child.ask("round", repeat=1)
            cpu_s = done["process_cpu_end_s"] - done["process_cpu_start_s"]
            assert 0.8 * cpu_s < done["ended_cpu_s"] < cpu_s
            assert child.call("delays_s")["value"] <= done["ended_wait_s"] < 4 * done["wall_s"]
        child.ask("open", target=f"{USER_CODE}:count_up")
        done = child.ask("round", repeat=2)
        assert (done["ended_cpu_s"], done["ended_wait_s"]) == (0.0, 0.0)


@on_every_interpreter
def test_a_thread_that_began_before_the_round_tells_nothing_of_it(python: str, tmp_path: Path) -> None:
    """What it used before is in its times, too."""
    with Dialogue(python, tmp_path) as child:
        child.ask("open", target=f"{USER_CODE}:count_up")
        alone = child.ask("round", repeat=1)
        child.ask("open", target=f"{USER_CODE}:end_begun_threads")
        child.call("begin_thread")
        done = child.ask("round", repeat=1)
        counted_s, used_s = (one["process_cpu_end_s"] - one["process_cpu_start_s"] for one in (alone, done))
        assert used_s > 0.3 * counted_s, "its work lies within the round"
        assert (done["ended_cpu_s"], done["ended_wait_s"]) == (0.0, 0.0)


@on_every_interpreter
def test_a_call_carries_json_both_ways(python: str, tmp_path: Path) -> None:
    value = {"text": "café € 𝔘\n", "list": [1, 2.5, None, True], "nested": {"a": []}}
    with Dialogue(python, tmp_path) as child:
        result = child.call("echo", value=value)
        assert result["type"] == "result", result
        assert result["value"] == value
        assert result["wall_s"] >= 0
        assert result["cpu_s"] >= 0


@on_every_interpreter
def test_targets_are_found_by_module_by_file_and_by_dots(python: str, tmp_path: Path) -> None:
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("def where():\n    return __name__\n")
    (tmp_path / "odd name.py").write_text("def where():\n    return __name__\n")
    with Dialogue(python, tmp_path) as child:
        assert child.ask("call", target="pack.part:where", path=[str(tmp_path)])["value"] == "pack.part"
        assert child.ask("call", target=f"{tmp_path}/odd name.py:where")["value"] == "odd name"
        assert child.call("Outer.Inner.double", value=21)["value"] == 42
        assert child.call("module_name")["value"] == "user_code"


@on_every_interpreter
def test_a_file_of_a_package_may_import_relatively(python: str, tmp_path: Path) -> None:
    """As pytest lets a test module do in importlib mode, with no folder of the project on the search path."""
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    for folder in (inner, inner.parent):
        (folder / "__init__.py").write_text("")
    (inner.parent / "beside.py").write_text("VALUE = 7\n")
    (inner / "part.py").write_text("from ..beside import VALUE\ndef value():\n    return VALUE\n")
    (tmp_path / "alone.py").write_text("from .beside import VALUE\ndef value():\n    return VALUE\n")
    with Dialogue(python, tmp_path) as child:
        assert child.ask("call", target=f"{inner}/part.py:value")["value"] == 7
        refused = child.ask("call", target=f"{tmp_path}/alone.py:value")
    assert (refused["type"], refused["kind"]) == ("error", "import")
    assert "alone.py:value cannot be loaded" in refused["message"]


@on_every_interpreter
def test_given_folders_come_first_in_order_and_once(python: str, tmp_path: Path) -> None:
    folders = [str(tmp_path / name) for name in ("b", "a")]
    with Dialogue(python, tmp_path) as child:
        for _ in range(2):
            child.ask("call", target="os:getpid", path=folders)
        front = child.call("path_front", number=4)["value"]
    assert front[:3] == [str(USER_CODE.parent), *folders]
    assert front.count(folders[0]) == 1


@on_every_interpreter
def test_the_agents_own_files_and_users_modules_do_not_shadow_each_other(python: str, tmp_path: Path) -> None:
    for name in ("facts", "libraries", "channel", "clocks", "failures", "targets", "workloads", "dot_numpy", "runner"):
        (tmp_path / f"{name}.py").write_text(f"def mine():\n    return 'the user\\'s {name}'\n")
    with Dialogue(python, tmp_path) as child:
        for name in ("facts", "channel", "targets", "workloads", "dot_numpy", "runner"):
            result = child.ask("call", target=f"{name}:mine", path=[str(tmp_path)])
            assert result.get("value") == f"the user's {name}", result
        assert child.ask("facts")["type"] == "facts"
        loaded = child.call("modules")["value"]
    assert not [name for name in loaded if name.startswith("pytest_multicore")]


@on_every_interpreter
def test_starting_loads_few_modules(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:
        loaded = child.call("modules")["value"]
    heavy = {"asyncio", "inspect", "traceback", "tokenize", "platform", "typing", "logging", "importlib.util", "socket"}
    assert not (heavy - _loaded_with_user_code(python)) & set(loaded)


def _loaded_with_user_code(python: str) -> set[str]:
    """What the sample module brings by itself, so that only the agent is blamed for the rest."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import user_code; print(' '.join(sys.modules))"
    said = subprocess.run(
        [python, "-E", "-s", "-B", "-c", code, str(USER_CODE.parent)], capture_output=True, text=True, check=True
    )
    return set(said.stdout.split())


@on_every_interpreter
def test_a_function_that_takes_threads_gets_the_sides_count(python: str, tmp_path: Path) -> None:
    with Dialogue(python, tmp_path) as child:

        def told(function: str, **arguments: object) -> object:
            target = f"{USER_CODE}:{function}"
            return child.ask("call", target=target, arguments=arguments, path=[], threads=2)["value"]

        assert told("told", size=3) == [2, 3]
        assert told("told", threads=5) == [5, 0], "what the test says wins"
        assert told("echo", value=1) == 1, "who takes none gets none"
        if child.hello["python"][0] > 2:
            assert told("wrapped") == [2, 0], "2.7 does not look through a wrapper"
